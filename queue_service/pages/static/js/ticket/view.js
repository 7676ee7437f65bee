// Snapshot -> page. The server has drawn the same elements with the same words; this keeps them true.

import { clockTime } from "../clock.js";
import { _, minutes, ngettext, oneOf, pick } from "../texts.js";

/** @typedef {import("../contract").VisitorTicket} VisitorTicket */

/** @param {string} selector */
const all = (selector) => /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));

/** @param {string} name @param {string} text */
function fill(name, text) {
  for (const element of all(`[data-slot="${name}"]`)) if (element.textContent !== text) element.textContent = text;
}

/** @param {string} name @param {boolean} shown */
function show(name, shown) {
  for (const element of all(`[data-slot="${name}"]`)) element.hidden = !shown;
}

/** @param {VisitorTicket} ticket */
export function render(ticket) {
  for (const card of all("article.ticket")) {
    card.dataset.state = ticket.state;
    card.dataset.ahead = ticket.ahead === null ? "" : String(ticket.ahead);
    card.toggleAttribute("data-now", ticket.state === "called");
  }
  for (const element of all("[data-when]")) element.hidden = !element.dataset.when?.split(" ").includes(ticket.state);
  fill("desk", ticket.desk ?? "");
  fill("place", pick(ticket.place));
  show("place", ticket.place !== null);
  fill("ahead", aheadText(ticket));
  renderWait(ticket);
  renderDots(ticket.ahead ?? 0);
  show("soon", ticket.ahead === 0);
  show("late", ticket.late);
  fill("desks", desksText(ticket));
  fill("why", pick(ticket.why));
  document.title = titleText(ticket);
}

/** When what the page shows was true. @param {VisitorTicket} ticket */
export function renderFreshness(ticket) {
  fill("fresh", _("As of %(time)s", { time: clockTime(ticket.now, ticket.time_zone) }));
}

/** A sentence in place of the freshness, or none. @param {string} sentence */
export function renderTrouble(sentence) {
  fill("lost", sentence);
  show("lost", sentence !== "");
  show("fresh", sentence === "");
}

/** @param {VisitorTicket} ticket */
function renderWait({ wait }) {
  for (const value of all('[data-slot="wait"]')) {
    value.textContent = wait ? minutes(wait) : _("The waiting time is being worked out");
    value.classList.toggle("unknown", !wait);
    if (value.previousElementSibling) value.previousElementSibling.textContent = wait && wait.low > 0 ? _("Wait about") : _("Wait");
  }
}

/** One dot for each person ahead while they can be counted at a glance, then a number. @param {number} people */
function renderDots(people) {
  const more = /** @type {HTMLElement | null} */ (document.querySelector(".dots-more"));
  const dots = all(".dots li:not([class])");
  dots.forEach((dot, place) => { dot.hidden = place >= people; });
  if (more) {
    more.hidden = people <= dots.length;
    more.textContent = `+${people - dots.length}`;
  }
}

/** @param {VisitorTicket} ticket */
export function aheadText({ ahead }) {
  if (ahead === null) return "—";
  return ahead ? ngettext("%(n)s person", "%(n)s people", ahead) : _("nobody");
}

/** @param {VisitorTicket} ticket */
function desksText({ desks }) {
  if (desks.length === 0) return _("No desk is open for this service right now. Your place in the queue is kept.");
  if (desks.length === 1) return _("You will be called to desk %(desk)s.", { desk: String(desks[0]) });
  return _("You will be called to one of the desks: %(desks)s.", { desks: oneOf(desks) });
}

/** @param {VisitorTicket} ticket */
function titleText({ state, desk, number, ahead }) {
  if (state === "called") return _("Desk %(desk)s — ticket %(number)s", { desk: desk ?? "", number });
  if (state === "waiting" && ahead) {
    return ngettext("Ticket %(number)s: %(n)s person ahead", "Ticket %(number)s: %(n)s people ahead", ahead, { number });
  }
  return _("Ticket %(number)s", { number });
}
