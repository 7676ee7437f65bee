/* What must survive a reload: the calls announced a moment ago, the device's token and settings. Everything is bounded, and a
   browser that forbids storage gets a page that works and only forgets.
   Announcements live in sessionStorage: they belong to this window; a second screen on the same box speaks for itself. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.memory = (function () {
  "use strict";

  var KEEP = 60000;  /* milliseconds: after 30 s a call is not spoken anyway; twice that covers a wrong clock */

  /** @param {string} name @param {Storage} [storage] */
  function read(name, storage) {
    try { return JSON.parse((storage || window.localStorage).getItem("queue-display." + name)); } catch (error) { return null; }
  }

  function write(name, value, storage) {
    try { (storage || window.localStorage).setItem("queue-display." + name, JSON.stringify(value)); } catch (error) { /* forgets */ }
  }

  function session() {
    try { return window.sessionStorage || window.localStorage; } catch (error) { return undefined; }
  }

  /** @param {number} now the set's own clock: it is the same before and after a reload @return {number[]} */
  function announced(now) {
    return recent(now).map(function (entry) { return entry[0]; });
  }

  function recent(now) {
    var entries = read("announced", session());
    return Array.isArray(entries) ? entries.filter(function (entry) { return Math.abs(now - entry[1]) < KEEP; }) : [];
  }

  function remember(callId, now) {
    write("announced", recent(now).concat([[callId, now]]), session());
  }

  return { read: read, write: write, announced: announced, remember: remember };
}());
