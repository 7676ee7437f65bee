/* Moments as the service writes them (ISO 8601, UTC) and as the hall reads them (the office's own time, in Russian words).
   Why its own file: browsers of 2013 parse no microseconds and know no time zones, so neither Date.parse nor Intl alone will do.
   It never reads the clock: every moment is an argument, in milliseconds since 1970. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.time = (function () {
  "use strict";

  var HOUR = 3600000;
  var MONTHS = ["января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября", "декабря"];
  var DAYS = ["воскресенье", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота"];
  var ON_DAYS = ["в воскресенье", "в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу"];

  /* Hours ahead of UTC, for browsers without Intl time zones. Russia has kept them constant since 2014-2018. */
  var RUSSIA = {
    "Europe/Kaliningrad": 2, "Europe/Moscow": 3, "Europe/Kirov": 3, "Europe/Volgograd": 3, "Europe/Samara": 4, "Europe/Saratov": 4,
    "Asia/Yekaterinburg": 5, "Asia/Omsk": 6, "Asia/Novosibirsk": 7, "Asia/Krasnoyarsk": 7, "Asia/Irkutsk": 8, "Asia/Yakutsk": 9,
    "Asia/Vladivostok": 10, "Asia/Magadan": 11, "Asia/Sakhalin": 11, "Asia/Kamchatka": 12
  };

  /** @param {string} text as in 2026-03-12T11:07:05.123456Z @return {number} milliseconds, or NaN */
  function parse(text) {
    var part = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?Z$/.exec(text);
    if (!part) { return NaN; }
    return Date.UTC(+part[1], +part[2] - 1, +part[3], +part[4], +part[5], +part[6]) + Math.floor(1000 * +(part[7] || 0));
  }

  /** The moment's calendar and clock in a zone, carried by the UTC fields of a Date.
      @param {number} moment @param {string} zone @return {Date} */
  function local(moment, zone) {
    if (RUSSIA.hasOwnProperty(zone)) { return new Date(moment + RUSSIA[zone] * HOUR); }
    try {
      /* en-US gives 3/12/2026, 14:07:05 in every engine; at midnight some say 24. */
      var text = new Date(moment).toLocaleString("en-US", { timeZone: zone, hour12: false, year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
      var part = /(\d+)\/(\d+)\/(\d+)\D+(\d+):(\d+):(\d+)/.exec(text);
      if (part) { return new Date(Date.UTC(+part[3], +part[1] - 1, +part[2], +part[4] % 24, +part[5], +part[6])); }
    } catch (error) { /* an unknown zone: the set's own time is the best guess */ }
    return new Date(moment - new Date(moment).getTimezoneOffset() * 60000);
  }

  function two(number) { return (number < 10 ? "0" : "") + number; }

  /** @param {number} moment @param {string} zone @return {string} 14:07 */
  function clock(moment, zone) {
    var at = local(moment, zone);
    return two(at.getUTCHours()) + ":" + two(at.getUTCMinutes());
  }

  /** @param {number} moment @param {string} zone @return {string} 12 марта, четверг */
  function date(moment, zone) {
    var at = local(moment, zone);
    return at.getUTCDate() + " " + MONTHS[at.getUTCMonth()] + ", " + DAYS[at.getUTCDay()];
  }

  function dayNumber(moment, zone) { return Math.floor(local(moment, zone).getTime() / (24 * HOUR)); }

  /** When something will be, seen from now: «в 09:00», «завтра в 09:00», «в понедельник, 16 марта, в 09:00».
      @param {number} moment @param {number} now @param {string} zone @return {string} */
  function upcoming(moment, now, zone) {
    var days = dayNumber(moment, zone) - dayNumber(now, zone), at = local(moment, zone);
    if (days <= 0) { return "в\u00a0" + clock(moment, zone); }
    if (days === 1) { return "завтра в\u00a0" + clock(moment, zone); }
    return ON_DAYS[at.getUTCDay()] + ", " + at.getUTCDate() + " " + MONTHS[at.getUTCMonth()] + ", в\u00a0" + clock(moment, zone);
  }

  /** The time of an end that lies in this day, where midnight is 24:00; empty for an end on another day.
      @param {number} moment @param {number} now @param {string} zone @return {string} */
  function today(moment, now, zone) {
    if (dayNumber(moment - 1, zone) !== dayNumber(now, zone)) { return ""; }
    return dayNumber(moment, zone) === dayNumber(now, zone) ? clock(moment, zone) : "24:00";
  }

  /** The Russian plural: one, few, many. @param {number} count @param {string[]} forms @return {string} */
  function plural(count, forms) {
    var tens = count % 100, ones = count % 10;
    if (tens >= 11 && tens <= 14) { return forms[2]; }
    return ones === 1 ? forms[0] : ones >= 2 && ones <= 4 ? forms[1] : forms[2];
  }

  /** How long ago, in the largest unit that says enough; seconds step by five, so that the line does not flicker.
      @param {number} milliseconds @return {string} 2 минуты назад */
  function ago(milliseconds) {
    var seconds = Math.max(0, Math.floor(milliseconds / 1000)), minutes = Math.floor(seconds / 60), hours = Math.floor(minutes / 60);
    if (seconds < 5) { return "только что"; }
    if (minutes < 1) {
      seconds -= seconds % 5;
      return seconds + " " + plural(seconds, ["секунду", "секунды", "секунд"]) + " назад";
    }
    if (hours < 1) { return minutes + " " + plural(minutes, ["минуту", "минуты", "минут"]) + " назад"; }
    return hours + " " + plural(hours, ["час", "часа", "часов"]) + " назад";
  }

  /** On the set's own clock, before it is known whose hall it hangs in. @param {Date} moment */
  function hourAndMinute(moment) { return two(moment.getHours()) + ":" + two(moment.getMinutes()); }

  return { hourAndMinute: hourAndMinute, parse: parse, local: local, clock: clock, date: date, upcoming: upcoming, today: today, plural: plural, ago: ago };
}());
