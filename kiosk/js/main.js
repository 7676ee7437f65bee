/**
 * Why: ties the parts together. A press becomes an event, the event a new state, the state a screen; what has to be done in the world besides
 * (ask for a ticket, print, count down) follows from the change of the state, here and nowhere else.
 */

import { checkIn, takeTicket } from "./api.js";
import { hourAndMinute, officeNow, setClock } from "./clock.js";
import { makeRoom, showBelow, whatFits } from "./fit.js";
import { createCountdown, createIdle } from "./idle.js";
import { darkness } from "./night.js";
import { createOwner } from "./owner.js";
import { again, printTicket } from "./print.js";
import { announce, darken, render } from "./render.js";
import { createScanner, digitOf } from "./scanner.js";
import { bookedSentence } from "./screen-check-in.js";
import { CODE_LENGTH, asking, initial, reduce, screenOf, serviceOf, worthResetting } from "./state.js";
import { phrases, words } from "./texts.js";

/** @import {State, Event as KioskEvent} from "./state.js" */

/** How long a ticket stays: on paper it is already in the hand, else the screen is all there is. Both leave 20 s for «Ещё время». */
const TICKET_SECONDS = { printed: 30, shown: 60 };
/** Waits between attempts to get the ticket: together about half a minute, the longest that one stands before a screen. */
const ATTEMPT_WAITS_MS = [500, 1000, 2000, 3000, 4000, 5000];
const SLOW_AFTER_MS = 4000;
/** A second tap of an unsteady finger lands on the same place; what stands there by then is another screen's button. */
const DOUBLE_TAP = { ms: 400, px: 40 };
const QR_WAITS_MS = [500, 1000, 2000, 4000, 8000];

/** @type {State} */
let state = initial;
/** @type {"ok" | "unknown" | "error"} */
let printer = "unknown";
const scanner = createScanner();
const owner = createOwner({
  printer: () => printer,
  onMenu: (menu) => { setClock(menu.now); dispatch({ type: "menu", menu }); },
  onLost: () => dispatch({ type: "lost" }),
  onUnpaired: (revoked) => dispatch({ type: "unpaired", revoked }),
  onCode: (code, until) => dispatch({ type: "code", code, until }),
});

/** @param {KioskEvent} event */
function dispatch(event) {
  const before = state;
  state = reduce(state, event);
  if (state === before) return;
  render(state);
  const [was, is] = [screenOf(before), screenOf(state)];
  if (asking(state) && !asking(before)) void ask();
  if (is === "ticket" && was !== "ticket") issued();
  if (was === "ticket" && is !== "ticket") ticketTime.stop();
  if (is !== was) minding();
  if (state.large !== before.large || state.contrast !== before.contrast || state.low !== before.low || state.shown?.check_in !== before.shown?.check_in) fit();
  if (state.typed !== before.typed && is === "check_in") announce(phrases(state.lang).codeTyped([...state.typed].join(" ")));
  if (state.short && !before.short) announce(phrases(state.lang).codeShort(CODE_LENGTH - state.typed.length));
  if (state.lang !== before.lang) announce(document.title);
  if (state.engaged !== before.engaged || state.menu !== before.menu) dim();
}

/** @param {(screen: HTMLElement) => void} act */
function withScreen(act) {
  const screen = document.getElementById("screen");
  if (screen) act(screen);
}

const fit = () => dispatch({ type: "fit", fit: whatFits(state.low, state.shown?.check_in ?? false) });

// ---- time

const idle = createIdle({
  quietSeconds: () => state.menu?.device.settings.idle_seconds ?? 60,
  warns: () => worthResetting(state),
  onWarning: (left) => {
    dispatch({ type: "idle", left });
    if (left !== null && (left === 20 || left === 10 || left === 5)) announce(`${phrases(state.lang).idleTitle} ${phrases(state.lang).idleLead(left)}.`);
  },
  onIdle: () => dispatch({ type: "reset" }),
});

const ticketTime = createCountdown((left) => dispatch(left > 0 ? { type: "done-in", left } : { type: "reset" }));

