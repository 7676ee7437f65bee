// What the hall's screen says of a ticket, in words and chips.

import { clockTime, elapsed } from "../clock.js";
import { make } from "../dom.js";
import { _, ngettext, pick } from "../texts.js";

/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./contract").Desk} Desk */
/** @typedef {{ kind: "" | "ok" | "warn" | "bad" | "now", text: string }} Mark */

/** @type {Record<string, string>} */
const NEEDS = { low_vision: _("low vision"), hearing: _("hard of hearing"), wheelchair: _("wheelchair") };

/** @param {Ticket} ticket @param {string} zone @returns {Mark[]} */
export function marksOf(ticket, zone) {
  const { privilege } = ticket;
  return [
    ...(ticket.booked_for ? [mark("now", _("booked for %(time)s", { time: clockTime(ticket.booked_for, zone) }))] : []),
    ...(privilege && privilege.state !== "refused" ? [mark("warn", pick(privilege.name))] : []),
    ...(ticket.late ? [mark("", _("late"))] : []),
    ...ticket.needs.map((need) => mark("", NEEDS[need] ?? need)),
    ...(ticket.language === "en" ? [mark("", _("speaks English"))] : []),
    ...(ticket.state === "waiting" && ticket.desk ? [mark("", _("only desk %(desk)s", { desk: ticket.desk }))] : []),
  ];
}

/** @param {Mark["kind"]} kind @param {string} text @returns {Mark} */
const mark = (kind, text) => ({ kind, text });

/** @param {Mark[]} marks */
export const chips = (marks) => marks.map(({ kind, text }) => make("span", { class: `chip ${kind}`.trim() }, text));

/** @type {Record<Ticket["state"], string>} */
export const STATES = {
  waiting: _("waits"), called: _("called"), serving: _("is being served"), served: _("served"), postponed: _("set aside"),
  no_show: _("did not come"), left: _("has left"), expired: _("expired with the day"),
};

/** @param {Ticket} ticket @param {string} zone @param {number} now */
export function factsOf(ticket, zone, now) {
  const time = (/** @type {string | null} */ moment) => (moment ? clockTime(moment, zone) : "");
  const issued = _("issued %(time)s", { time: time(ticket.issued_at) });
  switch (ticket.state) {
    case "waiting": return [_("waits %(n)s min", { n: minutesSince(ticket.issued_at, now) }), issued, _("call by %(time)s", { time: time(ticket.due_at) })];
    case "called": return [_("desk %(desk)s", { desk: ticket.desk ?? "" }), _("called %(time)s ago", { time: elapsed(now - Date.parse(ticket.called_at ?? "")) }), issued];
    case "serving": return [_("desk %(desk)s", { desk: ticket.desk ?? "" }), _("being served %(time)s", { time: elapsed(now - Date.parse(ticket.started_at ?? "")) }), issued];
    case "postponed": return [pick(ticket.postpone_reason), ticket.postponed_until ? _("comes back at %(time)s", { time: time(ticket.postponed_until) }) : _("until somebody returns the visitor"), issued];
    default: return [issued, ...(ticket.ended_at ? [_("ended %(time)s", { time: time(ticket.ended_at) })] : [])];
  }
}

/** @param {Desk} desk @param {string} zone @param {number} now @returns {{ text: string, mark: Mark | null }} */
export function deskWords(desk, zone, now) {
  const since = (/** @type {string | null | undefined} */ moment) => elapsed(now - Date.parse(moment ?? ""));
  switch (desk.state) {
    case "closed": return { text: _("closed"), mark: null };
    case "serving": return { text: _("serves %(time)s", { time: since(desk.ticket?.started_at) }), mark: null };
    case "called": return { text: _("called %(time)s ago", { time: since(desk.ticket?.called_at) }), mark: desk.calls > 1 ? mark("", ngettext("called %(n)s time", "called %(n)s times", desk.calls)) : null };
    case "paused": {
      const why = [pick(desk.pause_reason), desk.pause_note ?? ""].filter(Boolean).join(", ");
      const late = desk.pause_until !== null && Date.parse(desk.pause_until) < now;
      const until = desk.pause_until ? _("until %(time)s", { time: clockTime(desk.pause_until, zone) }) : "";
      return { text: [`${why} ${since(desk.paused_at)}`, until].filter(Boolean).join(", "), mark: late ? mark("warn", _("break is over")) : null };
    }
    case "idle": return { text: "", mark: mark("bad", ngettext("free, %(n)s waits", "free, %(n)s wait", desk.waiting)) };
    case "free": return { text: _("free, nobody waits"), mark: null };
  }
}

/** @param {string} moment @param {number} now */
export const minutesSince = (moment, now) => Math.max(0, Math.floor((now - Date.parse(moment)) / 60_000));
