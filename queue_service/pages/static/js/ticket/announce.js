// What a screen reader says when the ticket changes: the call at once, everything else when there is a pause.

import { _, pick } from "../texts.js";
import { aheadText } from "./view.js";

/** @typedef {import("../contract").VisitorTicket} VisitorTicket */

/** The sentence of a call, also for the notification. @param {VisitorTicket} ticket */
export function callText(ticket) {
  const sentence = _("Your ticket %(number)s is called. Go to desk %(desk)s.", { number: ticket.number, desk: ticket.desk ?? "" });
  return ticket.place ? `${sentence} ${pick(ticket.place)}.` : sentence;
}

/** @param {VisitorTicket} before @param {VisitorTicket} after */
export function announce(before, after) {
  if (isNewCall(before, after)) return say("assertive", callText(after));
  if (after.state === before.state && (after.state !== "waiting" || after.ahead === before.ahead)) return;
  say("polite", changeText(after));
}

/** Called for the first time, or again. @param {VisitorTicket} before @param {VisitorTicket} after */
export function isNewCall(before, after) {
  return after.state === "called" && (before.state !== "called" || after.calls > before.calls);
}

/** @param {VisitorTicket} before @param {VisitorTicket} after */
export function isNowNext(before, after) {
  return after.state === "waiting" && after.ahead === 0 && !(before.state === "waiting" && before.ahead === 0);
}

/** @param {VisitorTicket} ticket */
function changeText(ticket) {
  if (ticket.state !== "waiting") return visibleText();
  if (ticket.ahead === 0) return _("You are next. Stay near the hall.");
  return `${_("Ahead of you")}: ${aheadText(ticket)}.`;
}

/** What the ticket's stub says in its present state. */
function visibleText() {
  const lines = document.querySelectorAll("article.ticket .ticket-stub > :not([hidden]) > *");
  return Array.from(lines, (line) => line.textContent?.trim().replace(/\s+/g, " ").replace(/\.$/, "")).join(". ");
}

/** @param {"polite" | "assertive"} region @param {string} sentence */
function say(region, sentence) {
  const element = document.getElementById(region);
  if (element) element.textContent = sentence;
}
