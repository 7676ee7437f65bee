// State -> what surrounds the work: the connection, alarms and messages, the title of the tab.

import { clockTime, elapsed } from "../clock.js";
import { byId, make, write } from "../dom.js";
import { _ } from "../texts.js";
import { keepRows } from "./rows.js";

/** @typedef {import("./contract").Word} Word */

/** @param {import("./state.js").State} state @param {number} now */
export function renderFrame({ link, snapshot }, now) {
  const chip = byId("link");
  chip.dataset.link = link;
  chip.className = `chip ${link === "live" ? "ok" : link === "lost" ? "bad" : link === "polling" ? "warn" : ""}`.trim();
  write(chip, { live: _("online"), polling: _("poor connection"), lost: _("no connection"), connecting: _("connecting") }[link]);
  const lost = link === "lost" && snapshot !== null;
  byId("lost").hidden = !lost;
  write(byId("lost"), lost ? _("No connection with the service. The screen shows how it was at %(time)s; buttons work as soon as the service answers.", { time: clockTime(snapshot.now, snapshot.office.time_zone, true) }) : "");
  if (!snapshot) return;
  words("alarms", snapshot.alarms, now, (word) => [_("Help is needed at desk %(desk)s", { desk: word.desk ?? "—" }), word.name], _("I am on my way"), "data-alarm");
  words("messages", snapshot.messages, now, (word) => [word.text ?? "", [word.desk ? _("desk %(desk)s", { desk: word.desk }) : "", word.name].filter(Boolean).join(", ")], _("Read"), "data-message");
  document.title = `${snapshot.alarms.length > 0 ? "● " : ""}(${snapshot.counts.waiting}) ${_("Hall")}`;
}

/**
 * @param {string} id
 * @param {Word[]} items
 * @param {number} now
 * @param {(word: Word) => [string, string]} say
 * @param {string} answer
 * @param {string} hook
 */
function words(id, items, now, say, answer, hook) {
  byId(id).hidden = items.length === 0;
  keepRows(byId(id), items, (word) => String(word.id), (word) => {
    const [what, who] = say(word);
    const button = make("button", { class: "button small", type: "button", [hook]: String(word.id) }, answer);
    button.hidden = id === "alarms" && word.mine;
    return make("li", {}, make("b", {}, what), make("span", {}, who), make("span", { class: "num", "aria-live": "off", "data-part": "age" }), button);
  }, (row, word) => write(row.querySelector('[data-part="age"]'), elapsed(now - Date.parse(word.at))));
}
