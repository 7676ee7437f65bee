/**
 * Why: lays the state over the page: the frame that every screen shares (head, footer, idle warning), and the one screen inside it.
 * It reads the state and nothing else; what a press means is decided in main.js by the button's data-action.
 */

import { hourAndMinute, officeNow } from "./clock.js";
import { fill, h } from "./dom.js";
import { makeRoom } from "./fit.js";
import { icon } from "./icons.js";
import { checkInScreen } from "./screen-check-in.js";
import { chooseScreen, privilegeScreen, textOf } from "./screen-choose.js";
import { confirmScreen } from "./screen-confirm.js";
import { closedScreen, noticeScreen, shutScreen } from "./screen-notice.js";
import { unpairedScreen } from "./screen-pairing.js";
import { printingScreen, ticketScreen } from "./screen-ticket.js";
import { languages, screenOf } from "./state.js";
import { phrases, words } from "./texts.js";

/** @import {State, Screen} from "./state.js" */
/** @typedef {{title: string, say: Node[], act: Node[]}} View */

/** Screens that stand on the deep ground: those where something has happened to the visitor's ticket. @type {Screen[]} */
const DEEP = ["taking", "ticket"];

/** @param {string} selector @returns {HTMLElement} */
function part(selector) {
  const found = document.querySelector(selector);
  if (!(found instanceof HTMLElement)) throw new Error(`index.html has no ${selector}`);
  return found;
}

/** What stood here when the focus was last moved; a new one is announced by moving the focus to its heading. */
let standing = "";

/** @param {State} state */
export function render(state) {
  const screen = screenOf(state);
  const root = document.documentElement;
  root.lang = state.lang;
  setOrRemove(root, "data-theme", state.contrast ? "contrast" : null);
  setOrRemove(root, "data-type", state.large ? "large" : null);
  setOrRemove(root, "data-low", state.low ? "" : null);
  setOrRemove(document.body, "data-ground", DEEP.includes(screen) ? "deep" : null);

  const view = viewOf(state, screen);
  const office = state.shown?.office;
  document.title = office ? `${view.title} · ${words(office.name, state.lang)}` : view.title;
  renderHead(state);
  renderScreen(state, screen, view);
  renderFoot(state);
  makeRoom(part("#screen"));
  renderIdle(state);
}

/** @param {Element} element @param {string} name @param {string | null} value */
function setOrRemove(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}

/** @param {State} state @param {Screen} screen @returns {View} */
function viewOf(state, screen) {
  switch (screen) {
    case "home": case "services": return chooseScreen(state);
    case "privilege": return privilegeScreen(state);
    case "confirm": return confirmScreen(state);
    case "check_in": case "checking": return checkInScreen(state);
    case "taking": return printingScreen(state);
    case "ticket": return ticketScreen(state);
    case "closed": return closedScreen(state);
    case "shut": return shutScreen(state);
    case "unpaired": return unpairedScreen(state);
    default: return noticeScreen(state, screen);
  }
}

/** @param {State} state @param {Screen} screen @param {View} view */
function renderScreen(state, screen, view) {
  const host = part("#screen");
  const place = [screen === "checking" ? "check_in" : screen, state.letter, state.service, Object.values(state.page)].join();
  host.dataset.screen = screen;
  fill(host, h("section", { class: "say", "data-key": place }, ...view.say), view.act.length > 0 && h("section", { class: "act", "data-key": place }, ...view.act));
  if (place !== standing) {
    standing = place;
    host.scrollTop = 0;
    host.querySelector("h1")?.focus({ preventScroll: true });
    if (document.scrollingElement) document.scrollingElement.scrollTop = 0;
  }
}

/** @param {State} state */
function renderHead(state) {
  const office = state.shown?.office ?? state.menu?.office;
  fill(part(".head"),
    h("span", { class: "crest", "aria-hidden": "true" }, "СПб"),
    h("div", { class: "head-name" },
      office ? textOf("b", office.name, state.lang) : h("b", {}, phrases(state.lang).system),
      office && textOf("span", office.address, state.lang, "soft")),
    office && h("time", { class: "num" }, hourAndMinute(officeNow(), office.time_zone)));
}

/** @param {State} state */
function renderFoot(state) {
  const says = phrases(state.lang);
  /** @param {string} action @param {boolean} pressed @param {(Node | string)[]} label */
  const toggle = (action, pressed, ...label) => h("button", { type: "button", class: "button line", "data-action": action, "aria-pressed": String(pressed) }, ...label);
  fill(part(".foot"), h("div", { class: "foot-row", role: "group", "aria-label": says.settings },
    languages(state.menu).length > 1 && h("button", { type: "button", class: "button line", "data-action": "lang", lang: state.lang === "ru" ? "en" : "ru" }, says.language),
    toggle("contrast", state.contrast, says.contrast),
    toggle("large", state.large, says.large),
    toggle("low", state.low, icon("wheelchair"), h("span", {}, says.low))));
}

/** @param {State} state */
function renderIdle(state) {
  const dialog = part(".idle");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const says = phrases(state.lang);
  if (state.idleLeft !== null) {
    fill(dialog,
      h("h2", { id: "idle-title" }, says.idleTitle),
      h("p", { class: "idle-left num" }, String(state.idleLeft)),
      h("p", {}, says.idleLead(state.idleLeft)),
      h("div", { class: "bar" },
        h("button", { type: "button", class: "button big", "data-action": "more-time" }, says.moreTime),
        h("button", { type: "button", class: "button line big", "data-action": "reset" }, says.home)));
    if (!dialog.open) dialog.showModal();
  } else if (dialog.open) dialog.close();
}

/** @param {number} share  of the light that is taken away */
export function darken(share) {
  const dark = part(".dark");
  dark.hidden = share === 0;
  dark.style.opacity = String(share);
}

/** Says something to a screen reader without moving the focus. @param {string} sentence */
export function announce(sentence) {
  const announcer = part("#announcer");
  // The same sentence twice in a row is a change too: an empty text in between makes it one.
  announcer.textContent = "";
  setTimeout(() => { announcer.textContent = sentence; }, 60);
}
