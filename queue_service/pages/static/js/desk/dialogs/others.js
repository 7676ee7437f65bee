// What the desk says to others, and what it can be asked itself: a message to the hall administrator, the list of keys.

import { ask, input } from "./frame.js";

/** @returns {Promise<string | null>} */
export async function askForMessage() {
  const text = input("message-text");
  text.value = "";
  return (await ask("message-dialog")) === "send" ? text.value.trim() || null : null;
}

export async function showKeys() {
  await ask("keys-dialog");
}
