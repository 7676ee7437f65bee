// State -> the lists of visitors and desks, the services and the notices.

import { clockTime } from "../clock.js";
import { all, byId, make, write } from "../dom.js";
import { _, ngettext, pick } from "../texts.js";
import { keepRows } from "./rows.js";
import { normOf } from "./state.js";
import { STATES, chips, deskWords, marksOf, minutesSince } from "./words.js";

/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./words.js").Mark} Mark */

/** @param {HallSnapshot} snapshot @param {number} now */
export function renderLists(snapshot, now) {
  const zone = snapshot.office.time_zone;
  for (const element of all("[data-count]")) {
    const name = /** @type {keyof HallSnapshot["counts"] | "queue"} */ (element.dataset.count);
    write(element, String(snapshot.counts[name === "queue" ? "waiting" : name]));
  }
  for (const box of all("[data-norm]", byId("main"))) if (box.parentElement?.matches("dl")) box.toggleAttribute("data-some", box.querySelector("dd")?.textContent !== "0");
  renderDesks(snapshot, zone, now);
  tickets("queue", snapshot.queue, zone, (ticket) => [minutes(ticket.issued_at, now), clockTime(ticket.due_at, zone)], (ticket) => normOf(ticket, now, snapshot.amber_minutes));
  tickets("postponed", snapshot.postponed, zone, ({ postponed_until: until }) => [until ? clockTime(until, zone) : _("by hand"), ""]);
  tickets("missed", snapshot.missed, zone, ({ called_at: called, desk }) => [called ? clockTime(called, zone) : "", desk ? _("desk %(desk)s", { desk }) : ""]);
  renderServices(snapshot);
  renderNotices(snapshot, zone);
}

/** @param {string} since @param {number} now */
const minutes = (since, now) => _("%(n)s min", { n: minutesSince(since, now) });

/**
 * @param {string} id of the list
 * @param {Ticket[]} items
 * @param {string} zone
 * @param {(ticket: Ticket) => [string, string]} ends what stands at the end of the row: strong, soft
 * @param {(ticket: Ticket) => string} [norm]
 */
export function tickets(id, items, zone, ends, norm = () => "") {
  keepRows(byId(id), items, (ticket) => String(ticket.id), ticketRow, (row, ticket) => {
    const button = /** @type {HTMLElement} */ (row.firstElementChild);
    const colour = norm(ticket);
    const [strong, soft] = ends(ticket);
    const words = { amber: _("due soon"), red: _("longer than the norm") }[colour];
    button.dataset.norm = colour;
    part(button, "name", id === "postponed" && ticket.postpone_reason ? `${pick(ticket.service_name)} — ${pick(ticket.postpone_reason)}` : pick(ticket.service_name));
    part(button, "strong", strong);
    part(button, "soft", soft);
    showMarks(button, [...(words ? [/** @type {Mark} */ ({ kind: colour === "red" ? "bad" : "warn", text: words })] : []), ...marksOf(ticket, zone)]);
  });
  for (const note of all(`[data-empty="${id}"]`)) note.hidden = items.length > 0;
}

/** @param {Ticket} ticket */
function ticketRow({ id, number }) {
  return make("li", {}, make("button", { class: "row", type: "button", "data-ticket": number, "data-id": String(id) },
    make("b", { class: "num" }, number),
    make("span", { class: "row-body" }, make("span", { class: "row-name", "data-part": "name" }), make("span", { class: "row-marks", "data-part": "marks" })),
    make("span", { class: "row-end num" }, make("span", { "data-part": "strong" }), " ", make("span", { class: "soft", "data-part": "soft" }))));
}

/** @param {Element} within @param {string} name @param {string} text */
function part(within, name, text) {
  write(within.querySelector(`[data-part="${name}"]`), text);
}

/** @param {Element} within @param {Mark[]} marks */
function showMarks(within, marks) {
  const place = within.querySelector('[data-part="marks"]');
  const text = JSON.stringify(marks);
  if (!(place instanceof HTMLElement) || place.dataset.shown === text) return;
  place.dataset.shown = text;
  place.replaceChildren(...chips(marks));
}

