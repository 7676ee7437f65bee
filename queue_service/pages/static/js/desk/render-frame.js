// State -> everything around the work: connection, sound, keys, title of the tab.

import { clockTime, elapsed } from "../clock.js";
import { all, byId, write } from "../dom.js";
import { _ } from "../texts.js";
import { modeOf } from "./state.js";

/** @typedef {import("./state.js").State} State */

/** @param {State} state @param {number} now server time */
export function renderFrame(state, now) {
  renderLink(state, now);
  document.title = titleOf(state);
}

/** @param {State} state @param {number} now */
function renderLink({ link, snapshot }, now) {
  const chip = byId("link");
  chip.dataset.link = link;
  chip.className = `chip ${link === "live" ? "ok" : link === "lost" ? "bad" : link === "polling" ? "warn" : ""}`.trim();
  write(chip, { live: _("online"), polling: _("poor connection"), lost: _("no connection"), connecting: _("connecting") }[link]);
  byId("lost").hidden = link !== "lost" || !snapshot;
  if (link !== "lost" || !snapshot) return write(byId("lost-text"), "");
  write(byId("lost-text"), _("No connection with the service. The screen shows how it was at %(time)s; buttons work as soon as the service answers.", { time: clockTime(snapshot.now, snapshot.office.time_zone, true) }));
  write(byId("lost-age"), elapsed(now - Date.parse(snapshot.now)));
}

/** @param {State} state */
function titleOf({ snapshot, arrived }) {
  if (!snapshot?.shift) return document.title;
  const desk = _("Desk %(desk)s", { desk: snapshot.shift.desk });
  if (snapshot.current) return `${snapshot.current.number} — ${desk}`;
  if (modeOf(snapshot) === "paused") return `${_("Break")} — ${desk}`;
  return `${arrived ? "● " : ""}(${snapshot.counts.waiting}) ${desk}`;
}

/** A switch that is on or off, remembered on this computer. @param {string} id @param {(on: boolean) => void} changed */
export function rememberedSwitch(id, changed) {
  const button = byId(id);
  const name = `desk-${id}`;
  let on = localStorage.getItem(name) !== "off";
  const show = () => {
    button.setAttribute("aria-pressed", String(on));
    changed(on);
  };
  button.addEventListener("click", () => {
    on = !on;
    localStorage.setItem(name, on ? "on" : "off");
    show();
  });
  show();
}

/** The action that stands large on the screen now. */
export function mainButton() {
  return all("button[data-main]").find((button) => !button.hidden);
}