function startTicketTime() {
  ticketTime.start(state.shown?.device.settings.print ? TICKET_SECONDS.printed : TICKET_SECONDS.shown);
}

/** The issued ticket has its own countdown, and nothing may interrupt the asking for one. */
function minding() {
  if (asking(state) || state.step === "ticket") idle.stop();
  else idle.touch();
}

/** Somebody is at the screen. */
function touched() {
  if (!state.engaged) dispatch({ type: "touch" });
  if (state.step === "ticket") startTicketTime();
  else if (!idle.warning()) minding();
}

// ---- the ticket

/** For a service or for a booking: both may be asked for again until an answer comes. */
async function ask() {
  const { step, order, arrival } = state;
  // The token may be renewed between two attempts.
  const request = step === "checking" ? () => checkIn(owner.token(), arrival ?? "", state.lang) : order && (() => takeTicket(owner.token(), order, state.lang));
  if (!request) return;
  const says = phrases(state.lang);
  announce(step === "checking" ? says.checking : says.printingLead);
  const slow = setTimeout(() => { dispatch({ type: "slow" }); announce(phrases(state.lang).printingSlow); }, SLOW_AFTER_MS);
  for (const wait of [...ATTEMPT_WAITS_MS, null]) {
    const answer = await request();
    if (answer.kind === "unpaired" && owner.followsOtherTab()) continue;
    if (answer.kind !== "silent" || wait === null) {
      clearTimeout(slow);
      if (answer.kind === "ticket") dispatch({ type: "issued", ticket: answer.ticket });
      else if (answer.kind === "refused") dispatch({ type: "refused", refusal: answer.refusal });
      else if (answer.kind === "unpaired") owner.lose();
      else dispatch({ type: answer.kind });
      return;
    }
    await new Promise((resolve) => { setTimeout(resolve, wait * (0.75 + Math.random() / 2)); });
  }
}

function issued() {
  const { ticket, shown } = state;
  if (!ticket || !shown) return;
  startTicketTime();
  const says = phrases(state.lang);
  const booked = state.arrival === null ? "" : `${bookedSentence(ticket, says, shown.office.time_zone)} `;
  announce(`${booked}${says.spokenTicket(ticket.number, ticket.ahead, says.wait(ticket.wait))} ${says.ticketLead}`);
  if (shown.device.settings.print) void print();
}

async function print() {
  printer = await printTicket(state);
  if (state.step === "ticket") startTicketTime();
}

// ---- presses

/** @type {Record<string, (button: HTMLElement) => void>} */
const presses = {
  group: (button) => dispatch({ type: "group", letter: button.dataset.group ?? "" }),
  service: (button) => {
    const service = serviceOf(state, button.dataset.service ?? "");
    if (service && service.availability !== "open") announce(service.reason ? words(service.reason, state.lang) : phrases(state.lang).unavailable[service.availability]);
    dispatch({ type: "service", code: button.dataset.service ?? "" });
  },
  privilege: (button) => dispatch({ type: "privilege", code: button.dataset.code || null }),
  need: (button) => dispatch({ type: "need", code: button.dataset.need ?? "" }),
  take: () => dispatch({ type: "take", key: newKey() }),
  "check-in": () => dispatch({ type: "check-in" }),
  digit: (button) => dispatch({ type: "digit", digit: button.dataset.digit ?? "" }),
  erase: () => dispatch({ type: "erase" }),
  clear: () => dispatch({ type: "clear" }),
  check: () => dispatch({ type: "check" }),
  done: () => dispatch({ type: "reset" }),
  reset: () => { idle.stop(); dispatch({ type: "reset" }); },
  print: () => { void print(); },
  "more-time": () => { if (state.step === "ticket") startTicketTime(); else idle.touch(); },
  more: () => dispatch({ type: "more" }),
  less: () => dispatch({ type: "less" }),
  back: () => dispatch({ type: "back" }),
  home: () => dispatch({ type: "home" }),
  privileges: () => dispatch({ type: "privileges" }),
  lang: () => dispatch({ type: "lang" }),
  contrast: () => dispatch({ type: "contrast" }),
  large: () => dispatch({ type: "large" }),
  low: () => dispatch({ type: "low" }),
};

