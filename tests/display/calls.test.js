const test = require("node:test");
const assert = require("node:assert/strict");
const { load, plain, call, board } = require("./load.js");

const { calls } = load(["time", "calls"]);
const hall = (announced = []) => calls.create(announced);
const spoken = (state, at) => {
  const ids = [];
  for (let next = calls.next(state, at); next; next = calls.next(state, at)) { ids.push(next.call_id); }
  return ids;
};

test("several calls at once are announced oldest first", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 7), call(2, 8), call(3, 9)]), 10000);
  assert.deepEqual(spoken(state, 10000), [1, 2, 3]);
});

test("calls of the same second are announced in the order of their ids", () => {
  const state = hall();
  calls.receive(state, board(10, [call(7, 9), call(5, 9), call(6, 9)]), 10000);
  assert.deepEqual(spoken(state, 10000), [5, 6, 7]);
});

test("the same board again announces nothing", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9)]), 10000);
  assert.deepEqual(spoken(state, 10000), [1]);
  for (let at = 11; at < 40; at += 1) { calls.receive(state, board(at, [call(1, 9)]), at * 1000); }
  assert.deepEqual(spoken(state, 40000), []);
});

test("a call that comes again while it waits for its turn is announced once", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9)]), 10000);
  calls.receive(state, board(10, [call(1, 9)]), 10050);
  assert.deepEqual(spoken(state, 10100), [1]);
});

test("a call older than 30 s by the service's clock is shown and not announced", () => {
  const state = hall();
  calls.receive(state, board(100, [call(1, 69.9), call(2, 70.1)]), 5);
  assert.equal(calls.big(state).call_id, 2);
  assert.deepEqual(plain(calls.others(state)).map((c) => c.call_id), [1]);
  assert.deepEqual(spoken(state, 5), [2]);
});

test("the page's own clock does not matter", () => {
  const state = hall();
  calls.receive(state, board(100, [call(1, 95)]), 999999999);
  assert.deepEqual(spoken(state, 999999999), [1]);
});

test("what was announced before a reload is not announced again", () => {
  const state = hall([1]);
  calls.receive(state, board(10, [call(1, 8), call(2, 9)]), 10000);
  assert.deepEqual(spoken(state, 10000), [2]);
});

test("a recall is another call of the same ticket; the first one, not yet spoken, is passed over", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9)]), 10000);
  calls.receive(state, board(11, [call(2, 11, { ticket: "А001", recall: true })]), 11000);
  assert.deepEqual(spoken(state, 11000), [2]);
});

test("a visitor who has long been at the desk is not called any more", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9), call(2, 9)]), 10000);
  calls.receive(state, board(45, [call(1, 9, { state: "serving" }), call(2, 9)]), 45000);
  assert.deepEqual(spoken(state, 45000), [2], "the one still on the way waited for its turn and is called");
});

test("a visitor who was quick is still called aloud while the call is fresh", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9, { state: "serving" })]), 10000);
  assert.deepEqual(spoken(state, 10000), [1]);
});

test("the call being spoken is the large one, then the newest stays", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 8), call(2, 9)]), 10000);
  assert.equal(calls.big(state).call_id, 2);
  calls.next(state, 10000);
  assert.equal(calls.big(state).call_id, 1);
  assert.deepEqual(plain(calls.others(state)).map((c) => c.call_id), [2]);
  calls.next(state, 13000);
  assert.equal(calls.big(state).call_id, 2);
  calls.next(state, 16000);
  assert.equal(calls.big(state).call_id, 2);
});

test("a call that ends while it is spoken stays large until it has been said", () => {
  const state = hall();
  calls.receive(state, board(10, [call(1, 9)]), 10000);
  calls.next(state, 10000);
  calls.receive(state, board(11, []), 11000);
  assert.equal(calls.big(state).call_id, 1);
  calls.next(state, 13000);
  assert.equal(calls.big(state), null);
});

test("who is on the way comes before who has arrived when rows are short", () => {
  const list = [call(5, 5, { state: "serving" }), call(4, 4), call(3, 3, { state: "serving" }), call(2, 2)];
  assert.deepEqual(Object.keys(calls.visible(list, 3, 0).ids), ["2", "4", "5"]);
});

test("more people on the way than rows take turns, and each is shown", () => {
  const list = [...Array(16).keys()].map((id) => call(id + 1, 1));
  const seen = new Set();
  for (let at = 0; at < 21000; at += 500) { Object.keys(calls.visible(list, 6, at).ids).forEach((id) => seen.add(id)); }
  assert.equal(seen.size, 16);
  assert.equal(calls.visible(list, 6, 0).pages, 3);
});

test("weeks of calls do not fill the memory, and nothing on the board is forgotten", () => {
  const state = hall();
  for (let id = 1; id <= 20000; id += 1) {
    calls.receive(state, board(id, [call(id - 1, id - 1), call(id, id)]), id * 1000);
    assert.ok(state.knownCount <= 502);
    assert.deepEqual(spoken(state, id * 1000), id === 1 ? [0, 1] : [id]);
  }
});
