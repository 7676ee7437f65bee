const test = require("node:test");
const assert = require("node:assert/strict");
const { load, call, board, iso, START } = require("./load.js");

const { calls, screen } = load(["time", "calls", "screen"]);
const UP = { up: true, since: 0, problem: "", refused: false };

function received(sent) {
  const state = calls.create([]);
  calls.receive(state, sent, 10000);
  return state;
}

function view(sent, at = 10000, link = UP) {
  const state = calls.create([]);
  if (sent) { calls.receive(state, sent, 10000); }
  return screen.view(state, link, at);
}

test("a fresh call is now, large, with its desk and the way", () => {
  const seen = view(board(10, [call(12, 9, { ticket: "А012", desk: "5", place: { ru: "2 этаж, направо →" } })]));
  assert.equal(seen.kind, "calls");
  assert.equal(seen.heading, "Приглашается талон");
  assert.ok(seen.now);
  assert.deepEqual([seen.desk, seen.place, seen.arrow], ["5", "2 этаж, направо", "→"]);
});

test("a recall is headed as such", () => {
  assert.equal(view(board(10, [call(1, 9, { recall: true })])).heading, "Повторно приглашается талон");
});

test("a visitor at the desk is not called any more: no brass, another heading", () => {
  const seen = view(board(10, [call(1, 9, { state: "serving" })]));
  assert.equal(seen.now, false);
  assert.equal(seen.heading, "Последний вызов");
});

test("words like left are never turned into arrows", () => {
  assert.equal(screen.direction("налево от входа").arrow, "");
});

test("nobody called: what to do, and until when", () => {
  const seen = view(board(10, []));
  assert.deepEqual([seen.kind, seen.message, seen.verb], ["idle", "Ожидайте вызова", "Приём до\u00a017:07"]);
  assert.equal(seen.desks, "Работают 7 окон");
});

test("an office that does not close today just says that it works", () => {
  const open = { now: true, opens_at: null, closes_at: iso(START + 40 * 3600e3), sentence: null };
  assert.equal(view(board(10, [], { open })).verb, "Идёт приём");
});

test("no desk open yet is no technical break", () => {
  assert.equal(view(board(10, [], { desks: { open: 0, paused: 0, closed: 9 } })).verb, "Окна скоро откроются");
});

test("all desks paused is a technical break", () => {
  const seen = view(board(10, [], { desks: { open: 0, paused: 2, closed: 5 } }));
  assert.deepEqual([seen.kind, seen.message], ["pause", "Технический перерыв"]);
});

test("a closed office says when it opens, in the words of the service if it has some", () => {
  const open = { now: false, opens_at: iso(START + 19 * 3600e3), closes_at: null, sentence: null };
  assert.equal(view(board(10, [], { open })).verb, "Откроется завтра в\u00a009:07");
  const said = (ru) => view(board(10, [], { open: { ...open, sentence: { ru } } })).verb;
  assert.equal(said("Отделение сейчас закрыто. Откроется 13.03 в 09:07."), "Откроется завтра в\u00a009:07");
  assert.equal(said("Сегодня отделение закрыто: санитарный день. Откроется 13.03 в 09:07."), "Сегодня отделение закрыто: санитарный день. Откроется завтра в\u00a009:07");
  assert.equal(view(board(10, [], { open: { ...open, opens_at: null } })).verb, "Приём сейчас не ведётся");
});

test("the last visitors are served after closing: their calls stay on the screen", () => {
  assert.equal(view(board(10, [call(1, 9)], { open: { now: false, opens_at: null, closes_at: null, sentence: null } })).kind, "calls");
});

test("25 s of silence are said, with the age of the data", () => {
  const sent = board(10, [call(1, 9)]);
  assert.equal(view(sent, 35000).cutOff, "");
  const seen = view(sent, 10000 + 125000);
  assert.equal(seen.cutOff, "Нет связи. Данные на 14:07, 2 минуты назад");
  assert.equal(seen.now, false, "a call that nobody can vouch for is not now");
});

test("a closed line is said at once, a hiccup is not", () => {
  const sent = board(10, [call(1, 9)]), link = { up: false, since: 11000, problem: "" };
  assert.equal(view(sent, 12000, link).cutOff, "");
  assert.match(view(sent, 13000, link).cutOff, /^Нет связи/);
});

test("calls of a quarter of an hour ago mislead and are taken down", () => {
  const seen = view(board(10, [call(1, 9)]), 10000 + 16 * 60000, { up: false, since: 11000, problem: "" });
  assert.deepEqual([seen.kind, seen.call], ["pause", null]);
  assert.match(seen.cutOff, /16 минут назад/);
});

test("before the first board the page says that it connects, then that it cannot", () => {
  assert.equal(view(null, 1000, { up: false, since: 0, problem: "" }).message, "Подключение");
  assert.equal(view(null, 9000, { up: false, since: 0, problem: "" }).message, "Технический перерыв");
  assert.equal(view(null, 9000, { up: false, since: 0, problem: "Такого отделения нет." }).verb, "Такого отделения нет.");
});

test("desks at a break are named in the running line, and closed ones, while they are few", () => {
  const said = (states, more = {}) => screen.view(received(board(10, [], { desk_states: states, ticker: [{ ru: "Добро пожаловать" }], ...more })), UP, 10000).ticker;
  const desk = (number, state, until = null) => ({ number, state, until });
  const until = iso(START + 23 * 60e3);
  assert.deepEqual(said([desk("1", "open"), desk("3", "paused", until), desk("6", "technical")]), ["Добро пожаловать", "На перерыве: окно\u00a03 до\u00a014:30, окно\u00a06"]);
  assert.deepEqual(said([desk("1", "open"), desk("8", "closed"), desk("9", "closed")]), ["Добро пожаловать", "Закрыто: окно\u00a08, окно\u00a09"]);
  assert.deepEqual(said(["1", "2", "3", "4", "5"].map((number) => desk(number, "closed"))), ["Добро пожаловать"]);
  assert.deepEqual(said([desk("8", "closed")], { open: { now: false, opens_at: null, closes_at: null, sentence: null } }), ["Добро пожаловать"]);
});

test("the way of who needs an accessible desk is marked", () => {
  assert.equal(view(board(10, [call(1, 9, { accessible: true })])).accessible, true);
  assert.equal(view(board(10, [call(1, 9)])).accessible, false);
});
