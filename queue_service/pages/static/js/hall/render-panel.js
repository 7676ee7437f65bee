// State -> the side panel: the stand (issue, check in), what was found, one ticket or one desk.

import { clockTime } from "../clock.js";
import { all, byId, fill, make, write } from "../dom.js";
import { _, ngettext, pick } from "../texts.js";
import { renderFound } from "./render-lists.js";
import { actsOn, normOf } from "./state.js";
import { STATES, chips, deskWords, factsOf, marksOf } from "./words.js";

/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {import("./state.js").State} State */

/** What was found is drawn once, so that its buttons stay. @type {import("./contract").Found | null} */
let drawn = null;

/** @param {State} state @param {HallSnapshot} snapshot @param {number} now */
export function renderPanel(state, snapshot, now) {
  const { view } = state;
  const zone = snapshot.office.time_zone;
  write(byId("done"), state.done);
  write(byId("failed"), state.failed);
  byId("panel").toggleAttribute("data-busy", state.busy);
  byId("back").hidden = view.kind === "stand";
  const nothing = view.kind === "found" && view.found.tickets.length + view.found.bookings.length === 0; // then a ticket can be issued at once
  for (const element of all("[data-view]")) element.hidden = element.dataset.view !== (nothing ? "stand" : view.kind);
  for (const name of ["ticket", "desk", "state"]) delete byId("panel").dataset[name];
  switch (view.kind) {
    case "stand":
      write(byId("panel-title"), _("At the stand"));
      renderChoices(snapshot);
      break;
    case "found": {
      renderChoices(snapshot);
      write(byId("panel-title"), nothing ? _("Nothing found") : _("Found: “%(text)s”", { text: view.typed }));
      if (drawn !== view.found) renderFound(view.found, zone, now);
      drawn = view.found;
      break;
    }
    case "ticket": return renderTicket(view.ticket, snapshot, zone, now);
    case "desk": return renderDesk(view.number, snapshot, zone, now);
  }
}

/** @param {import("./contract").Ticket} ticket @param {HallSnapshot} snapshot @param {string} zone @param {number} now */
function renderTicket(ticket, snapshot, zone, now) {
  const panel = byId("panel");
  panel.dataset.ticket = ticket.number;
  panel.dataset.state = ticket.state;
  write(byId("panel-title"), _("Ticket %(number)s", { number: ticket.number }));
  const norm = ticket.state === "waiting" ? normOf(ticket, now, snapshot.amber_minutes) : "";
  for (const chip of all('[data-slot="state"]')) chip.className = `chip ${norm === "red" ? "bad" : norm === "amber" ? "warn" : ""}`.trim();
  byId("chosen").toggleAttribute("data-now", ticket.state === "called");
  fill("state", norm === "red" ? _("longer than the norm") : norm === "amber" ? _("due soon") : STATES[ticket.state]);
  fill("number", ticket.number);
  fill("service", pick(ticket.service_name));
  fill("facts", factsOf(ticket, zone, now).filter(Boolean).join(" · "));
  fill("comment", ticket.comment ?? "");
  const marks = marksOf(ticket, zone);
  for (const list of all('[data-slot="marks"]')) {
    list.hidden = marks.length === 0;
    const text = JSON.stringify(marks);
    if (list.dataset.shown === text) continue;
    list.dataset.shown = text;
    list.replaceChildren(...chips(marks).map((chip) => make("li", {}, chip)));
  }
  const acts = actsOn(ticket);
  for (const button of all('[data-view="ticket"] [data-act]')) button.hidden = !acts.some((act) => act === button.dataset.act);
  fill("nothing", acts.length > 0 ? "" : _("The ticket is over: nothing can be changed."));
}

/** @param {string} number @param {HallSnapshot} snapshot @param {string} zone @param {number} now */
function renderDesk(number, { desks, services }, zone, now) {
  const desk = desks.find((each) => each.number === number);
  write(byId("panel-title"), _("Desk %(desk)s", { desk: number }));
  byId("panel").dataset.desk = number;
  if (!desk) return fill("desk-state", _("This desk is no longer in use."));
  byId("panel").dataset.state = desk.state;
  const { text, mark } = deskWords(desk, zone, now);
  fill("desk-state", [mark?.text ?? "", desk.state === "paused" ? `${_("break")}: ${text}` : text].filter(Boolean).join(" · "));
  const names = services.filter(({ code }) => desk.services.includes(code)).map(({ name }) => pick(name));
  const facts = [
    [_("Clerk"), desk.by ?? "—"],
    [_("Ticket"), desk.ticket?.number ?? "—"],
    [_("Opened"), desk.opened_at ? clockTime(desk.opened_at, zone) : "—"],
    [_("Served today"), String(desk.served)],
    [_("Could call now"), desk.by ? ngettext("%(n)s visitor", "%(n)s visitors", desk.waiting) : "—"],
    [_("Place"), [pick(desk.place), desk.accessible ? _("accessible") : ""].filter(Boolean).join(", ") || "—"],
    [_("Services"), names.join("; ") || "—"],
  ];
  const list = byId("desk-facts");
  if (list.dataset.shown !== JSON.stringify(facts)) {
    list.dataset.shown = JSON.stringify(facts);
    list.replaceChildren(...facts.map(([term = "", value = ""]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))));
  }
  for (const button of all('[data-act="open-ticket"]')) button.hidden = desk.ticket === null;
  for (const button of all('[data-act="end-desk"]')) button.hidden = desk.by === null;
}

/** The services and categories to choose from, redrawn only when they change: a list that is open must not lose its place. @param {HallSnapshot} snapshot */
function renderChoices({ services, privileges }) {
  options("issue-service", services.filter(({ walk_in: open, closed_today: closed }) => open && !closed).map(({ code, name, letter }) => [code, `${letter} · ${pick(name)}`]));
  options("issue-privilege", [["", _("no priority")], ...privileges.map(({ code, name }) => /** @type {[string, string]} */ ([code, pick(name)]))]);
}

/** @param {string} id @param {[string, string][]} choices */
function options(id, choices) {
  const select = /** @type {HTMLSelectElement} */ (byId(id));
  const text = JSON.stringify(choices);
  if (select.dataset.shown === text) return;
  select.dataset.shown = text;
  const { value } = select;
  select.replaceChildren(...choices.map(([code, name]) => make("option", { value: code }, name)));
  if (choices.some(([code]) => code === value)) select.value = value;
}
