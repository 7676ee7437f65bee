// State -> the right half of the desk: the counters and the queue in the order of calling.

import { clockTime, elapsed } from "../clock.js";
import { all, byId, make, write } from "../dom.js";
import { _, pick } from "../texts.js";
import { chips, marksInQueue } from "./marks.js";
import { minutesSince } from "./render-now.js";

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("../contract").QueuedTicket} QueuedTicket */
/** @typedef {import("./state.js").State} State */

/** Rows by ticket id: a row that stays is the same element, so nothing jumps for a screen reader or a magnifier. @type {Map<string, HTMLElement>} */
const rows = new Map();
let drawn = false;

/** @param {State} state @param {number} now server time */
export function renderQueue(state, now) {
  const snapshot = state.frozen ?? state.snapshot;
  if (!snapshot) return;
  const { counts, queue, office } = snapshot;
  count("waiting", String(counts.waiting));
  count("breached", String(counts.breached));
  count("served", String(counts.served_today));
  count("average", counts.average_serving_seconds === null ? "—" : elapsed(counts.average_serving_seconds * 1000));
  for (const element of all('[data-count="breached"]')) element.classList.toggle("over", counts.breached > 0);
  renderRows(queue, snapshot, now);
  byId("queue-empty").hidden = queue.length > 0;
  byId("queue-columns").hidden = queue.length === 0;
  byId("queue").hidden = queue.length === 0;
  write(byId("queue-note"), state.frozen
    ? _("paused at %(time)s", { time: clockTime(state.frozen.now, office.time_zone) })
    : counts.waiting > queue.length
      ? _("the first %(n)s in the order of calling", { n: queue.length })
      : _("in the order of calling"));
  write(byId("freeze"), state.frozen ? _("Resume updating") : _("Pause updating"));
}

/** @param {string} name @param {string} value */
function count(name, value) {
  write(document.querySelector(`[data-count="${name}"]`), value);
}

/** @param {QueuedTicket[]} queue @param {DeskSnapshot} snapshot @param {number} now */
function renderRows(queue, { office: { time_zone: zone }, rules }, now) {
  const list = byId("queue");
  const ids = new Set(queue.map(({ id }) => String(id)));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.remove();
    rows.delete(id);
  }
  queue.forEach((ticket, place) => {
    const row = rowOf(ticket, zone, now, normOf(ticket, rules.amber_minutes, now));
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
  });
  drawn = true;
}

/** Amber for so many minutes before a ticket is due, red after it. @param {QueuedTicket} ticket @param {number} amber minutes @param {number} now */
function normOf({ due_at: due, breach }, amber, now) {
  const left = Date.parse(due) - now;
  if (breach || left < 0) return "over";
  return left < amber * 60_000 ? "soon" : "";
}

/** @param {QueuedTicket} ticket @param {string} zone @param {number} now @param {"" | "soon" | "over"} norm @returns {HTMLElement} */
function rowOf(ticket, zone, now, norm) {
  const id = String(ticket.id);
  const shown = norm + JSON.stringify(ticket);
  const old = rows.get(id);
  const row = old ?? make("li", { "data-ticket": ticket.number, ...(drawn ? { "data-new": "" } : {}) });
  rows.set(id, row);
  if (row.dataset.shown !== shown) {
    row.dataset.shown = shown;
    row.replaceChildren(
      make("b", { class: "num" }, ticket.number),
      make("span", { class: "queue-service", title: pick(ticket.service_name) }, pick(ticket.service_name)),
      make("span", { class: "queue-wait num" }, make("span", { class: "visually-hidden" }, `${_("waits")} `), make("span", { "data-wait": "" })),
      make("span", { class: "queue-due num" }, make("span", { class: "visually-hidden" }, `${_("call by")} `), clockTime(ticket.due_at, zone)),
      make("span", { class: "marks" }, ...chips(marksInQueue(ticket, zone, norm))),
    );
    row.classList.toggle("over", norm === "over");
    row.classList.toggle("soon", norm === "soon");
  }
  write(row.querySelector("[data-wait]"), _("%(n)s min", { n: minutesSince(ticket.issued_at, now) }));
  return row;
}
