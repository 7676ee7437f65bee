/* The same screen in English, for a display that shows both languages: smaller, and below the Russian. Pure: it translates what screen.js and
   desk-screen.js have decided to say, and decides nothing itself. Of a sentence that it does not know it says nothing: a wrong word would be
   worse than the Russian alone. The voice stays Russian: the clips are. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.english = (function () {
  "use strict";

  var UNTIL = /\sдо\s(\d\d?:\d\d)$/;  /* «Приём до 18:00», «Перерыв до 14:30» */
  var PHRASES = {
    "Приглашается талон": "Now calling",
    "Повторно приглашается талон": "Called again",
    "Последний вызов": "Called last",
    "Идёт приём": "Now serving",
    "Приём": "Open",
    "Ожидайте вызова": "Please wait to be called",
    "Окна скоро откроются": "Desks will open soon",
    "Отделение закрыто": "The office is closed",
    "Приём сейчас не ведётся": "No visitors are received now",
    "Технический перерыв": "Technical break",
    "Перерыв": "Break",
    "Окна на перерыве. Талоны действуют, очередь сохраняется.": "The desks have a break. Tickets and the queue stay as they are.",
    "Табло ждёт связи. Приём идёт, вызовы объявляют сотрудники зала.": "This display waits for its connection. Staff call the numbers.",
    "Окно закрыто": "This desk is closed",
    "Такого окна в отделении нет": "This office has no such desk",
    "пройдите к окну": "please go to desk",
    "окно": "desk"
  };

  /** @param {string} russian @return {string} "" for what has no translation */
  function translated(russian) {
    var until = UNTIL.exec(russian), known = PHRASES[russian.replace(UNTIL, "").replace(/\u00a0/g, " ")];
    return known ? known + (until ? " until\u00a0" + until[1] : "") : "";
  }

  /** @param {*} view what the screen says in Russian @param {Board|null} board @return {{heading: string, message: string, verb: string, ticker: string[]}} */
  function of(view, board) {
    var verb = translated(view.verb), way = view.call && !view.single && view.call.place && view.call.place.en;
    /* Why and until when an office is closed only the service knows. */
    if (view.kind === "closed" && !view.single && board && board.open.sentence) { verb = (board.open.sentence.en || "").replace(/^The office is closed now\.\s*/, "") || verb; }
    if (way) { verb += ", " + QueueDisplay.screen.direction(way).text; }
    return {
      heading: translated(view.heading), message: translated(view.message), verb: verb.replace(/, $/, ""), ticker: view.single || !board ? [] : board.ticker.map(english).filter(Boolean)
    };
  }

  function english(text) { return text.en || ""; }

  return { of: of, translated: translated, NONE: { heading: "", message: "", verb: "", ticker: [] } };
}());
