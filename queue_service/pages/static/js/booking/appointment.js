// The booking's page on its day: check-in opens, a delay appears, the booking becomes a ticket. The server words every state; this
// shows what changes within one and asks for the page again when the state itself changes.

import { clockTime, setServerTime } from "../clock.js";
import { all, fill, write } from "../dom.js";
import { follow } from "../live.js";
import { _, ngettext } from "../texts.js";

/**
 * @typedef {object} Appointment
 * @property {string} now
 * @property {string} state
 * @property {string} starts_at
 * @property {string} time_zone
 * @property {string} check_in_opens_at
 * @property {boolean} check_in_open
 * @property {boolean} day_over
 * @property {boolean} late
 * @property {boolean} changeable
 * @property {number | null} delay_minutes
 * @property {{ number: string, secret: string } | null} ticket
 */

const secret = encodeURIComponent(decodeURIComponent(location.pathname.split("/")[2] ?? ""));

/** @type {Appointment} */
let shown = JSON.parse(document.getElementById("snapshot")?.textContent ?? "null");
let latest = shown;
let paused = false;

setServerTime(shown.now);
follow({
  socket: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/appointment/${secret}`,
  fetch: async () => { throw new Error("the socket will come back"); },
  firstDelay: 4_000, // thousands of phones may come back at once
  silence: 75_000, // the service speaks every 30 seconds; two of these and a half may get lost
  onSnapshot: receive,
  onLink: (link) => { if (!paused) trouble(link === "lost" ? _("No connection. This is how it was at %(time)s.", { time: at(shown.now) }) : ""); },
});

/** @param {string} moment */
function at(moment) {
  return clockTime(moment, shown.time_zone);
}

/** @param {Appointment} appointment */
function receive(appointment) {
  setServerTime(appointment.now);
  latest = appointment;
  if (!paused) present();
}

function present() {
  const before = shown;
  shown = latest;
  const worded = before.state !== shown.state || before.starts_at !== shown.starts_at || before.day_over !== shown.day_over
    || before.changeable !== shown.changeable;
  if (worded) return location.assign(`/a/${secret}`); // the server words it, and a ticket has its own page
  for (const card of all("article.pass")) card.dataset.state = shown.state;
  for (const form of all('[data-slot="check-in-form"]')) form.hidden = !shown.check_in_open;
  if (shown.state === "booked") {
    write(document.querySelector('[data-slot="check-in"]'), checkInText());
    fill("delay", shown.delay_minutes ? ngettext(
      "Please note: visits are running %(n)s minute late.", "Please note: visits are running %(n)s minutes late.", shown.delay_minutes,
    ) : "");
  }
  trouble("");
  fill("fresh", _("As of %(time)s", { time: at(shown.now) }));
}

function checkInText() {
  if (shown.check_in_open && shown.late) return _("The booked time is over. Checked in now, you get a ticket of the common queue.");
  if (shown.check_in_open) return _("Check-in is open. Do it when you are in the hall.");
  return _("You can check in from %(time)s: at the terminal or on this page.", { time: at(shown.check_in_opens_at) });
}

/** A sentence in place of the freshness, or none. @param {string} sentence */
function trouble(sentence) {
  fill("lost", sentence);
  for (const fresh of all('[data-slot="fresh"]')) fresh.hidden = sentence !== "";
}

const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("pause"));
if (button) {
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? _("Resume updating") : _("Pause updating");
    if (paused) trouble(_("Paused at %(time)s.", { time: at(shown.now) }));
    else present();
  });
}
