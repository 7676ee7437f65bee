/**
 * Why: the kiosk's own clock may be wrong by hours; the office's time is what the service says plus what has passed since.
 * Times arrive in UTC and are shown in the time zone of the office.
 */

import { phrases } from "./texts.js";

/** @import {Lang} from "./types.js" */

let ahead = 0;

/** @param {string} now  the service's time, at the moment its answer arrived */
export function setClock(now) {
  const time = Date.parse(now);
  if (!Number.isNaN(time)) ahead = time - Date.now();
}

export const officeNow = () => new Date(Date.now() + ahead);

const locales = { ru: "ru-RU", en: "en-GB" };

/** @param {Date} time @param {string} zone */
export const hourAndMinute = (time, zone) => new Intl.DateTimeFormat("ru-RU", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(time);

/** As printed on a ticket: 12.03.2026 14:03. @param {Date} time @param {string} zone */
export function stamp(time, zone) {
  const day = new Intl.DateTimeFormat("ru-RU", { timeZone: zone, day: "2-digit", month: "2-digit", year: "numeric" }).format(time);
  return `${day} ${hourAndMinute(time, zone)}`;
}

/** «завтра, 13 марта, в 09:00». @param {Date} time @param {string} zone @param {Lang} lang */
export function dayAndTime(time, zone, lang) {
  const says = phrases(lang);
  const date = new Intl.DateTimeFormat(locales[lang], { timeZone: zone, day: "numeric", month: "long" }).format(time).replace(" ", "\u00a0");
  const weekday = new Intl.DateTimeFormat(locales[lang], { timeZone: zone, weekday: "long" }).format(time);
  const away = dayNumber(time, zone) - dayNumber(officeNow(), zone);
  const clock = hourAndMinute(time, zone);
  if (away === 0) return says.at(says.today, clock);
  const day = away === 1 ? `${says.tomorrow}, ${date},` : lang === "ru" ? `${date}, ${weekday},` : `on ${weekday}, ${date},`;
  return says.at(day, clock);
}

/** @param {Date} time @param {string} zone */
function dayNumber(time, zone) {
  const [year, month, day] = new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(time).split("-").map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day ?? 1) / 86_400_000;
}
