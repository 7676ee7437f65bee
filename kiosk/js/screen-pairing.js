/**
 * Why: the screen of a kiosk that belongs to nobody yet, or no more: a code so large that it is read from the administrator's desk. In both
 * languages at once, because nobody has chosen one, and with a word for the visitor who came by.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { phrases } from "./texts.js";

/** @import {State} from "./state.js" */
/** @import {Lang} from "./types.js" */
/** @import {View} from "./render.js" */

/** @param {State} state @returns {View} */
export function unpairedScreen(state) {
  const [own, other] = state.lang === "ru" ? /** @type {Lang[]} */ (["ru", "en"]) : /** @type {Lang[]} */ (["en", "ru"]);
  const says = phrases(own ?? "ru");
  const title = state.revoked ? says.revokedTitle : says.unpairedTitle;
  return {
    title,
    say: [h("div", { class: "notice pairing" },
      h("span", { class: "sign" }, icon("link")),
      h("h1", { tabindex: -1 }, title),
      h("p", { class: "lead" }, says.unpairedLead),
      h("div", { class: "code-card" }, ...codeOf(state, own ?? "ru")),
      h("div", { class: "staff soft", lang: other }, ...inOther(state, other ?? "en")))],
    act: [],
  };
}

/** @param {State} state @param {Lang} lang @returns {Node[]} */
function codeOf(state, lang) {
  const says = phrases(lang);
  if (!state.pairing) return [h("p", { class: "lead" }, says.pairingSoon)];
  const { code, until } = state.pairing;
  return [
    h("h2", { id: "pairing" }, says.pairingCode),
    // Digit by digit for a screen reader, in two groups for the eye.
    h("p", { class: "pairing-code num", "data-code": code },
      h("span", { "aria-hidden": "true" }, code.slice(0, 3)), h("span", { "aria-hidden": "true" }, code.slice(3)), h("span", { class: "visually-hidden" }, [...code].join(" "))),
    h("p", {}, says.pairingWhere),
    h("p", { class: "soft num" }, says.pairingUntil(until)),
  ];
}

/** The same in the other language, smaller. @param {State} state @param {Lang} lang @returns {Node[]} */
function inOther(state, lang) {
  const says = phrases(lang);
  return [
    h("p", {}, h("b", {}, state.revoked ? says.revokedTitle : says.unpairedTitle), ". ", says.unpairedLead),
    ...(state.pairing ? [h("p", { class: "num" }, says.pairingCode, " ", `${state.pairing.code.slice(0, 3)}\u00a0${state.pairing.code.slice(3)}`, ". ", says.pairingWhere, " ", says.pairingUntil(state.pairing.until))] : []),
  ];
}
