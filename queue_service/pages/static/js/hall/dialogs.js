// The questions of the hall's screen. Native dialogs: they keep the focus, Escape answers no. A dialog stays open until the service
// has agreed: its refusal stands beside what was typed.

import { all, byId, make, write } from "../dom.js";
import { _, pick } from "../texts.js";

/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {(error: unknown) => string} Explain */

/**
 * Resolves to what `perform` gave, undefined after Cancel or Escape.
 * @template Outcome
 * @param {string} id @param {string} subject @param {() => Promise<Outcome>} perform @param {Explain} explain
 * @returns {Promise<Outcome | undefined>}
 */
function ask(id, subject, perform, explain) {
  const dialog = /** @type {HTMLDialogElement} */ (byId(id));
  const form = /** @type {HTMLFormElement} */ (dialog.querySelector("form"));
  const refusal = dialog.querySelector("[data-refusal]");
  for (const place of all("[data-subject]", dialog)) write(place, subject);
  write(refusal, "");
  dialog.showModal();
  return new Promise((resolve) => {
    /** @type {Outcome | undefined} */
    let outcome;
    let busy = false;
    form.onsubmit = async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      write(refusal, "");
      try {
        outcome = await perform();
        dialog.close();
      } catch (error) {
        write(refusal, explain(error));
      }
      busy = false;
    };
    dialog.addEventListener("close", () => resolve(outcome), { once: true });
  });
}

for (const button of all("dialog [data-cancel]")) button.addEventListener("click", () => button.closest("dialog")?.close());

/** @param {string} name @param {{ code: string, label: string, note?: string }[]} choices @param {string} chosen */
function radios(name, choices, chosen) {
  return choices.map(({ code, label, note }) => {
    const input = make("input", { type: "radio", name, value: code, required: "", ...(code === chosen ? { checked: "", autofocus: "" } : {}) });
    return make("label", {}, input, make("span", {}, label, ...(note ? [make("span", { class: "soft block" }, note)] : [])));
  });
}

/** @param {string} list */
const chosenIn = (list) => /** @type {HTMLInputElement | null} */ (byId(list).querySelector("input:checked"))?.value ?? "";

/** @param {Ticket} ticket @param {HallSnapshot} snapshot @param {(reason: string, minutes: number | null) => Promise<Ticket>} perform @param {Explain} explain */
export function askToPostpone(ticket, { postpone_reasons: reasons }, perform, explain) {
  byId("postpone-reasons").replaceChildren(...radios("postpone-reason", reasons.map(({ code, name }) => ({ code, label: pick(name) })), reasons[0]?.code ?? ""));
  const minutes = /** @type {HTMLSelectElement} */ (byId("postpone-minutes"));
  return ask("postpone", ticket.number, () => perform(chosenIn("postpone-reasons"), minutes.value ? Number(minutes.value) : null), explain);
}

/**
 * @template Outcome
 * @param {string} title @param {string} explanation @param {(reason: string) => Promise<Outcome>} perform @param {Explain} explain
 */
export function askForReason(title, explanation, perform, explain) {
  const input = /** @type {HTMLInputElement} */ (byId("reason-text"));
  input.value = "";
  write(byId("reason-title"), title);
  for (const place of all("#reason [data-explanation]")) write(place, explanation);
  return ask("reason", "", () => perform(input.value.trim()), explain);
}

/** @param {Ticket} ticket @param {(needs: string[]) => Promise<Ticket>} perform @param {Explain} explain */
export function askForNeeds(ticket, perform, explain) {
  for (const box of boxes("needs-list")) box.checked = ticket.needs.includes(box.value);
  return ask("needs", ticket.number, () => perform(checkedIn("needs-list")), explain);
}

/** @param {string} id */
const boxes = (id) => /** @type {HTMLInputElement[]} */ (all("input[type=checkbox]", byId(id)));

/** @param {string} id */
export const checkedIn = (id) => boxes(id).filter(({ checked }) => checked).map(({ value }) => value);

/** @param {Ticket} ticket @param {HallSnapshot} snapshot @param {(code: string | null) => Promise<Ticket>} perform @param {Explain} explain */
export function askForPrivilege(ticket, { privileges }, perform, explain) {
  const now = ticket.privilege && ticket.privilege.state !== "refused" ? ticket.privilege.code : "";
  const choices = [{ code: "", label: _("no priority") }, ...privileges.map(({ code, name, document }) => ({ code, label: pick(name), note: pick(document) }))];
  byId("privilege-list").replaceChildren(...radios("privilege", choices, now));
  return ask("privilege", ticket.number, () => perform(chosenIn("privilege-list") || null), explain);
}
