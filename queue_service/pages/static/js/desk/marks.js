// The short marks beside a ticket: everything that makes this visitor different, in words.

import { clockTime } from "../clock.js";
import { make } from "../dom.js";
import { _, pick } from "../texts.js";

/** @typedef {import("../contract").QueuedTicket} QueuedTicket */
/** @typedef {import("../contract").DeskTicket} DeskTicket */
/** @typedef {{ kind: "" | "ok" | "warn" | "bad" | "now", text: string, more?: string }} Mark more: what the chip says on closer look */

/** @type {Record<string, string>} */
const NEEDS = { low_vision: _("low vision"), hearing: _("hard of hearing"), wheelchair: _("wheelchair") };

/** @param {QueuedTicket} ticket @param {string} zone @param {"" | "soon" | "over"} norm @returns {Mark[]} */
export function marksInQueue(ticket, zone, norm) {
  return [
    ...(norm === "over" ? [mark("bad", _("longer than the norm"))] : []),
    ...(norm === "soon" ? [mark("warn", _("time to call"))] : []),
    ...(ticket.booked_for ? [mark("now", _("booked for %(time)s", { time: clockTime(ticket.booked_for, zone) }))] : []),
    ...(ticket.privilege && ticket.privilege.state !== "refused" ? [mark("warn", _("out of turn"), pick(ticket.privilege.name))] : []),
    ...common(ticket),
  ];
}

/** @param {DeskTicket} ticket @returns {Mark[]} */
export function marksOfCurrent(ticket) {
  return [...privilege(ticket), ...(ticket.source === "booked" ? [mark("now", _("by appointment"))] : []), ...common(ticket)];
}

/** @param {DeskTicket} ticket @returns {Mark[]} */
function privilege({ privilege: claim }) {
  if (!claim) return [];
  const name = pick(claim.name);
  switch (claim.state) {
    case "claimed": return [mark("warn", _("out of turn: %(name)s — check the document", { name }))];
    case "confirmed": return [mark("ok", _("out of turn: %(name)s, confirmed", { name }))];
    case "refused": return [mark("", _("out of turn: %(name)s, not confirmed", { name }))];
  }
}

/** @param {QueuedTicket | DeskTicket} ticket @returns {Mark[]} */
function common(ticket) {
  return [
    ...(ticket.late ? [mark("", _("late"))] : []),
    ...ticket.needs.map((need) => mark("", NEEDS[need] ?? need)),
    ...(ticket.language === "ru" ? [] : [mark("", ticket.language === "en" ? _("speaks English") : ticket.language)]),
  ];
}

/** @param {Mark["kind"]} kind @param {string} text @param {string} [more] @returns {Mark} */
function mark(kind, text, more) {
  return more ? { kind, text, more } : { kind, text };
}

/** @param {Mark[]} marks */
export function chips(marks) {
  return marks.map(({ kind, text, more }) => make("span", { class: `chip ${kind}`.trim(), ...(more ? { title: more } : {}) }, text,
    ...(more ? [make("span", { class: "visually-hidden" }, `: ${more}`)] : [])));
}
