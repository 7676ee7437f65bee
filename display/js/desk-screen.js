/* What the small display above one desk says: /display/?office=…&desk=5. The hall's screen (screen.js) gives the clock, the trouble with
   the line and what a dead line means; here stands only what concerns this desk: its number, its state, its visitor. Pure, and silent:
   the hall speaks. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.deskScreen = (function () {
  "use strict";

  /** Only this desk's calls: others are neither shown nor counted as announced here. @param {Board} board @param {string} desk */
  function ofDesk(board, desk) {
    board.calls = board.calls.filter(function (call) { return call.desk === desk; });
    return board;
  }

  /** @param {*} hall what screen.js says of a board that has only this desk's calls @param {Board|null} board @param {string} desk */
  function view(hall, board, desk) {
    hall.single = true;
    hall.calls = [];
    hall.next = [];
    hall.ticker = [];
    hall.desks = "";
    hall.place = "";
    hall.arrow = "";
    if (!board || hall.misleading) { return hall; }
    hall.desk = desk;
    if (hall.call) { showVisitor(hall); } else { showState(hall, board, stateOf(board, desk)); }
    return hall;
  }

  function stateOf(board, desk) {
    return board.desk_states.filter(function (each) { return each.number === desk; })[0] || null;
  }

  function showVisitor(hall) {
    hall.now = !hall.cutOff && hall.call.state === "called";
    hall.heading = hall.call.state === "serving" ? "Идёт приём" : hall.call.recall ? "Повторно приглашается талон" : "Приглашается талон";
    hall.verb = hall.now ? "пройдите к\u00a0окну" : "окно";
  }

  function showState(hall, board, state) {
    var until = state && state.until ? " до\u00a0" + QueueDisplay.time.clock(QueueDisplay.time.parse(state.until), board.office.time_zone) : "";
    hall.kind = "pause";
    hall.heading = "";
    hall.verb = "окно";
    if (!state) {
      hall.kind = "closed";
      hall.message = "Такого окна в\u00a0отделении нет";
    } else if (state.state === "closed") {
      hall.kind = "closed";
      hall.message = "Окно закрыто";
    } else if (state.state === "technical") {
      hall.message = "Технический перерыв" + until;
    } else if (state.state === "paused") {
      hall.message = "Перерыв" + until;
    } else {
      hall.kind = "idle";
      hall.message = "Ожидайте вызова";
    }
  }

  return { ofDesk: ofDesk, view: view };
}());
