// State -> the left half of the desk: the current ticket or the empty place, and the actions allowed now.

import { clockTime, elapsed } from "../clock.js";
import { all, byId, fill, make, write } from "../dom.js";
import { _, ngettext, pick } from "../texts.js";
import { chips, marksOfCurrent } from "./marks.js";
import { renderOutcome } from "./outcome.js";
import { actionsOf, modeOf } from "./state.js";

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("../contract").DeskTicket} DeskTicket */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Action} Action */

/** @param {State} state @param {number} now server time */
export function renderNow(state, now) {
  const { snapshot } = state;
  if (!snapshot) return;
  const mode = modeOf(snapshot);
  byId("main").dataset.mode = mode;
  byId("main").toggleAttribute("data-busy", state.busy !== null);
  byId("main").toggleAttribute("data-arrived", state.arrived);
  byId("main").toggleAttribute("data-nobody", mode === "idle" && snapshot.counts.waiting === 0);
  const panel = snapshot.current ? "ticket" : mode;
  for (const element of all("[data-panel]")) element.hidden = element.dataset.panel !== panel;
  renderDocuments(snapshot.current?.state === "serving" ? snapshot.current.documents.map(pick) : []);
  renderOutcome(snapshot.current?.state === "serving" ? snapshot.current : null);
  if (snapshot.current) renderTicket(snapshot.current, snapshot, now);
  else if (mode === "paused") renderPause(snapshot, now);
  else renderVacant(snapshot, now, state.arrived);
  renderAutoCall(state.autoCallIn);
  renderActions(state, snapshot, now);
  write(byId("done"), state.retrying ? _("No answer yet. Repeating the call…") : state.done);
  write(byId("failed"), state.failed);
}

/** @param {DeskTicket} ticket @param {DeskSnapshot} snapshot @param {number} now */
function renderTicket(ticket, { services, office: { time_zone: zone } }, now) {
  for (const card of all("[data-card]")) {
    card.dataset.ticket = ticket.number;
    card.dataset.state = ticket.state;
    card.toggleAttribute("data-now", ticket.state === "called");
  }
  fill("number", ticket.number);
  fill("service", pick(ticket.service_name));
  fill("since", ticket.state === "called"
    ? _("called %(time)s ago", { time: elapsed(now - Date.parse(ticket.called_at)) })
    : _("being served %(time)s", { time: elapsed(now - Date.parse(ticket.started_at ?? ticket.called_at)) }));
  for (const chip of all('[data-slot="since"]')) chip.classList.toggle("ok", ticket.state === "serving");
  fill("facts", [
    _("waited %(n)s min", { n: Math.max(0, Math.round((Date.parse(ticket.called_at) - Date.parse(ticket.issued_at)) / 60_000)) }),
    ngettext("called %(n)s time", "called %(n)s times", ticket.calls),
    _("call by %(time)s", { time: clockTime(ticket.due_at, zone) }),
  ].join(" · "));
  fill("comment", ticket.comment ?? "");
  const names = ticket.next_services.map((code) => pick(services.find((each) => each.code === code)?.name) || code);
  fill("later", [
    ...(ticket.back_to ? [_("Afterwards goes back to desk %(desk)s.", { desk: ticket.back_to })] : []),
    ...(names.length ? [_("Then: %(services)s.", { services: names.join(", ") })] : []),
  ].join(" "));
  renderMarks(ticket);
  fill("why", pick(ticket.why));
}

/** @param {number | null} seconds */
function renderAutoCall(seconds) {
  for (const place of all("[data-auto-call]")) place.hidden = seconds === null;
  if (seconds !== null) write(byId("auto-call-text"), ngettext("The next is called in %(n)s second", "The next is called in %(n)s seconds", seconds));
}

/** They are asked for when the visitor sits down, not while they walk. @param {string[]} documents */
function renderDocuments(documents) {
  for (const place of all("[data-documents]")) {
    place.hidden = documents.length === 0;
    const list = place.querySelector("ul");
    if (!list || list.textContent === documents.join("")) continue;
    list.replaceChildren(...documents.map((name) => make("li", {}, name)));
  }
}

/** @param {DeskTicket} ticket */
function renderMarks(ticket) {
  const marks = marksOfCurrent(ticket);
  for (const list of all('[data-slot="marks"]')) {
    list.hidden = marks.length === 0;
    const text = JSON.stringify(marks);
    if (list.dataset.shown === text) continue;
    list.dataset.shown = text;
    list.replaceChildren(...chips(marks).map((chip) => make("li", {}, chip)));
  }
}

/** @param {DeskSnapshot} snapshot @param {number} now @param {boolean} arrived */
function renderVacant({ counts, queue }, now, arrived) {
  const next = queue[0];
  fill("vacant", counts.waiting === 0 ? _("Nobody is waiting") : arrived ? _("A visitor has come") : _("The desk is free"));
  fill("vacant-number", next?.number ?? "");
  fill("vacant-next", pick(next?.service_name));
  fill("vacant-note", next ? _("next in the queue, waits %(n)s min", { n: minutesSince(next.issued_at, now) }) : _("When somebody takes a ticket, you will see and hear it."));
}

/** @param {DeskSnapshot} snapshot @param {number} now */
function renderPause({ shift, pause_reasons: reasons, office }, now) {
  const reason = reasons.find(({ code }) => code === shift?.pause_reason);
  fill("pause-reason", [pick(reason?.name), shift?.pause_note ?? ""].filter(Boolean).join(", "));
  fill("pause-since", shift?.paused_at ? elapsed(now - Date.parse(shift.paused_at)) : "");
  const until = shift?.pause_until ? Date.parse(shift.pause_until) : null;
  fill("pause-until", until === null ? "" : _("planned until %(time)s", { time: clockTime(until, office.time_zone) }));
  fill("pause-over", until !== null && now > until ? _("longer than planned by %(time)s", { time: elapsed(now - until) }) : "");
}

/** @param {State} state @param {DeskSnapshot} snapshot @param {number} now */
function renderActions(state, snapshot, now) {
  const actions = actionsOf(snapshot, now);
  for (const button of all("button[data-action]")) {
    const hint = actions[/** @type {Action} */ (button.dataset.action)];
    button.hidden = hint === undefined;
    setDisabled(button, Boolean(hint) || (state.busy !== null && !("always" in button.dataset)));
    if (button.dataset.action !== "alarm") write(document.getElementById(`hint-${button.dataset.action}`), hint ?? "");
  }
}

/** Stays focusable, so that its reason can be read. @param {HTMLElement} button @param {boolean} disabled */
function setDisabled(button, disabled) {
  if (disabled) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

/** @param {string} moment @param {number} now */
export function minutesSince(moment, now) {
  return Math.max(0, Math.floor((now - Date.parse(moment)) / 60_000));
}
