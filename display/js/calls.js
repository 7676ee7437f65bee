/* Which calls there are and which of them are still to be announced. The one place that decides what the hall hears.
   The rules: every call_id is announced once, oldest first, only if it reaches us younger than 30 s by the service's clock.
   What came while we were cut off is on the board anyway, so it is shown; if it is old, it is not spoken.
   No clock, no page, no sound in here: `at` is local milliseconds from a clock that never jumps. */

/** @typedef {{call_id: number, ticket: string, desk: string, place: {ru: string, en?: string}|null, called_at: string, recall: boolean, state: string, zone: string|null, accessible?: boolean}} Call
   @typedef {{now: string, calls: Call[], next: string[], ticker: {ru: string, en?: string}[], desks: {open: number, paused: number, closed: number},
     desk_states: {number: string, state: string, until: string|null}[],
     office: {slug: string, name: {ru: string, en?: string}, time_zone: string}, zone: {code: string, name: {ru: string, en?: string}}|null,
     open: {now: boolean, opens_at: string|null, closes_at: string|null, sentence: {ru: string, en?: string}|null},
     settings: {distance_m: number, screen_inches?: number, volume: number, rows: number, theme: string, gong: boolean,
       night?: {from: string, to: string, dim: number}|null, languages?: string[], closed?: {ru: string, en?: string}|null}}} Board */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.calls = (function () {
  "use strict";

  var FRESH = 30000;      /* an older call has been answered, or its visitor is looking at the screen by now */
  var KNOWN_LIMIT = 500;  /* ids kept in memory: an office has at most some dozens of calls on the board, days pass */

  /** @param {number[]} announced ids spoken before the page was reloaded */
  function create(announced) {
    var state = {
      board: /** @type {Board} */ (null), receivedAt: 0, ahead: 0,
      known: {}, knownCount: 0, waiting: /** @type {number[]} */ ([]), speaking: /** @type {Call} */ (null)
    };
    announced.forEach(function (id) { know(state, id); });
    return state;
  }

  function know(state, id) {
    if (state.known[id]) { return false; }
    state.known[id] = true;
    state.knownCount += 1;
    return true;
  }

  /** The service's time. Before the first board it is the set's own, `at` plus whatever the caller put into `ahead`. */
  function serverNow(state, at) { return at + state.ahead; }

  function age(state, call, at) { return serverNow(state, at) - QueueDisplay.time.parse(call.called_at); }

  function find(state, id) {
    return state.board.calls.filter(function (call) { return call.call_id === id; })[0] || null;
  }

  /** A whole snapshot has come. @param {Board} board @param {number} at */
  function receive(state, board, at) {
    state.board = board;
    state.receivedAt = at;
    state.ahead = QueueDisplay.time.parse(board.now) - at;
    oldestFirst(board.calls).forEach(function (call) {
      if (know(state, call.call_id) && age(state, call, at) < FRESH) { state.waiting.push(call.call_id); }
    });
    if (state.speaking) { state.speaking = find(state, state.speaking.call_id) || state.speaking; }
    forgetOld(state);
  }

  function oldestFirst(calls) {
    return calls.slice().sort(function (one, other) {
      return QueueDisplay.time.parse(one.called_at) - QueueDisplay.time.parse(other.called_at) || one.call_id - other.call_id;
    });
  }

  function forgetOld(state) {
    if (state.knownCount <= KNOWN_LIMIT) { return; }
    state.known = {};
    state.knownCount = 0;
    state.board.calls.forEach(function (call) { know(state, call.call_id); });
  }

  /** The next call to announce, which becomes the one being spoken; null when there is none. A call that has left the board
      meanwhile (recalled, returned, served) is passed over, and so is one whose visitor has long been at the desk. */
  function next(state, at) {
    var call;
    state.speaking = null;
    while (state.waiting.length) {
      call = find(state, state.waiting.shift());
      if (call && (call.state === "called" || age(state, call, at) < FRESH)) {
        state.speaking = call;
        return call;
      }
    }
    return null;
  }

  /** The call shown very large: the one being spoken, else the newest. */
  function big(state) {
    return state.speaking || (state.board && state.board.calls[0]) || null;
  }

  /** All others, newest first. */
  function others(state) {
    var shown = big(state);
    return !state.board ? [] : state.board.calls.filter(function (call) { return call.call_id !== shown.call_id; });
  }

  /** Which of the others fit into `slots` rows: who is still on the way to a desk before who has arrived. If even those are
      too many, they take turns, page by page. @return {{ids: Object<string, boolean>, page: number, pages: number}} */
  function visible(calls, slots, at) {
    var PAGE = 7000;  /* milliseconds: enough to read six rows at a distance */
    var onTheWay = calls.filter(function (call) { return call.state === "called"; });
    var arrived = calls.filter(function (call) { return call.state !== "called"; });
    var pages = Math.max(1, Math.ceil(onTheWay.length / slots)), page = Math.floor(at / PAGE) % pages, ids = {};
    onTheWay.slice(page * slots, page * slots + slots).concat(pages > 1 ? [] : arrived).slice(0, slots)
      .forEach(function (call) { ids[call.call_id] = true; });
    return { ids: ids, page: page, pages: pages };
  }

  return { FRESH: FRESH, create: create, receive: receive, next: next, big: big, others: others, visible: visible, serverNow: serverNow };
}());
