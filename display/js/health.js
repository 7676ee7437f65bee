/* Tells the service every minute how this display is, and renews its token when the service asks for it. Best effort: a display that cannot
   report is seen by its silence. Errors of the page are kept for the next report. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.health = (function () {
  "use strict";

  var VERSION = "3";        /* goes up with every change that a display should not do without; devices/rules.py has the same */
  var REPORT = 60000;
  var KEPT_ERRORS = 5;      /* enough to see a pattern, too few to fill a report */
  var ANSWER_WITHIN = 8000;
  var SOUND = { ready: "ok", refused: "blocked", absent: "absent" };

  function post(url, token, body, done) {
    var request = new XMLHttpRequest();
    request.open("POST", url);
    request.timeout = ANSWER_WITHIN;
    request.setRequestHeader("Content-Type", "application/json");
    if (token) { request.setRequestHeader("Authorization", "Bearer " + token); }
    request.onload = function () {
      var answer = null;
      try { answer = request.status < 300 ? JSON.parse(request.responseText) : null; } catch (error) { /* no answer of ours */ }
      done(answer);
    };
    request.onerror = request.ontimeout = function () { done(null); };
    request.send(JSON.stringify(body));
  }

  /** @param {{token: () => string, sound: () => string, onRenewed: (token: string) => void}} display */
  function create(display) {
    var errors = [], roundTrip = null;

    function keep(text) {
      errors.push(String(text));
      if (errors.length > KEPT_ERRORS) { errors.shift(); }
    }

    function report() {
      var token = display.token(), sent = Date.now(), told = errors;
      if (!token) { return; }
      errors = [];
      post(QueueDisplay.addresses.health, token, {
        page: { version: VERSION, errors: told }, sound: SOUND[display.sound()] || "unknown", clock: new Date().toISOString(),
        round_trip_ms: roundTrip, screen: { width: window.innerWidth, height: window.innerHeight }
      }, function (answer) {
        roundTrip = answer ? Math.max(0, Math.min(600000, Date.now() - sent)) : null;
        if (answer && answer.renew) { renew(token); }
      });
    }

    function renew(token) {
      post(QueueDisplay.addresses.token, token, {}, function (answer) {
        if (answer && answer.token && display.token() === token) { display.onRenewed(answer.token); }
      });
    }

    window.addEventListener("error", function (event) { if (event.message) { keep(event.message + " (" + event.filename + ":" + event.lineno + ")"); } });
    window.setInterval(report, REPORT);
    return { report: report };
  }

  return { VERSION: VERSION, create: create, post: post };
}());
