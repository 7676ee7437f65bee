/* A display without a token shows a code until somebody enters it in administration. One code at a time: after a reload the same one goes
   on, and when its ten minutes are over there is another. It never gives up, and does not know what the screen looks like. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.pairing = (function () {
  "use strict";

  var RETRY = 4000;         /* between questions to a service that does not answer */
  var LEAST = 1000;         /* the service keeps a question for 25 s; one that answers at once is not asked in a storm */
  var PATIENCE = 35000;

  /** @param {{version: string, onCode: (code: string, until: Date) => void, onPaired: (paired: {token: string, office: string}) => void}} display
      @return {{stop: () => void}} */
  function create(display) {
    var stopped = false, open = kept();

    function later(work, milliseconds) { window.setTimeout(function () { if (!stopped) { work(); } }, milliseconds); }

    function begin() {
      if (open && open.ends > Date.now()) { show(); return; }
      QueueDisplay.health.post(QueueDisplay.addresses.pairings, "", { kind: "display", version: display.version, previous: open ? open.claim : null }, function (answer) {
        if (stopped) { return; }
        if (!answer || !answer.claim) { later(begin, RETRY); return; }
        /* By the service's clock: the set's own may be wrong by hours. */
        open = {
          claim: answer.claim, code: answer.code,
          ends: Date.now() + QueueDisplay.time.parse(answer.expires_at) - QueueDisplay.time.parse(answer.now)
        };
        QueueDisplay.memory.write("pairing", open);
        show();
      });
    }

    function show() {
      display.onCode(open.code, new Date(open.ends));
      ask();
    }

    function ask() {
      var request = new XMLHttpRequest(), asked = Date.now();
      request.open("GET", QueueDisplay.addresses.pairing(open.claim));
      request.timeout = PATIENCE;
      request.onload = function () {
        var answer = null;
        if (stopped) { return; }
        try { answer = JSON.parse(request.responseText); } catch (error) { /* no answer of ours */ }
        if (request.status === 404) { open.ends = 0; later(begin, LEAST); return; }
        if (request.status === 200 && answer && answer.state === "paired") {
          QueueDisplay.memory.write("pairing", null);
          display.onPaired(answer);
          return;
        }
        later(begin, request.status === 200 ? Math.max(0, LEAST - (Date.now() - asked)) : RETRY);
      };
      request.onerror = request.ontimeout = function () { later(begin, RETRY); };
      request.send();
    }

    begin();
    return { stop: function () { stopped = true; } };
  }

  /** The code that this display showed before it was loaded anew. */
  function kept() {
    var found = QueueDisplay.memory.read("pairing");
    return found && found.claim && found.code && found.ends > Date.now() ? found : null;
  }

  return { create: create };
}());
