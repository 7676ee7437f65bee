/**
 * Why: the one screen between the choice and the ticket. The ordinary visitor reads what to bring and presses the one blue button; who needs
 * help in the hall or may pass first finds it here, and nobody else is asked.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { backButton, foreign, textOf } from "./screen-choose.js";
import { privilegeOf, serviceOf } from "./state.js";
import { phrases, uncapitalised, words } from "./texts.js";

/** @import {State} from "./state.js" */
/** @import {View} from "./render.js" */

/** @param {State} state @returns {View} */
export function confirmScreen(state) {
  const says = phrases(state.lang);
  const service = serviceOf(state, state.service);
  if (!service) return { title: says.chooseService, say: [h("h1", { tabindex: -1 }, says.chooseService)], act: [h("div", { class: "bar", "data-words": says.moreBelow }, backButton(state))] };
  return {
    title: words(service.name, state.lang),
    say: [
      h("p", { class: "eyebrow" }, says.youChose),
      h("h1", { tabindex: -1, lang: foreign(service.name, state.lang) }, words(service.name, state.lang)),
      h("dl", { class: "facts" },
        h("div", {}, h("dt", {}, says.ahead), h("dd", { class: "num" }, says.aheadValue(service.ahead))),
        h("div", {}, h("dt", {}, says.waitLabel), h("dd", { class: "num" }, says.wait(service.wait)))),
      ...(service.documents.length > 0 ? [h("div", { class: "bring" },
        h("h2", {}, says.bring),
        h("ul", {}, ...service.documents.map((document) => h("li", {}, icon("document"), textOf("span", document, state.lang)))))] : []),
    ],
    act: [...asks(state), h("div", { class: "bar", "data-words": says.moreBelow },
      h("button", { type: "button", class: "button huge", "data-action": "take" }, says.take),
      backButton(state),
      h("button", { type: "button", class: "button line big", "data-action": "home" }, icon("home"), h("span", {}, says.home)))],
  };
}

/** What only some visitors need. @param {State} state @returns {Node[]} */
function asks(state) {
  const says = phrases(state.lang);
  const menu = state.shown;
  const asked = [];
  if (menu && menu.needs.length > 0) {
    asked.push(h("div", { class: "needs", role: "group", "aria-labelledby": "needs-title" },
      h("h2", { id: "needs-title" }, says.needsTitle),
      h("div", { class: "needs-row" }, ...menu.needs.map((need) => h("button", {
        type: "button", class: "choice", "data-action": "need", "data-need": need.code, "aria-pressed": String(state.needs.includes(need.code)),
      }, icon(need.code), textOf("span", need.name, state.lang), tick())))));
  }
  if (menu && menu.privileges.length > 0) asked.push(privilegeButton(state));
  return asked;
}

/** @param {State} state */
function privilegeButton(state) {
  const says = phrases(state.lang);
  const chosen = privilegeOf(state);
  return h("button", { type: "button", class: "choice wide", "data-action": "privileges", "data-chosen": chosen ? "" : null },
    icon("first"),
    h("span", { class: "choice-words" },
      h("b", {}, chosen ? `${says.privilegeChosen}: ${uncapitalised(words(chosen.name, state.lang))}` : says.privilegeAsk),
      h("span", { class: "soft" }, chosen ? says.show(words(chosen.document, state.lang)) : categories(state))),
    chosen ? tick() : icon("next"));
}

/** The question names its categories, so that nobody has to open it to learn that it is not about them. @param {State} state */
function categories(state) {
  const names = (state.shown?.privileges ?? []).map((privilege) => uncapitalised(words(privilege.name, state.lang)));
  return `${phrases(state.lang).privilegeWho}: ${names.join(", ")}`;
}

const tick = () => h("span", { class: "tick" }, icon("check"));