/** @param {HallSnapshot} snapshot @param {string} zone @param {number} now */
function renderDesks({ desks }, zone, now) {
  keepRows(byId("desks"), desks, ({ number }) => number, ({ number }) => make("li", {}, make("button", { class: "row desk-row", type: "button", "data-desk": number },
    make("span", { class: "visually-hidden" }, _("Desk")), " ", make("b", { class: "num" }, number),
    make("span", { class: "desk-who", "data-part": "who" }),
    make("span", { class: "desk-ticket num", "data-part": "ticket" }),
    make("span", { class: "desk-what soft num", "data-part": "what" }),
    make("span", { class: "row-marks", "data-part": "marks" }))), (row, desk) => {
    const button = /** @type {HTMLElement} */ (row.firstElementChild);
    const { text, mark } = deskWords(desk, zone, now);
    button.dataset.state = desk.state;
    part(button, "who", desk.by ?? pick(desk.place));
    part(button, "ticket", desk.ticket?.number ?? "");
    part(button, "what", text);
    showMarks(button, mark ? [mark] : []);
  });
}

/** @param {HallSnapshot} snapshot */
function renderServices({ services }) {
  keepRows(byId("services"), services, ({ code }) => code, ({ code }) => make("li", { class: "line", "data-service": code },
    make("b", { class: "num", "data-part": "letter" }),
    make("span", { class: "line-text" }, make("span", { "data-part": "name" }), make("span", { class: "soft", "data-part": "note" })),
    make("button", { class: "button line small", type: "button", "data-service-act": code })), (row, service) => {
    const closed = service.closed_today;
    row.toggleAttribute("data-closed", closed !== null);
    part(row, "letter", service.letter);
    part(row, "name", pick(service.name));
    part(row, "note", [
      ...(closed ? [_("closed today: %(reason)s", { reason: pick(closed) })] : []),
      ngettext("%(n)s waits", "%(n)s wait", service.waiting),
      _("norm %(n)s min", { n: service.wait_norm_minutes }),
      ...(service.walk_in ? [] : [_("by appointment only")]),
    ].join(" · "));
    const button = row.querySelector("button");
    if (!button) return;
    button.dataset.closed = String(closed !== null);
    write(button, closed ? _("Open again") : _("Close for today…"));
    button.setAttribute("aria-label", `${button.textContent}: ${pick(service.name)}`);
  });
}

/** @param {HallSnapshot} snapshot @param {string} zone */
function renderNotices({ notices }, zone) {
  keepRows(byId("notices"), notices, ({ id }) => String(id), ({ id }) => make("li", { class: "line" },
    make("span", { class: "line-text" }, make("span", { "data-part": "name" }), make("span", { class: "soft", "data-part": "note" })),
    make("button", { class: "button line small", type: "button", "data-notice": String(id) }, _("Remove"))), (row, notice) => {
    part(row, "name", pick(notice.sentence));
    part(row, "note", [_("until %(time)s", { time: clockTime(notice.until, zone) }), ...(notice.by ? [notice.by] : [])].join(" · "));
  });
  for (const note of all('[data-empty="notices"]')) note.hidden = notices.length > 0;
}

/** @param {import("./contract").Found} found @param {string} zone @param {number} now */
export function renderFound({ tickets: known, bookings }, zone, now) {
  const list = byId("found");
  list.replaceChildren();
  for (const ticket of known) {
    const row = ticketRow(ticket);
    list.append(row);
    part(row, "name", pick(ticket.service_name));
    part(row, "strong", STATES[ticket.state]);
    if (ticket.state === "waiting") part(row, "soft", minutes(ticket.issued_at, now));
  }
  for (const booking of bookings) list.append(bookingRow(booking, zone));
}

/** @type {Record<import("./contract").FoundBooking["state"], string>} */
const BOOKING_STATES = {
  booked: _("expected"), checked_in: _("has come"), missed: _("did not come"), cancelled: _("cancelled"), held: _("not confirmed"), offered: _("not confirmed"), unverified: _("not confirmed"),
};

/** @param {import("./contract").FoundBooking} booking @param {string} zone */
function bookingRow({ reference, service_name: name, starts_at: at, state, ticket, number }, zone) {
  const spoken = `${reference.slice(0, 4)}-${reference.slice(4)}`;
  const day = new Date(at).toLocaleDateString(document.documentElement.lang, { timeZone: zone, day: "numeric", month: "long" });
  return make("li", { class: "line", "data-reference": reference },
    make("span", { class: "line-text" }, make("b", { class: "num" }, `${clockTime(at, zone)} · ${spoken}`), make("span", {}, pick(name)), make("span", { class: "soft" }, `${day} · ${BOOKING_STATES[state]}`)),
    ticket !== null && number !== null
      ? make("button", { class: "button quiet small", type: "button", "data-id": String(ticket) }, _("Ticket %(number)s", { number }))
      : state === "booked" || state === "missed"
        ? make("button", { class: "button small", type: "button", "data-check-in": reference }, _("Check in"))
        : "");
}
