/**
 * Why: the screens of a visitor who has booked: the code, typed or scanned, and what stands in the way of checking in. A refusal is the service's
 * own sentence under a calm heading, and always with the next thing to do.
 */

import { hourAndMinute } from "./clock.js";
import { h, svg } from "./dom.js";
import { icon } from "./icons.js";
import { CODE_LENGTH } from "./state.js";
import { phrases, tied } from "./texts.js";

/** @import {State} from "./state.js" */
/** @import {Phrases} from "./texts.js" */
/** @import {Ticket} from "./types.js" */
/** @import {View} from "./render.js" */

const GROUP = CODE_LENGTH / 2;
const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];
/** Refusals that are about another place or time: whoever reads them is done here, a ticket is the second choice. */
const ELSEWHERE = ["check_in_too_early", "other_day", "other_office"];

/** @param {State} state @returns {View} */
export function checkInScreen(state) {
  const says = phrases(state.lang);
  const busy = state.step === "checking";
  return {
    title: busy ? says.checking : says.checkInTitle,
    say: [
      h("h1", { tabindex: -1 }, says.checkInTitle),
      h("div", { class: "scan" }, drawing(), h("div", { class: "scan-words" }, h("h2", {}, says.scanTitle), h("p", {}, says.scanLead))),
      h("div", { class: "code-box" },
        h("div", { class: "code-head" },
          h("h2", {}, says.codeTitle),
          h("p", { class: state.short ? "code-hint short" : "code-hint soft" }, hint(state, says))),
        busy && !state.typed ? h("p", { class: "code-read" }, icon("check"), h("span", {}, says.codeRead)) : code(state)),
    ],
    act: [
      h("div", { class: "keypad", role: "group", "aria-label": says.codeTitle, "data-busy": busy },
        ...DIGITS.map((digit) => key(digit, busy)),
        control("clear", says.eraseAll, null, busy),
        key("0", busy),
        control("erase", says.eraseDigit, "erase", busy)),
      h("div", { class: "bar", "data-words": says.moreBelow },
        h("button", { type: "button", class: "button huge", "data-action": "check", "aria-disabled": busy ? "true" : null }, says.checkIn),
        leave("back", "back", says.back, busy),
        leave("home", "home", says.home, busy)),
    ],
  };
}

/** @param {State} state @param {Phrases} says */
function hint(state, says) {
  if (state.step === "checking") return state.slow ? says.printingSlow : says.checking;
  return state.short ? says.codeShort(CODE_LENGTH - state.typed.length) : says.codeHint;
}

/** Two groups of four places; a screen reader gets the digits in one sentence. @param {State} state */
function code(state) {
  const { typed } = state;
  /** @param {number} place */
  const cell = (place) => h("span", { class: "cell", "data-next": state.step === "check_in" && place === typed.length }, typed[place] ?? "");
  /** @param {number} from */
  const group = (from) => h("span", { class: "cells" }, ...Array.from({ length: GROUP }, (_, index) => cell(from + index)));
  return h("p", { class: "code num", "data-code": typed },
    h("span", { class: "visually-hidden" }, phrases(state.lang).codeTyped([...typed].join(" "))),
    h("span", { class: "code-cells", "aria-hidden": "true" }, group(0), h("span", { class: "code-dash" }, "–"), group(GROUP)));
}

/** @param {string} digit @param {boolean} busy */
const key = (digit, busy) => h("button", { type: "button", class: "key num", "data-action": "digit", "data-digit": digit, "aria-disabled": busy ? "true" : null }, digit);

/** @param {string} action @param {string} label @param {string | null} sign @param {boolean} busy */
const control = (action, label, sign, busy) => h("button", { type: "button", class: "key word", "data-action": action, "aria-disabled": busy ? "true" : null }, sign && icon(sign), h("span", {}, label));

/** @param {string} action @param {string} sign @param {string} label @param {boolean} [busy] */
const leave = (action, sign, label, busy = false) => h("button", { type: "button", class: "button line big", "data-action": action, "aria-disabled": busy ? "true" : null }, icon(sign), h("span", {}, label));

