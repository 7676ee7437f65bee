// What every question of the desk has in common. Native dialogs: they keep the focus, Escape answers no, Enter confirms, and
// 1–9 choose from a list.

import { byId, make } from "../../dom.js";
import { pick } from "../../texts.js";

/** @typedef {import("../../contract").Choice} Choice */

const TYPED = "input[type=text], input[type=number], select";

/** Resolves to the value of the button, "" after Escape. @param {string} id @returns {Promise<string>} */
export function ask(id) {
  const dialog = /** @type {HTMLDialogElement} */ (byId(id));
  dialog.returnValue = "";
  dialog.addEventListener("keydown", answerByKey);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.removeEventListener("keydown", answerByKey);
      resolve(dialog.returnValue);
    }, { once: true });
  });
}

/** @param {KeyboardEvent} event */
function answerByKey(event) {
  const dialog = event.currentTarget;
  if (!(dialog instanceof HTMLDialogElement) || !(event.target instanceof Element)) return;
  if (event.code === "Enter" && event.target.closest("input, select")) {
    event.preventDefault();
    const form = dialog.querySelector("form");
    if (!event.repeat) form?.requestSubmit(form.querySelector("button[type=submit]"));
  }
  const digit = /^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1];
  if (!digit || event.target.closest(TYPED) || event.ctrlKey || event.altKey || event.metaKey) return;
  const choice = dialog.querySelectorAll("input[type=radio]")[Number(digit) - 1];
  if (!(choice instanceof HTMLInputElement)) return;
  event.preventDefault();
  choice.checked = true;
  choice.focus();
}

/** @param {string} id */
export function input(id) {
  return /** @type {HTMLInputElement} */ (byId(id));
}

/** @param {string} id */
export function list(id) {
  return /** @type {HTMLSelectElement} */ (byId(id));
}

/** A number that may be left out. @param {string} id */
export function numberOrNothing(id) {
  const { valueAsNumber } = input(id);
  return Number.isFinite(valueAsNumber) ? valueAsNumber : null;
}

/** A list of which one is chosen; the first one until then. @param {string} id @param {{ value: string, label: string, more?: string }[]} items */
export function offer(id, items) {
  byId(id).replaceChildren(...items.map(({ value, label, more }, place) => {
    const choice = make("input", { type: "radio", name: id, value, required: "", ...(place === 0 ? { checked: "", autofocus: "" } : {}) });
    const words = make("span", {}, label, ...(more ? [make("span", { class: "soft" }, more)] : []));
    return make("label", {}, choice, words, ...(place < 9 ? [make("kbd", { "aria-hidden": "true" }, String(place + 1))] : []));
  }));
}

/** @param {string} id @param {Choice[]} choices */
export function offerNames(id, choices) {
  offer(id, choices.map(({ code, name }) => ({ value: code, label: pick(name) })));
}

/** @param {string} id */
export function chosen(id) {
  const choice = byId(id).querySelector("input:checked");
  return choice instanceof HTMLInputElement ? choice.value : null;
}

/** @param {string} value @param {string} label */
export function option(value, label) {
  return make("option", { value }, label);
}
