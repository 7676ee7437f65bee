// The questions before a call that is not the next in the queue: which number and why, which of those who were put aside.

import { clockTime } from "../../clock.js";
import { byId, write } from "../../dom.js";
import { _, pick } from "../../texts.js";
import { ask, chosen, input, offer } from "./frame.js";

/** @typedef {import("../../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("../../contract").HallTicket} HallTicket */
/** @typedef {{ ticket: number, reason: string | null }} Call */

// What a Latin keyboard gives for the letters of tickets that look the same.
/** @type {Record<string, string>} */
const LOOK_ALIKES = { A: "А", B: "В", E: "Е", K: "К", M: "М", H: "Н", P: "Р", C: "С", T: "Т", Y: "У" };

/** «а12», «A012» and «А 012» are one number. @param {string} typed */
function plain(typed) {
  const [, letter = "", digits = ""] = /^\s*(\p{L}?)[\s-]*0*(\d+)\s*$/u.exec(typed) ?? [];
  const upper = letter.toUpperCase();
  return digits && (LOOK_ALIKES[upper] ?? upper) + digits;
}

/** By number among all whom this desk may call; a bare «12» if only one has it. @param {DeskSnapshot} snapshot @param {string} typed */
function find({ queue, postponed, missed }, typed) {
  const wanted = plain(typed);
  if (!wanted) return undefined;
  const all = [...queue, ...postponed, ...missed];
  const exact = all.find(({ number }) => plain(number) === wanted);
  const sameDigits = all.filter(({ number }) => plain(number).slice(1) === wanted);
  return exact ?? (sameDigits.length === 1 ? sameDigits[0] : undefined);
}

/** @param {() => DeskSnapshot | null} current it changes while the clerk types @returns {Promise<Call | null>} */
export async function askForNumber(current) {
  const number = input("call-number");
  const reason = input("call-reason");
  number.value = reason.value = "";
  const look = () => {
    const snapshot = current();
    const found = snapshot ? find(snapshot, number.value) : undefined;
    const outOfTurn = Boolean(snapshot?.queue.some((each) => each === found));
    reason.required = outOfTurn;
    byId("call-reason-field").hidden = found !== undefined && !outOfTurn;
    number.setCustomValidity(found ? "" : _("No ticket with this number waits for this desk."));
    write(byId("call-number-found"), found
      ? `${found.number} · ${pick(found.service_name)}`
      : number.value.trim() ? _("No ticket with this number waits for this desk.") : "");
    return found;
  };
  number.oninput = look;
  look();
  if ((await ask("call-number-dialog")) !== "call") return null;
  const found = look();
  return found ? { ticket: found.id, reason: reason.required ? reason.value.trim() : null } : null;
}

/** @param {DeskSnapshot} snapshot @param {number} [first] the ticket to begin with @returns {Promise<Call | null>} */
export async function askWhomToCall({ postponed, missed, office }, first) {
  const all = [...postponed, ...missed].sort((one, other) => Number(other.id === first) - Number(one.id === first));
  offer("call-aside-choices", all.map((ticket) => ({
    value: String(ticket.id), label: `${ticket.number} · ${pick(ticket.service_name)}`, more: whyAside(ticket, office.time_zone),
  })));
  if ((await ask("call-aside-dialog")) !== "call") return null;
  const ticket = chosen("call-aside-choices");
  return ticket ? { ticket: Number(ticket), reason: null } : null;
}

/** «Нет документов · вернётся в 14:30» @param {HallTicket} ticket @param {string} zone */
export function whyAside({ state, postpone_reason: reason, postponed_until: until, ended_at: ended }, zone) {
  if (state === "no_show") return ended ? _("did not come at %(time)s", { time: clockTime(ended, zone) }) : _("did not come");
  return [pick(reason), until ? _("returns at %(time)s", { time: clockTime(until, zone) }) : _("until called")].filter(Boolean).join(" · ");
}
