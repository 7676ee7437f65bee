/* Brings whole boards to the page, whatever the network does: a websocket while it works, plain requests while it does not.
   It refuses to interpret a board, and to give up.

   Waiting time before attempt n: between half and the whole of 0.5 s x 2^n, at most 15 s. Half of it is chance, because
   after a restart of the service three thousand displays come back at once. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.connection = (function () {
  "use strict";

  var FIRST = 500, LONGEST = 15000;
  var SILENCE = 25000;      /* the service sends at least every 10 s; a socket without news for so long is dead, whatever it claims */
  var STEADY = 5000;        /* a socket must live so long before the waiting times start anew, or accept-and-drop becomes a storm */
  var POLL = 5000;          /* fresh enough for a hall, light enough for a service in trouble */
  var POLL_AFTER = 2;       /* failed attempts: the first may be nothing but a restart */
  var ANSWER_WITHIN = 8000;
  var REFUSED = 4401;       /* the service's close code for a token that it does not know: asking again at once changes nothing */
  var AFTER_REFUSAL = 60000;

  /** @param {number} attempt from 0 @param {number} chance 0..1 @return {number} milliseconds */
  function delay(attempt, chance) {
    return Math.min(LONGEST, FIRST * Math.pow(2, Math.min(attempt, 10))) * (0.5 + 0.5 * chance);
  }

  /** @param {{live: string, board: string}} addresses
      @param {{onBoard: (board: *, fromSocket: boolean) => void, onLink: (up: boolean, problem: string, refused: boolean) => void}} page
        up: boards reach us; problem: what the service objects to; refused: it does not know our token
      @param {*} [world] what a test replaces: WebSocket, XMLHttpRequest, setTimeout, clearTimeout, random */
  function create(addresses, page, world) {
    var socket = null, failures = 0, retry = 0, watchdog = 0, poll = 0, request = null, pollFailures = 0, polling = false, live = false, refused = false, stopped = false;
    world = world || window;
    var random = world.random || Math.random;

    function later(work, milliseconds) { return world.setTimeout(work, milliseconds); }

    function connect() {
      var mine, opened = 0, dead = false;
      retry = 0;
      if (stopped) { return; }
      if (!world.WebSocket) { failures = POLL_AFTER; startPolling(); return; }
      try { mine = new world.WebSocket(addresses.live); } catch (error) { lost(); return; }
      socket = mine;

      function end(event) {
        if (dead || stopped) { return; }
        refused = Boolean(event && event.code === REFUSED);
        dead = true;
        world.clearTimeout(watchdog);
        mine.onopen = mine.onmessage = mine.onclose = null;
        try { mine.close(); } catch (error) { /* it is closed */ }
        if (socket === mine) { socket = null; }
        if (opened && Date.now() - opened > STEADY) { failures = 0; }
        lost();
      }
      function listen() {
        world.clearTimeout(watchdog);
        watchdog = later(function () { end(null); }, SILENCE);
      }
      listen();
      mine.onopen = function () { opened = Date.now(); listen(); };
      mine.onmessage = function (event) {
        var board = parse(event.data);
        listen();
        if (!board || stopped) { return; }
        live = true;
        stopPolling();
        page.onLink(true, "", false);
        page.onBoard(board, true);
      };
      mine.onclose = end;  /* after every error, too, and it knows the code */
    }

    function lost() {
      live = false;
      if (!polling) { page.onLink(false, "", refused); }
      failures += 1;
      if (refused || failures >= POLL_AFTER) { startPolling(); }
      retry = later(connect, refused ? AFTER_REFUSAL : delay(failures - 1, random()));
    }

    function startPolling() {
      if (polling) { return; }
      polling = true;
      pollFailures = 0;
      ask();
    }

    function stopPolling() {
      polling = false;
      world.clearTimeout(poll);
      if (request) { request.onload = request.onerror = request.ontimeout = null; request.abort(); request = null; }
    }

    function ask() {
      if (stopped) { return; }
      request = new world.XMLHttpRequest();
      request.open("GET", addresses.board);
      request.timeout = ANSWER_WITHIN;
      request.setRequestHeader("Accept-Language", "ru");
      request.onload = function () {
        var body = parse(request.responseText), good = request.status === 200 && body;
        answered(good ? body : null, good || !body ? "" : body.detail || "");
      };
      request.onerror = request.ontimeout = function () { answered(null, ""); };
      request.send();
    }

    function answered(board, problem) {
      request = null;
      pollFailures = board ? 0 : pollFailures + 1;
      poll = later(ask, board ? POLL * (0.8 + 0.4 * random()) : Math.max(POLL, delay(pollFailures, random())));
      page.onLink(Boolean(board), problem, refused);
      if (board) { page.onBoard(board, false); }
    }

    connect();
    return {
      /** For good: the page begins another connection, or none. */
      stop: function () {
        stopped = true;
        world.clearTimeout(retry);
        stopPolling();
        if (socket) { socket.onopen = socket.onmessage = socket.onclose = null; socket.close(); socket = null; }
      },
      /** The set says that the network is back: do not wait for the next turn. */
      hurry: function () {
        if (retry && !live) {
          world.clearTimeout(retry);
          failures = 0;
          retry = later(connect, FIRST * random());
        }
      }
    };
  }

  function parse(text) {
    try { return JSON.parse(text); } catch (error) { return null; }
  }

  return { create: create, delay: delay };
}());
