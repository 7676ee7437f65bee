// The questions about the desk itself: why a break and how long, and whether really to close.

import { ask, chosen, input, numberOrNothing, offerNames } from "./frame.js";

/** @typedef {{ reason: string, note: string | null, minutes: number | null }} Pause */

/** @param {import("../../contract").Choice[]} reasons @returns {Promise<Pause | null>} */
export async function askForPause(reasons) {
  input("pause-note").value = input("pause-minutes").value = "";
  offerNames("pause-reasons", reasons);
  if ((await ask("pause-dialog")) !== "pause") return null;
  const reason = chosen("pause-reasons");
  return reason ? { reason, note: input("pause-note").value.trim() || null, minutes: numberOrNothing("pause-minutes") } : null;
}

export async function askToClose() {
  return (await ask("close-dialog")) === "close";
}

export async function askToSignOut() {
  return (await ask("sign-out-dialog")) === "sign-out";
}
