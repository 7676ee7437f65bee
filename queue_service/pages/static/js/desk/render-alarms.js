// State -> colleagues who call for help, above everything else; and, on the button, that one's own call is on its way.

import { elapsed } from "../clock.js";
import { byId, fill, make, write } from "../dom.js";
import { _ } from "../texts.js";

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("./state.js").State} State */

/** @param {State} state @param {number} now server time */
export function renderAlarms({ snapshot }, now) {
  if (!snapshot) return;
  const mine = snapshot.alarms.find((each) => each.mine);
  fill("alarm", mine ? _("Called %(time)s ago", { time: elapsed(now - Date.parse(mine.at)) }) : _("Help"));
  const others = snapshot.alarms.filter((each) => !each.mine);
  const list = byId("alarms");
  const shown = others.map(({ id }) => id).join();
  if (list.dataset.shown !== shown) {
    list.dataset.shown = shown;
    list.replaceChildren(...others.map(banner));
  }
  others.forEach(({ at }, place) => write(list.children[place]?.querySelector("[data-age]"), elapsed(now - Date.parse(at))));
}

/** @param {DeskSnapshot["alarms"][number]} alarm @param {number} place */
function banner({ id, desk, name }, place) {
  /** @type {Record<string, string>} */
  const key = place === 0 ? { "data-key": "F8", "aria-keyshortcuts": "F8" } : {};
  return make("li", { "data-alarm": String(id) },
    make("p", {}, desk ? _("Desk %(desk)s calls for help: %(name)s", { desk, name }) : _("Help is needed: %(name)s", { name })),
    make("span", { class: "num", "data-age": "", "aria-hidden": "true" }),
    make("button", { class: "button small", type: "button", "data-acknowledge": String(id), ...key },
      make("span", {}, _("I am going")), ...(place === 0 ? [make("kbd", { "aria-hidden": "true" }, "F8")] : [])));
}

/** Somebody else has just called. @param {DeskSnapshot | null} before @param {DeskSnapshot} after */
export function newAlarm(before, after) {
  const known = new Set(before?.alarms.map(({ id }) => id));
  return after.alarms.some(({ id, mine }) => !mine && !known.has(id));
}

/** Somebody goes to the one who called from here. @param {DeskSnapshot | null} before @param {DeskSnapshot} after */
export function helpIsComing(before, after) {
  return Boolean(before?.alarms.some(({ mine }) => mine)) && !after.alarms.some(({ mine }) => mine);
}
