// The ticket page comes alive: follows the ticket, shows and tells its changes, and lets the person pause that.

import { clockTime, setServerTime } from "../clock.js";
import { follow } from "../live.js";
import { _ } from "../texts.js";
import { announce, callText, isNewCall, isNowNext } from "./announce.js";
import { fetchTicket, socketAddress } from "./api.js";
import { keepAwake, signal, supported, switchOff, switchOn } from "./signal.js";
import { render, renderFreshness, renderTrouble } from "./view.js";

/** @typedef {import("../contract").VisitorTicket} VisitorTicket */

const ENDED = new Set(["served", "left", "expired"]);

/** @type {VisitorTicket} */
let shown = JSON.parse(document.getElementById("snapshot")?.textContent ?? "null");
/** The newest snapshot, also while the page is paused. */
let latest = shown;
let paused = false;
let telling = false;

setServerTime(shown.now);

/** Nothing more can happen to a ticket that has ended. */
const live = ENDED.has(shown.state) ? undefined : follow({
  socket: socketAddress,
  fetch: fetchTicket,
  firstDelay: 4_000, // tens of thousands of phones may come back at once
  silence: 75_000, // the service speaks every 30 seconds; two of these and a half may get lost
  onSnapshot: receive,
  onLink: (link) => { if (!paused) renderTrouble(link === "lost" ? lostText() : ""); },
});

/** @param {VisitorTicket} ticket */
function receive(ticket) {
  setServerTime(ticket.now);
  const before = latest;
  latest = ticket;
  if (telling && isNewCall(before, ticket)) signal("call", _("Desk %(desk)s", { desk: ticket.desk ?? "" }), callText(ticket));
  if (telling && isNowNext(before, ticket)) signal("soon", _("Ticket %(number)s", { number: ticket.number }), _("You are next. Stay near the hall."));
  // A call breaks through the pause: nobody pauses the page in order to miss it.
  if (paused && isNewCall(before, ticket)) setPaused(false);
  if (!paused) present();
}

function present() {
  const before = shown;
  shown = latest;
  if (before.privilege?.state !== shown.privilege?.state) return location.reload(); // rare, and the server words it
  render(shown);
  renderFreshness(shown);
  announce(before, shown);
  if (ENDED.has(shown.state)) {
    live?.stop();
    switchOff();
  }
}

function lostText() {
  return _("No connection. This is how it was at %(time)s.", { time: clockTime(shown.now, shown.time_zone) });
}

const pauseButton = /** @type {HTMLButtonElement} */ (document.getElementById("pause"));
pauseButton.hidden = false;
pauseButton.addEventListener("click", () => setPaused(!paused));

/** @param {boolean} wanted */
function setPaused(wanted) {
  paused = wanted;
  pauseButton.textContent = paused ? _("Resume updating") : _("Pause updating");
  renderTrouble(paused ? _("Paused at %(time)s. A call will be shown all the same.", { time: clockTime(shown.now, shown.time_zone) }) : "");
  if (!paused) present();
}

const notifyButton = /** @type {HTMLButtonElement} */ (document.getElementById("notify"));
const notifyNote = /** @type {HTMLElement} */ (document.getElementById("notify-note"));
notifyButton.hidden = !supported;
notifyButton.addEventListener("click", () => setTelling(!telling));
document.addEventListener("visibilitychange", () => { if (telling && !document.hidden) keepAwake(); });

/** @param {boolean} wanted */
async function setTelling(wanted) {
  telling = wanted;
  notifyButton.textContent = telling ? _("Do not tell me about the call") : _("Tell me about the call");
  notifyButton.classList.toggle("line", telling);
  if (!telling) {
    notifyNote.textContent = "";
    return switchOff();
  }
  notifyNote.textContent = _("When you are called, the phone will sound and vibrate. Do not close this page.");
  const notices = await switchOn();
  if (!notices && telling) notifyNote.textContent = _("The browser shows no notices here, but the phone will sound while this page is on the screen.");
}
