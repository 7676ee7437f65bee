// What the hall's screen knows, and what follows from it. Pure: neither the page nor the network.

/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./contract").Desk} Desk */
/** @typedef {import("./contract").Found} Found */
/** @typedef {"resume" | "come-back" | "first" | "postpone" | "privilege" | "needs" | "print" | "leave"} TicketAct */
/** @typedef {{ kind: "stand" } | { kind: "found", found: Found, typed: string } | { kind: "ticket", ticket: Ticket } | { kind: "desk", number: string }} View */

/**
 * @typedef {object} State
 * @property {HallSnapshot | null} snapshot
 * @property {import("../live.js").Link | "connecting"} link
 * @property {View} view what the side panel shows
 * @property {boolean} busy a request is running
 * @property {string} done
 * @property {string} failed
 */

/** @returns {State} */
export function initialState() {
  return { snapshot: null, link: "connecting", view: { kind: "stand" }, busy: false, done: "", failed: "" };
}

/** @type {Partial<Record<Ticket["state"], TicketAct[]>>} */
const ACTS = {
  waiting: ["first", "postpone", "privilege", "needs", "print", "leave"],
  called: ["privilege", "needs", "print"],
  serving: ["privilege", "needs", "print"],
  postponed: ["resume", "privilege", "needs", "print", "leave"],
  no_show: ["come-back", "print"],
};

/** What may be done with a ticket now. @param {Ticket} ticket @returns {TicketAct[]} */
export function actsOn(ticket) {
  return ACTS[ticket.state] ?? [];
}

/** @param {Ticket} ticket @param {number} now @param {number} amberMinutes @returns {"" | "amber" | "red"} */
export function normOf(ticket, now, amberMinutes) {
  const left = Date.parse(ticket.due_at) - now;
  return left < 0 ? "red" : left <= amberMinutes * 60_000 ? "amber" : "";
}

/** Wherever it is in the hall now. @param {HallSnapshot} snapshot @param {number} id @returns {Ticket | undefined} */
export function ticketIn(snapshot, id) {
  const atDesks = snapshot.desks.flatMap(({ ticket }) => (ticket ? [ticket] : []));
  return [...snapshot.queue, ...snapshot.postponed, ...snapshot.missed, ...atDesks].find((ticket) => ticket.id === id);
}

/** An alarm that was not there before. @param {HallSnapshot | null} before @param {HallSnapshot} after */
export function newAlarm(before, after) {
  const known = new Set(before?.alarms.map(({ id }) => id));
  return before !== null && after.alarms.some(({ id, mine }) => !mine && !known.has(id));
}