/** A phone with a code, held before the window of a kiosk's scanner; most makers put it under the screen, so the words do not say where it is. */
function drawing() {
  /** @param {number} x @param {number} y @param {number} width @param {number} height @param {string} name @param {number} [rx] */
  const box = (x, y, width, height, name, rx = 0) => svg("rect", { x, y, width, height, rx, class: name });
  /** @param {number} x @param {number} y */
  const corner = (x, y) => [box(x, y, 13, 13, "d-line", 1.5), box(x + 4.5, y + 4.5, 4, 4, "d-dark")];
  const dots = [[17, 0], [21, 4], [17, 9], [0, 17], [6, 19], [12, 17], [17, 17], [23, 20], [29, 17], [20, 24], [26, 27], [32, 24], [17, 30], [31, 31]];
  return svg("svg", { class: "drawing", viewBox: "0 0 176 112", "aria-hidden": "true" },
    svg("path", { class: "d-beam", d: "M124 84L56 34v72z" }),
    svg("g", { transform: "rotate(-6 45 56)" },
      box(14, 4, 60, 104, "d-card", 9),
      svg("path", { class: "d-line", d: "M38 11h12" }),
      svg("g", { transform: "translate(26 38)" }, ...corner(0, 0), ...corner(23, 0), ...corner(0, 23), ...dots.map(([x = 0, y = 0]) => box(x, y, 4, 4, "d-dark")))),
    box(112, 3, 60, 106, "d-body", 7),
    box(120, 11, 44, 50, "d-card", 3),
    svg("path", { class: "d-line", d: "M128 21h18M128 30h28M128 39h28" }),
    box(124, 72, 36, 24, "d-window", 4),
    svg("path", { class: "d-ray", d: "M128 84h28" }));
}

/** What the ticket of a booking says besides its number. @param {Ticket} ticket @param {Phrases} says @param {string} zone */
export function bookedSentence(ticket, says, zone) {
  if (ticket.late) return says.bookedLate;
  return says.booked(ticket.starts_at ? hourAndMinute(new Date(ticket.starts_at), zone) : "");
}

/** @param {State} state @returns {View} */
export function bookingRefusedScreen(state) {
  const says = phrases(state.lang);
  const { code: why, detail, lang, starts_at } = state.refusal ?? { code: "", detail: "", lang: state.lang, starts_at: null };
  const title = tied(says.bookingTitles[why] ?? says.bookingTitle);
  const elsewhere = ELSEWHERE.includes(why);
  const zone = state.shown?.office.time_zone ?? "UTC";
  return {
    title,
    say: [h("div", { class: "notice", "data-refusal": why },
      h("span", { class: "sign" }, icon(signs[why] ?? "missing")),
      h("h1", { tabindex: -1 }, title),
      detail && h("p", { class: elsewhere ? "opens num" : "lead", lang: lang === state.lang ? null : lang }, tied(detail)),
      why === "check_in_too_early" && starts_at && h("p", { class: "lead" }, `${says.booked(hourAndMinute(new Date(starts_at), zone))}.`),
      h("p", { class: "lead soft" }, says.bookingNext[why] ?? says.bookingHelp))],
    act: [h("div", { class: "bar" }, ...waysOn(why, says))],
  };
}

/** @type {Record<string, string>} */
const signs = { check_in_too_early: "clock", other_day: "calendar", other_office: "place", appointment_past: "clock" };

/** @param {string} why @param {Phrases} says @returns {Node[]} */
function waysOn(why, says) {
  /** @param {string} action @param {string} label @param {string} size */
  const button = (action, label, size) => h("button", { type: "button", class: `button ${size}`, "data-action": action }, label);
  if (why === "check_in_too_early") return [button("done", says.done, "huge")];
  if (ELSEWHERE.includes(why)) return [button("done", says.done, "huge"), button("home", says.walkIn, "line big")];
  if (why === "unknown_reference") return [button("check-in", says.retype, "huge"), button("home", says.walkIn, "line big"), leave("home", "home", says.home)];
  return [button("home", says.walkIn, "huge"), leave("home", "home", says.home)];
}