/** The moment and 80 random bits, as a UUID of version 7 has them: keys of one day lie together in the index, however many years it holds. */
function newKey() {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0"));
  return Date.now().toString(16).padStart(12, "0") + random.join("");
}

/** @type {{at: number, x: number, y: number, step: string}} */
let lastTap = { at: -Infinity, x: 0, y: 0, step: "" };

/**
 * A mouse counts its own clicks; for a finger it is done here, because the place may be another button by now. A key of the keypad pressed twice
 * is two digits.
 * @param {MouseEvent} event
 */
function secondOfDoubleTap(event) {
  const tap = { at: event.timeStamp, x: event.clientX, y: event.clientY, step: state.step };
  const before = lastTap;
  lastTap = tap;
  if (before.step === "check_in" && event.target instanceof Element && event.target.closest(".key")) return false;
  if (!(event instanceof PointerEvent) || event.pointerType !== "touch") return event.detail > 1;
  return tap.at - before.at < DOUBLE_TAP.ms && Math.hypot(tap.x - before.x, tap.y - before.y) < DOUBLE_TAP.px;
}

document.addEventListener("click", (event) => {
  if (secondOfDoubleTap(event)) return;
  const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
  if (button instanceof HTMLElement) presses[button.dataset.action ?? ""]?.(button);
  else if (idle.warning()) idle.touch();  // a press beside the warning is a sign of life too
});
document.addEventListener("pointerdown", touched);
document.addEventListener("click", touched, true);  // a screen reader presses without a pointer
document.addEventListener("keydown", (event) => {
  touched();
  const scanned = scanner.read(event);
  if (scanned !== null) {
    event.preventDefault();  // this Enter ends a code; it presses nothing
    if (idle.warning()) idle.touch();
    dispatch({ type: "scanned", code: scanned });
  } else if (state.step === "check_in") typed(event);
  if (event.key === "Escape" && !idle.warning()) dispatch({ type: state.step === "ticket" ? "reset" : "home" });
});
/** A number on a keyboard. The button that Enter is meant for then has the focus, so that it does what it always does. @param {KeyboardEvent} event */
function typed(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || scanner.words()) return;
  const digit = digitOf(event.code);
  if (digit !== null) dispatch({ type: "digit", digit });
  else if (event.code === "Backspace") dispatch({ type: "erase" });
  else return;
  const button = document.querySelector("[data-action=check]");
  if (button instanceof HTMLElement) button.focus({ preventScroll: true });
}

document.addEventListener("cancel", (event) => { event.preventDefault(); idle.touch(); }, true);  // Escape on the warning: the visitor is here
document.addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("resize", () => { fit(); withScreen(makeRoom); });
document.addEventListener("scroll", () => withScreen(showBelow), { capture: true, passive: true });
void document.fonts.ready.then(() => withScreen(makeRoom));  // the words are as wide as they will be

// The code's image is asked for again when it fails; after the last attempt the words beside it say what matters.
document.addEventListener("error", (event) => {
  const image = event.target;
  if (!(image instanceof HTMLImageElement) || !("qr" in image.dataset)) return;
  const attempt = Number(image.dataset.attempt ?? 0);
  const wait = QR_WAITS_MS[attempt];
  image.dataset.attempt = String(attempt + 1);
  if (wait === undefined) image.closest(".qr")?.setAttribute("data-missing", "");
  else setTimeout(() => { image.src = again(image.src); }, wait);
}, true);

// ---- the beginning

/** Dark at night, while nobody stands there. */
function dim() {
  const settings = state.menu?.device.settings;
  darken(settings && !state.engaged ? darkness(settings.night, hourAndMinute(officeNow(), state.menu?.office.time_zone ?? "UTC")) : 0);
}

render(state);
fit();
owner.start();
// Only the clock in the head moves by itself.
setInterval(() => {
  if (officeNow().getSeconds() >= 5) return;
  render(state);
  dim();
}, 5000);
