/**
 * Why: the screens that only say something: the service is away, the office or this kiosk is closed, a ticket was refused. One calm
 * heading, one sentence that says what to do, and never a dead end without a person to turn to.
 */

import { dayAndTime } from "./clock.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { bookingRefusedScreen } from "./screen-check-in.js";
import { phrases, words, wordsLang } from "./texts.js";

/** @import {State, Screen} from "./state.js" */
/** @import {Phrases} from "./texts.js" */
/** @import {View} from "./render.js" */

/** @param {State} state @param {Screen} screen @returns {View} */
export function noticeScreen(state, screen) {
  const says = phrases(state.lang);
  switch (screen) {
    case "away": return notice("again", says.awayTitle, [h("p", { class: "lead" }, says.awayLead), h("p", { class: "lead soft" }, says.awayHelp)]);
    case "trouble": return notice("again", says.troubleTitle, [h("p", { class: "lead" }, says.troubleLead)], [button(state.arrival === null ? "take" : "check", says.tryAgain, "huge"), homeButton(says.home)]);
    case "refused": return state.arrival === null ? refused(state, says) : bookingRefusedScreen(state);
    default: return notice("again", says.startTitle, [h("p", { class: "lead" }, says.startLead)]);
  }
}

/** @param {State} state @returns {View} */
export function closedScreen(state) {
  const says = phrases(state.lang);
  const open = state.shown?.open;
  const zone = state.shown?.office.time_zone ?? "UTC";
  return notice("clock", says.closedTitle, [
    ...(open?.opens_at ? [h("p", { class: "opens num" }, says.opens(dayAndTime(new Date(open.opens_at), zone, state.lang)))] : []),
    open?.sentence ? h("p", { class: "lead soft", lang: wordsLang(open.sentence, state.lang) }, words(open.sentence, state.lang)) : h("p", { class: "lead soft" }, says.closedLead),
  ]);
}

/** Administration has closed this kiosk: its own words, in both languages where there are both. @param {State} state @returns {View} */
export function shutScreen(state) {
  const closed = state.shown?.device.settings.closed ?? { ru: "" };
  const says = phrases(state.lang);
  const other = state.lang === "ru" ? closed.en : closed.ru;
  return notice("closed", words(closed, state.lang), [
    ...(other && other !== words(closed, state.lang) ? [h("p", { class: "lead", lang: state.lang === "ru" ? "en" : "ru" }, other)] : []),
    h("p", { class: "lead soft" }, says.shutLead),
  ], [], wordsLang(closed, state.lang));
}

/** @param {State} state @param {Phrases} says @returns {View} */
function refused(state, says) {
  const { code, detail, lang } = state.refusal ?? { code: "", detail: "", lang: state.lang };
  return notice("closed", refusalTitle(code, says), [h("p", { class: "lead", lang: detail ? lang : null }, detail || says.refusedLead)],
    [button("home", says.another, "huge")]);
}

/** @param {string} code  the problem's code @param {Phrases} says */
function refusalTitle(code, says) {
  switch (code) {
    case "service_closed": return says.unavailable.closed;
    case "booking_only": return says.unavailable.booking_only;
    case "daily_limit_reached": return says.unavailable.limit_reached;
    case "office_closed": return says.closedTitle;
    default: return says.refusedTitle;
  }
}

/** @param {string} sign @param {string} title @param {Node[]} sentences @param {Node[]} [buttons] @param {string | null} [lang] @returns {View} */
function notice(sign, title, sentences, buttons = [], lang = null) {
  return {
    title,
    say: [h("div", { class: "notice" }, h("span", { class: "sign" }, icon(sign)), h("h1", { tabindex: -1, lang }, title), ...sentences)],
    act: buttons.length > 0 ? [h("div", { class: "bar" }, ...buttons)] : [],
  };
}

/** @param {string} action @param {string} label @param {string} size */
const button = (action, label, size) => h("button", { type: "button", class: `button ${size}`, "data-action": action }, label);

/** @param {string} label */
const homeButton = (label) => h("button", { type: "button", class: "button line big", "data-action": "home" }, icon("home"), h("span", {}, label));
