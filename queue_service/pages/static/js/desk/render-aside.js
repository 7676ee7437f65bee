// State -> those who are aside: postponed and not come, of the whole office, with the time they return.

import { all, byId, make, write } from "../dom.js";
import { _, pick } from "../texts.js";
import { whyAside } from "./dialogs/call.js";
import { modeOf } from "./state.js";

/** @typedef {import("../contract").HallTicket} HallTicket */
/** @typedef {import("./state.js").State} State */

/** @param {State} state */
export function renderAside({ snapshot }) {
  if (!snapshot) return;
  const { postponed, missed, office } = snapshot;
  byId("aside").hidden = postponed.length + missed.length === 0;
  const callable = modeOf(snapshot) === "idle";
  renderList("postponed", postponed, office.time_zone, callable);
  renderList("missed", missed, office.time_zone, callable);
}

/** @param {"postponed" | "missed"} id @param {HallTicket[]} tickets @param {string} zone @param {boolean} callable */
function renderList(id, tickets, zone, callable) {
  const list = byId(id);
  write(document.querySelector(`[data-count="${id}"]`), String(tickets.length));
  for (const section of all("section", byId("aside"))) if (section.contains(list)) section.hidden = tickets.length === 0;
  const shown = JSON.stringify([tickets, callable]);
  if (list.dataset.shown === shown) return;
  list.dataset.shown = shown;
  list.replaceChildren(...tickets.map((ticket) => make("li", { "data-ticket": ticket.number },
    make("b", { class: "num" }, ticket.number),
    make("span", { class: "aside-service", title: pick(ticket.service_name) }, pick(ticket.service_name)),
    make("span", { class: "aside-why soft num" }, whyAside(ticket, zone)),
    ...(callable ? [make("button", { class: "linklike", type: "button", "data-call-aside": String(ticket.id), "aria-label": _("Call %(number)s", { number: ticket.number }) }, _("Call"))] : []),
  )));
}
