/* Gets a new version of the page into the halls without anybody going there: at night, when nobody is called, the page compares
   its own files with those of the service and loads itself anew if they differ. By day it never reloads. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.upkeep = (function () {
  "use strict";

  var HOUR = 3;              /* 03:00-04:00 of the office: no hall is open, and the nightly set-up of the service is over */
  var BETWEEN = 600000;      /* milliseconds between two looks: a service that restarts just now gets another chance */

  /** @param {{hour: number, calls: number, sinceLook: number}} moment @return {boolean} */
  function due(moment) { return moment.hour === HOUR && moment.calls === 0 && moment.sinceLook >= BETWEEN; }

  /** A short mark of a long text (FNV-1a): it only has to differ when the text does. @param {string} text */
  function mark(text) {
    var hash = 2166136261, i;
    for (i = 0; i < text.length; i += 1) {
      hash ^= text.charCodeAt(i);
      hash += (hash << 1) + (hash << 4) + (hash << 7) + (hash << 8) + (hash << 24);
    }
    return String(hash >>> 0);
  }

  /** The page, its scripts and styles, and the list of voice clips. */
  function files() {
    var result = [window.location.pathname, QueueDisplay.addresses.voice + "manifest.json"], nodes = document.querySelectorAll("script[src], link[rel=stylesheet]"), i;
    for (i = 0; i < nodes.length; i += 1) { result.push(nodes[i].getAttribute("src") || nodes[i].getAttribute("href")); }
    return result;
  }

  /** The version of all files together, or null if the service did not give every one. @param {(version: string|null) => void} done */
  function version(done) {
    var left = files(), marks = [];
    (function one() {
      var request, url = left.shift();
      if (!url) { done(mark(marks.join())); return; }
      request = new XMLHttpRequest();
      request.open("GET", url);
      request.timeout = 20000;
      request.setRequestHeader("Cache-Control", "no-cache");
      request.onload = function () {
        marks.push(request.status === 200 ? mark(request.responseText) : "none " + request.status);
        if (request.status === 200 || request.status === 404) { one(); } else { done(null); }
      };
      request.onerror = request.ontimeout = function () { done(null); };
      request.send();
    }());
  }

  /** @param {() => {hour: number, calls: number}} hall @return {(at: number) => void} to be told the time now and then */
  function create(hall) {
    var loaded = null, looked = -BETWEEN;
    version(function (found) { loaded = found; });
    return function (at) {
      var moment = hall();
      if (!due({ hour: moment.hour, calls: moment.calls, sinceLook: at - looked })) { return; }
      looked = at;
      version(function (found) {
        if (!found) { return; }
        if (!loaded) { loaded = found; }
        if (found !== loaded && !hall().calls) { window.location.reload(); }
      });
    };
  }

  return { create: create, due: due, mark: mark };
}());
