// What the desk's screen knows, and what follows from it: the mode and the actions allowed now. No document, no network.

import { elapsed } from "../clock.js";
import { _, ngettext } from "../texts.js";

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {"idle" | "called" | "serving" | "paused"} Mode */
/**
 * @typedef {"call-next" | "start" | "finish" | "resume" | "recall" | "no-show" | "return" | "postpone" | "transfer" | "add-service" | "privilege" | "inaccurate" | "visitor"
 *   | "call-number" | "call-aside" | "message" | "keys-help" | "alarm" | "pause" | "close" | "sign-out"} Action
 */
/** @typedef {Partial<Record<Action, string>>} Actions an action that can be seen -> why it is not allowed yet, or "" */

/**
 * @typedef {object} State
 * @property {DeskSnapshot | null} snapshot the newest
 * @property {DeskSnapshot | null} frozen the one whose queue is shown while updating is paused
 * @property {import("../live.js").Link | "connecting"} link
 * @property {Action | "call" | "confirm-privilege" | null} busy the request under way
 * @property {boolean} retrying the answer got lost, the request is being repeated
 * @property {string} done what the last action did
 * @property {string} failed why the last action did not work
 * @property {number | null} autoCallIn seconds until the next visitor is called by itself
 * @property {boolean} arrived somebody came while the desk was idle and nobody was waiting
 */

/** @returns {State} */
export function initialState() {
  return { snapshot: null, frozen: null, link: "connecting", busy: null, retrying: false, done: "", failed: "", autoCallIn: null, arrived: false };
}

/** @param {DeskSnapshot} snapshot @returns {Mode} */
export function modeOf({ shift, current }) {
  if (current) return current.state;
  return shift?.state === "paused" ? "paused" : "idle";
}

/** @param {DeskSnapshot} snapshot @param {number} now server time @returns {Actions} */
export function actionsOf(snapshot, now) {
  const always = { message: "", "keys-help": "", alarm: "" };
  const reason = _("Finish with the current visitor first.");
  const occupied = { ...always, pause: reason, close: reason, "sign-out": reason };
  // Only who booked has left a name, and it is shown only now.
  const booked = snapshot.current?.booked_for ? { visitor: "" } : {};
  switch (modeOf(snapshot)) {
    case "idle": return {
      ...always, "call-next": "", "call-number": "", "call-aside": snapshot.postponed.length + snapshot.missed.length ? "" : _("nobody is aside"), pause: "", close: "", "sign-out": "",
    };
    case "paused": return { ...always, resume: "", close: "", "sign-out": "" };
    case "called": return { ...occupied, start: "", recall: "", "no-show": whyNoNoShow(snapshot, now), return: "", postpone: "", ...booked };
    case "serving": return {
      ...occupied, finish: "", postpone: "", transfer: "", "add-service": "", inaccurate: "", ...booked, ...(snapshot.current?.privilege ? { privilege: "" } : {}),
    };
  }
}

/** A visitor counts as missing only after enough calls and enough time. @param {DeskSnapshot} snapshot @param {number} now */
function whyNoNoShow({ current, rules }, now) {
  if (!current) return "";
  if (current.no_show_allowed_at === null) {
    return ngettext("after %(n)s more call", "after %(n)s more calls", callsMissing(current, rules));
  }
  const left = Date.parse(current.no_show_allowed_at) - now;
  return left > 0 ? _("in %(time)s", { time: elapsed(left + 999) }) : "";
}

/** Why a press did nothing, as a sentence: the hint on the button is a fragment beside its name. @param {Action} action @param {DeskSnapshot} snapshot @param {number} now */
export function refusalOf(action, snapshot, now) {
  const hint = actionsOf(snapshot, now)[action] ?? "";
  const { current, rules } = snapshot;
  if (action !== "no-show" || !hint || !current) return hint;
  if (current.no_show_allowed_at === null) {
    return ngettext("A no-show can be marked after %(n)s more call.", "A no-show can be marked after %(n)s more calls.", callsMissing(current, rules));
  }
  const seconds = Math.ceil((Date.parse(current.no_show_allowed_at) - now) / 1000);
  return ngettext("A no-show can be marked in %(n)s second.", "A no-show can be marked in %(n)s seconds.", Math.max(1, seconds));
}

/** @param {import("../contract").DeskTicket} ticket @param {DeskSnapshot["rules"]} rules */
function callsMissing(ticket, rules) {
  return Math.max(1, rules.no_show_min_calls - ticket.calls);
}

/** The desk turned to another ticket or another mode: what went wrong before is no longer news. @param {DeskSnapshot | null} before @param {DeskSnapshot} after */
export function movedOn(before, after) {
  return before !== null && (modeOf(before) !== modeOf(after) || before.current?.id !== after.current?.id);
}

/** The desk stood idle with nobody waiting, and now somebody is. @param {DeskSnapshot | null} before @param {DeskSnapshot} after */
export function somebodyCame(before, after) {
  return before !== null && modeOf(before) === "idle" && modeOf(after) === "idle" && before.counts.waiting === 0 && after.counts.waiting > 0;
}
