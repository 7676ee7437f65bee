const test = require("node:test");
const assert = require("node:assert/strict");
const { load, call, board, iso, START } = require("./load.js");

const { calls, screen, deskScreen } = load(["time", "calls", "screen", "desk-screen"]);
const UP = { up: true, since: 0, problem: "", refused: false };

function view(sent, at = 10000, link = UP, desk = "5") {
  const state = calls.create([]);
  if (sent) { calls.receive(state, deskScreen.ofDesk(sent, desk), 10000); }
  return deskScreen.view(screen.view(state, link, at), state.board, desk);
}

const at = (state, until = null) => board(10, [], { desk_states: [{ number: "5", state, until }, { number: "6", state: "open", until: null }] });

test("only the desk's own visitor is shown, without directions to where one stands", () => {
  const seen = view(board(10, [call(5, 8, { place: { ru: "2 этаж →" } }), call(6, 9)]));
  assert.deepEqual([seen.kind, seen.call.ticket, seen.desk, seen.heading], ["calls", "А005", "5", "Приглашается талон"]);
  assert.deepEqual([seen.now, seen.place, seen.arrow, seen.calls.length, seen.single], [true, "", "", 0, true]);
});

test("a visitor at the desk is being served, not the last call", () => {
  const seen = view(board(10, [call(5, 8, { state: "serving" })]));
  assert.deepEqual([seen.now, seen.heading, seen.verb], [false, "Идёт приём", "окно"]);
});

test("a recall is headed as such", () => {
  assert.equal(view(board(10, [call(5, 9, { recall: true })])).heading, "Повторно приглашается талон");
});

test("each state of a desk without a visitor, always with its number", () => {
  const until = iso(START + 23 * 60e3);
  const said = (...state) => { const seen = view(at(...state)); return [seen.kind, seen.message, seen.desk]; };
  assert.deepEqual(said("open"), ["idle", "Ожидайте вызова", "5"]);
  assert.deepEqual(said("paused"), ["pause", "Перерыв", "5"]);
  assert.deepEqual(said("paused", until), ["pause", "Перерыв до\u00a014:30", "5"]);
  assert.deepEqual(said("technical", until), ["pause", "Технический перерыв до\u00a014:30", "5"]);
  assert.deepEqual(said("closed"), ["closed", "Окно закрыто", "5"]);
});

test("another desk's calls are not announced here", () => {
  const state = calls.create([]);
  calls.receive(state, deskScreen.ofDesk(board(10, [call(6, 9)]), "5"), 10000);
  assert.equal(calls.next(state, 10000), null);
});

test("a desk that the office does not have is said, and not called closed", () => {
  assert.equal(view(at("open"), 10000, UP, "77").message, "Такого окна в\u00a0отделении нет");
});

test("cut off: the call is not now, and after a quarter of an hour it is taken down", () => {
  const lost = { up: false, since: 11000, problem: "" };
  assert.equal(view(board(10, [call(5, 9)]), 15000, lost).now, false);
  const old = view(board(10, [call(5, 9)]), 10000 + 16 * 60000, lost);
  assert.deepEqual([old.kind, old.call, old.single], ["pause", null, true]);
});

test("before the first board it connects like any display", () => {
  assert.equal(view(null, 1000, { up: false, since: 0, problem: "" }).message, "Подключение");
});
