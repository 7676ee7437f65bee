// How the visit ends, chosen on the screen before it is finished: the result where the service wants one, and how many
// applications were handled where it counts them. Nothing of it is kept when the visitor goes.

import { all, byId, make, write } from "../dom.js";
import { _, pick } from "../texts.js";

/** @typedef {import("../contract").DeskTicket} DeskTicket */

const MOST_APPLICATIONS = 100; // what the service accepts

/** @type {DeskTicket | null} */
let shown = null;
/** @type {string | null} */
let result = null;

/** @param {DeskTicket | null} ticket the one being served */
export function renderOutcome(ticket) {
  const asks = ticket && (ticket.results.length > 0 || ticket.counts_applications) ? ticket : null;
  byId("outcome").hidden = asks === null;
  if (asks?.id !== shown?.id || asks?.service !== shown?.service) begin(asks);
  shown = asks;
  for (const button of all("#results button")) button.setAttribute("aria-pressed", String(button.dataset.result === result));
}

/** @param {DeskTicket | null} ticket */
function begin(ticket) {
  result = null;
  count().value = "1";
  byId("applications-field").hidden = !ticket?.counts_applications;
  for (const id of ["applications-less", "applications-more"]) byId(id).hidden = !ticket?.counts_applications;
  byId("results").replaceChildren(...(ticket?.results ?? []).map(({ code, name }, place) => {
    /** @type {Record<string, string>} */
    const key = place < 9 ? { "data-key": `Digit${place + 1}`, "aria-keyshortcuts": String(place + 1) } : {};
    const button = make("button", { class: "button line small", type: "button", "data-result": code, "aria-pressed": "false", ...key },
      make("span", {}, pick(name)), ...(place < 9 ? [make("kbd", { "aria-hidden": "true" }, String(place + 1))] : []));
    button.addEventListener("click", () => {
      result = code;
      renderOutcome(shown);
    });
    return button;
  }));
  write(byId("outcome-title"), ticket?.results.length ? _("Result of the visit") : _("Before finishing"));
}

function count() {
  return /** @type {HTMLInputElement} */ (byId("applications"));
}

/** @param {number} by */
function step(by) {
  count().value = String(Math.min(MOST_APPLICATIONS, Math.max(0, (count().valueAsNumber || 0) + by)));
}

/** @param {() => void} finish what Enter in the number does */
export function listenToOutcome(finish) {
  byId("applications-less").addEventListener("click", () => step(-1));
  byId("applications-more").addEventListener("click", () => step(1));
  count().addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    count().blur();
    if (event.key === "Enter") finish();
  });
}

/** What to send, or why nothing can be sent yet. @param {DeskTicket} ticket @returns {{ refusal: string } | { result?: string, applications?: number }} */
export function outcomeOf(ticket) {
  if (ticket.results.length > 0 && result === null) return { refusal: _("Choose the result of the visit: keys 1–9.") };
  const number = count().valueAsNumber;
  if (ticket.counts_applications && !(Number.isInteger(number) && number >= 0 && number <= MOST_APPLICATIONS)) {
    return { refusal: _("Give the number of applications, from 0 to 100.") };
  }
  return { ...(result === null ? {} : { result }), ...(ticket.counts_applications ? { applications: number } : {}) };
}
