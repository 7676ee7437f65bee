/**
 * Why: the screens where something is chosen from a list: service groups, services, privileges. At most eight at once, the numbers before the
 * choice, and whatever cannot be chosen stays visible with its reason.
 */

import { h } from "./dom.js";
import { icon } from "./icons.js";
import { groupOf, listOf, offersCheckIn, pageCount, showsServicesDirectly, visibleOf } from "./state.js";
import { phrases, words, wordsLang } from "./texts.js";

/** @import {State} from "./state.js" */
/** @import {Group, Service, Text, Lang, Wait} from "./types.js" */
/** @import {View} from "./render.js" */

/** Longer lists need the room themselves. */
const ROOM_FOR_STEPS = 5;

/** @param {State} state @returns {View} */
export function chooseScreen(state) {
  const says = phrases(state.lang);
  const group = state.step === "services" ? groupOf(state) : null;
  const title = group ? words(group.name, state.lang) : says.chooseService;
  const items = visibleOf(state);
  // Groups are short names side by side; services are long names, one to a line.
  const grouped = !group && !showsServicesDirectly(state);
  return {
    title,
    say: [
      h("h1", { tabindex: -1, lang: group && foreign(group.name, state.lang) }, title),
      h("p", { class: "lead" }, group ? says.chooseService : says.chooseServiceLead),
    ],
    act: [
      h("ul", { class: grouped ? "cards" : "rows", "data-lines": grouped ? null : items.length }, ...items.map((item) => h("li", {},
        "services" in item ? groupCard(item, state.lang) : serviceCard(/** @type {Service} */ (item), state.lang)))),
      ...(items.length <= ROOM_FOR_STEPS ? [steps(state.lang)] : []),
      bar(state, group ? [backButton(state)] : offersCheckIn(state) ? [checkInButton(state.lang)] : []),
    ],
  };
}

/** @param {Lang} lang */
const checkInButton = (lang) => h("button", { type: "button", class: "button huge booked", "data-action": "check-in" }, icon("calendar"), h("span", {}, phrases(lang).haveBooking));

/** On a short list there is room to say what comes next. @param {Lang} lang */
function steps(lang) {
  return h("ol", { class: "steps" }, ...phrases(lang).steps.map((step, index) => h("li", {}, h("span", { class: "step num", "aria-hidden": "true" }, String(index + 1)), h("span", {}, step))));
}

/** @param {State} state @returns {View} */
export function privilegeScreen(state) {
  const says = phrases(state.lang);
  const rows = visibleOf(state).map((item) => {
    if (!("document" in item)) return null;
    return h("li", {}, h("button", { type: "button", class: "card", "data-action": "privilege", "data-code": item.code, "aria-pressed": String(item.code === state.privilege) },
      textOf("b", item.name, state.lang), textOf("span", item.document, state.lang, "card-under")));
  });
  return {
    title: says.privilegeTitle,
    say: [h("h1", { tabindex: -1 }, says.privilegeTitle), h("p", { class: "lead" }, says.privilegeLead)],
    act: [
      h("ul", { class: "rows", "data-lines": rows.length }, ...rows),
      bar(state, [backButton(state), h("button", { type: "button", class: "button quiet big", "data-action": "privilege", "data-code": "" }, says.privilegeNone)]),
    ],
  };
}

/** @param {Group} group @param {Lang} lang */
function groupCard(group, lang) {
  const [only] = group.services;
  if (group.services.length === 1 && only) return serviceCard(only, lang, group.letter);
  const says = phrases(lang);
  const open = group.services.filter((service) => service.availability === "open");
  return h("button", { type: "button", class: "card", "data-action": "group", "data-group": group.letter },
    textOf("b", group.name, lang),
    open.length > 0
      ? h("span", { class: "card-facts" }, fact("list", says.services(group.services.length)), fact("clock", says.waitShort(span(open))))
      : h("span", { class: "card-facts" }, fact("closed", reasonOf(group.services[0], lang))),
    letter(group.letter));
}

/** @param {Service} service @param {Lang} lang @param {string} [mark] */
function serviceCard(service, lang, mark) {
  const says = phrases(lang);
  const open = service.availability === "open";
  return h("button", { type: "button", class: "card", "data-action": "service", "data-service": service.code, "aria-disabled": open ? null : "true" },
    textOf("b", service.name, lang),
    open
      ? h("span", { class: "card-facts" }, fact("people", says.waiting(service.ahead)), fact("clock", says.waitShort(service.wait)))
      : h("span", { class: "card-facts" }, fact("closed", reasonOf(service, lang))),
    mark && letter(mark));
}

/** The letter that the ticket's number will begin with. @param {string} sign */
const letter = (sign) => h("span", { class: "letter", "aria-hidden": "true" }, sign);

/** @param {string} sign @param {string} sentence */
const fact = (sign, sentence) => h("span", { class: "fact" }, icon(sign), h("span", { class: "num" }, sentence));

/** From the shortest to the longest wait in a group. @param {Service[]} services @returns {Wait | null} */
function span(services) {
  const known = services.flatMap((service) => service.wait ?? []);
  return known.length > 0 ? { low: Math.min(...known.map((wait) => wait.low)), high: Math.max(...known.map((wait) => wait.high)) } : null;
}

/** @param {Service | undefined} service @param {Lang} lang */
function reasonOf(service, lang) {
  if (service?.reason) return words(service.reason, lang);
  const why = service?.availability;
  return phrases(lang).unavailable[why && why !== "open" ? why : "closed"];
}

/** The language to mark words of the service with, when it is not the page's. @param {Text} text @param {Lang} lang */
export const foreign = (text, lang) => (wordsLang(text, lang) === lang ? null : wordsLang(text, lang));

/** An element with words of the service. @param {string} tag @param {Text} text @param {Lang} lang @param {string} [name] */
export const textOf = (tag, text, lang, name) => h(tag, { class: name, lang: foreign(text, lang) }, words(text, lang));

/** @param {State} state */
export const backButton = (state) => h("button", { type: "button", class: "button line big", "data-action": "back" }, icon("back"), h("span", {}, phrases(state.lang).back));

/** The buttons under a list, with paging where one screen is not enough. @param {State} state @param {Node[]} before */
function bar(state, before) {
  const says = phrases(state.lang);
  const list = listOf(state);
  const pages = list ? pageCount(list) : 1;
  const page = list ? state.page[list.name] : 0;
  /** @param {string} action @param {string} name @param {string} sign */
  const turn = (action, name, sign) => h("button", { type: "button", class: "button quiet big", "data-action": action },
    action === "less" && icon(sign), h("span", {}, name), action === "more" && icon(sign));
  return h("div", { class: "bar", "data-words": says.moreBelow }, ...before,
    page > 0 && turn("less", says.less, "back"),
    pages > 1 && h("span", { class: "pages soft num" }, h("span", { class: "visually-hidden" }, says.page), `${page + 1} / ${pages}`),
    page < pages - 1 && turn("more", says.more, "next"));
}
