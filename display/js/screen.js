/* From what is known to what the hall reads: which of the screens it is, and every word on it. Pure: the same input gives the
   same screen, so each state of the hall is a test in one line.

   kinds: "connecting" nothing known yet, "pause" technical break, "closed", "idle" open and nobody called, "calls". */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.screen = (function () {
  "use strict";

  var SILENCE = 25000;      /* the service speaks every 10 s: two and a half missed heartbeats */
  var HICCUP = 1500;        /* a socket that is back sooner was not worth a word */
  var MISLEADING = 900000;  /* 15 minutes: older calls send people to desks where others sit by now */
  var LISTED = 4;           /* desks at a break, or closed ones, that are named in the running line */
  var PATIENCE = 5000;      /* a page that has just been opened may look for the service so long */

  function ru(text) { return text ? text.ru : ""; }

  /** @param {*} state of calls.js
      @param {{up: boolean, since: number, problem: string, refused: boolean}} link since when the line is up or down, what the service objects
        to, and whether it does not know our token
      @param {number} at */
  function view(state, link, at) {
    var board = state.board, lost = lostSince(state, link, at);
    if (!board) { return unknown(link, at); }
    var now = QueueDisplay.calls.serverNow(state, at), zone = board.office.time_zone;
    var result = {
      kind: kind(board, lost !== null && at - state.receivedAt > MISLEADING),
      office: ru(board.office.name), zone: board.zone ? ru(board.zone.name) : "",
      time: QueueDisplay.time.clock(now, zone), date: QueueDisplay.time.date(now, zone),
      cutOff: lost === null ? "" : "Нет связи. Данные на " +
        QueueDisplay.time.clock(QueueDisplay.time.parse(board.now), zone) + ", " + QueueDisplay.time.ago(at - state.receivedAt),
      warning: link.refused ? "Ключ табло не принят: показан весь зал с обычными настройками" : "",
      heading: "", message: "", verb: "", desk: "", place: "", arrow: "", accessible: false, now: false, call: null, calls: [], single: false,
      misleading: lost !== null && at - state.receivedAt > MISLEADING,
      next: board.next, desks: desksLine(board), ticker: tickerLines(board)
    };
    if (result.kind === "calls") { showCall(result, state, lost !== null); }
    if (result.kind === "idle") { showIdle(result, board, now); }
    if (result.kind === "closed") { showClosed(result, board, now); }
    if (result.kind === "pause") { showPause(result, lost !== null); }
    return result;
  }

  /** Since when nothing fresh reaches us, or null. */
  function lostSince(state, link, at) {
    if (!link.up && at - link.since > HICCUP) { return link.since; }
    return at - state.receivedAt > SILENCE ? state.receivedAt : null;
  }

  function kind(board, misleading) {
    if (misleading) { return "pause"; }
    if (board.calls.length) { return "calls"; }
    if (!board.open.now) { return "closed"; }
    return board.desks.open === 0 && board.desks.paused > 0 ? "pause" : "idle";
  }

  function unknown(link, at) {
    var result = {
      kind: "connecting", office: "", zone: "", time: "", date: "", cutOff: "", warning: "", heading: "", message: "Подключение", verb: "", desk: "", place: "", arrow: "",
      accessible: false, now: false, call: null, calls: [], single: false, misleading: false, next: [], desks: "", ticker: []
    };
    if (!link.up && at - link.since > PATIENCE) {
      result.kind = "pause";
      result.message = "Технический перерыв";
      result.verb = link.problem || "Табло ждёт связи. Приём идёт, вызовы объявляют сотрудники зала.";
      result.cutOff = link.problem ? "" : "Нет связи";
    }
    return result;
  }

  function showCall(result, state, cutOff) {
    var call = QueueDisplay.calls.big(state), pointed = direction(ru(call.place));
    result.call = call;
    result.now = !cutOff && (call.state === "called" || state.speaking === call);
    result.heading = !result.now ? "Последний вызов" : call.recall ? "Повторно приглашается талон" : "Приглашается талон";
    result.verb = result.now ? "пройдите к\u00a0окну" : "окно";
    result.desk = call.desk;
    result.place = pointed.text;
    result.arrow = pointed.arrow;
    result.accessible = Boolean(call.accessible);
    result.calls = QueueDisplay.calls.others(state);
  }

  function showIdle(result, board, now) {
    var until = board.open.closes_at && QueueDisplay.time.today(QueueDisplay.time.parse(board.open.closes_at), now, board.office.time_zone);
    result.message = "Ожидайте вызова";
    result.verb = board.desks.open === 0 ? "Окна скоро откроются" : until ? "Приём до\u00a0" + until : "Идёт приём";
  }

  function showClosed(result, board, now) {
    var sentence = ru(board.open.sentence), opens = "";
    if (board.open.opens_at) {
      /* The service's sentence ends with the opening in figures; here, where it is read from afar, it is said in words. */
      opens = "Откроется " + QueueDisplay.time.upcoming(QueueDisplay.time.parse(board.open.opens_at), now, board.office.time_zone);
      sentence = sentence.replace(/\s*Откроется.*$/, "");
    }
    result.message = "Отделение закрыто";
    result.verb = [sentence.replace(/^Отделение сейчас закрыто\.\s*/, ""), opens].filter(Boolean).join(" ") || "Приём сейчас не ведётся";
    result.desks = "";
  }

  function showPause(result, cutOff) {
    result.message = "Технический перерыв";
    result.verb = cutOff ? "Табло ждёт связи. Приём идёт, вызовы объявляют сотрудники зала." : "Окна на перерыве. Талоны действуют, очередь сохраняется.";
    if (cutOff) { result.next = []; result.desks = ""; }
  }

  function desksLine(board) {
    var open = board.desks.open, plural = QueueDisplay.time.plural;
    if (!board.open.now || !open) { return ""; }
    return plural(open, ["Работает ", "Работают ", "Работают "]) + open + " " + plural(open, ["окно", "окна", "окон"]);
  }

  /** The running line: the messages of the office, and which desks do not work now; the line of the next numbers is too short for that. */
  function tickerLines(board) {
    return board.ticker.map(ru).concat(
      listed("На перерыве: ", board, ["paused", "technical"]), board.desks.open ? listed("Закрыто: ", board, ["closed"]) : []
    );
  }

  /** The desks in these states in one sentence, or none where they are more than a glance takes in. @return {string[]} */
  function listed(title, board, states) {
    var found = !board.open.now ? [] : board.desk_states.filter(function (desk) { return states.indexOf(desk.state) >= 0; });
    if (!found.length || found.length > LISTED) { return []; }
    return [title + found.map(function (desk) {
      var until = desk.until ? " до\u00a0" + QueueDisplay.time.clock(QueueDisplay.time.parse(desk.until), board.office.time_zone) : "";
      return "окно\u00a0" + desk.number + until;
    }).join(", ")];
  }

  /** «→ 2 этаж» or «2 этаж →» -> the arrow, drawn large, and the words. Words like "налево" are not turned into arrows: left of
      the entrance may be right of this screen. @param {string} place */
  function direction(place) {
    var found = /[←↑→↓↖↗↘↙]/.exec(place || "");
    return { arrow: found ? found[0] : "", text: (place || "").replace(/[←↑→↓↖↗↘↙]/g, "").replace(/^[\s,]+|[\s,]+$/g, "") };
  }

  return { view: view, direction: direction };
}());
