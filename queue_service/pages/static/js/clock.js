// The server's time in the browser. Clocks of phones and office computers are wrong; what the server said last plus what has
// passed since is right. performance.now() does not jump when somebody sets the computer's clock.

import { language } from "./texts.js";

// A snapshot is as old as its way here, so the newest of all estimates is the truest; one this far behind is a clock set back.
const SET_BACK_MS = 60_000;

let known = false;
let ahead = Date.now() - performance.now();

/** @param {string} now the server's time when it made what was just received */
export function setServerTime(now) {
  const estimate = Date.parse(now) - performance.now();
  if (known && estimate < ahead && estimate > ahead - SET_BACK_MS) return;
  known = true;
  ahead = estimate;
}

/** Milliseconds since 1970 by the server's clock. */
export function serverNow() {
  return ahead + performance.now();
}

/**
 * «14:03», with seconds «14:03:25», on the office's clock.
 * @param {number | string} moment @param {string} zone @param {boolean} [seconds]
 */
export function clockTime(moment, zone, seconds = false) {
  return new Intl.DateTimeFormat(language, {
    timeZone: zone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...(seconds ? { second: "2-digit" } : {}),
  }).format(new Date(moment));
}

/** «0:42», «12:05», «1:02:30»; never negative. @param {number} milliseconds */
export function elapsed(milliseconds) {
  const all = Math.max(0, Math.floor(milliseconds / 1000));
  const hours = Math.floor(all / 3600);
  const minutes = Math.floor(all / 60) % 60;
  const seconds = String(all % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}
