// The questions of the desk: why a break, and whether really to close. Native dialogs: they keep the focus, Escape answers no.

import { byId, make } from "../dom.js";
import { pick } from "../texts.js";

/** Resolves to the value of the button, "" after Escape. @param {string} id @returns {Promise<string>} */
function ask(id) {
  const dialog = /** @type {HTMLDialogElement} */ (byId(id));
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue), { once: true });
  });
}

/** @param {import("../contract").DeskSnapshot["pause_reasons"]} reasons @returns {Promise<{ reason: string, note: string | null } | null>} */
export async function askForPause(reasons) {
  const note = /** @type {HTMLInputElement} */ (byId("pause-note"));
  note.value = "";
  byId("pause-reasons").replaceChildren(...reasons.map(({ code, name }, place) => {
    const choice = make("input", { type: "radio", name: "reason", value: code, required: "", ...(place === 0 ? { checked: "", autofocus: "" } : {}) });
    return make("label", {}, choice, make("span", {}, pick(name)));
  }));
  if ((await ask("pause-dialog")) !== "pause") return null;
  const chosen = /** @type {HTMLInputElement | null} */ (byId("pause-reasons").querySelector("input:checked"));
  return chosen ? { reason: chosen.value, note: note.value.trim() || null } : null;
}

export async function askToClose() {
  return (await ask("close-dialog")) === "close";
}

export async function askToSignOut() {
  return (await ask("sign-out-dialog")) === "sign-out";
}
