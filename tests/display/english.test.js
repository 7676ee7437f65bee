const test = require("node:test");
const assert = require("node:assert/strict");
const { load, call, board, iso, plain, START } = require("./load.js");

const { calls, deskScreen, english, screen } = load(["time", "calls", "screen", "desk-screen", "english"]);
const UP = { up: true, since: 0, problem: "", refused: false };

function state(sent) {
  const received = calls.create([]);
  if (sent) { calls.receive(received, sent, 10000); }
  return received;
}

const view = (sent, at = 10000) => screen.view(state(sent), UP, at);
const said = (sent, at) => plain(english.of(view(sent, at), sent));
const closed = { now: false, opens_at: null, closes_at: null, sentence: null };

const HALLS = {
  called: board(10, [call(1, 9)]),
  recalled: board(10, [call(1, 9, { recall: true })]),
  served: board(10, [call(1, 9, { state: "serving" })]),
  idle: board(10, []),
  "open beyond today": board(10, [], { open: { now: true, opens_at: null, closes_at: iso(START + 40 * 3600e3), sentence: null } }),
  "not yet open": board(10, [], { desks: { open: 0, paused: 0, closed: 9 } }),
  "at a break": board(10, [], { desks: { open: 0, paused: 2, closed: 5 } }),
  closed: board(10, [], { open: closed }),
};

for (const [name, sent] of Object.entries(HALLS)) {
  test(`every word of a hall is also said in English: ${name}`, () => {
    const russian = view(sent), second = said(sent);
    for (const place of ["heading", "message", "verb"]) {
      assert.equal(Boolean(second[place]), Boolean(russian[place]), `${place}: ${russian[place]}`);
      assert.doesNotMatch(second[place], /[а-яё]/i);
    }
  });
}

test("every word above a desk is also said in English", () => {
  const states = ["open", "paused", "technical", "closed"].map((each, index) => (
    { number: String(index + 1), state: each, until: each === "paused" ? iso(START + 3600e3) : null }));
  for (const desk of ["1", "2", "3", "4", "5"]) {
    const sent = board(10, [], { desk_states: states });
    const russian = deskScreen.view(view(sent), sent, desk), second = english.of(russian, sent);
    assert.ok(second.message && second.verb === "desk", `${russian.message}: ${second.message}`);
  }
  for (const each of ["called", "serving"]) {
    const sent = board(10, [call(1, 9, { desk: "1", state: each, place: { ru: "направо", en: "right" } })]);
    const second = english.of(deskScreen.view(view(sent), sent, "1"), sent);
    assert.deepEqual([second.heading, second.verb], each === "called" ? ["Now calling", "please go to desk"] : ["Now serving", "desk"]);
  }
});

test("a hall that nobody hears of says in English too that it waits", () => {
  assert.equal(english.translated(view(HALLS.called, 10000 + 20 * 60e3).verb), "This display waits for its connection. Staff call the numbers.");
});

test("times, the way, the reason of a closure and the messages are those of the office", () => {
  assert.equal(said(HALLS.idle).verb, "Open until\u00a017:07");
  const way = board(10, [call(1, 9, { place: { ru: "2 этаж →", en: "2nd floor →" } })], { ticker: [{ ru: "Паспорт", en: "Passport" }, { ru: "Справка" }] });
  assert.deepEqual([said(way).verb, said(way).ticker], ["please go to desk, 2nd floor", ["Passport"]]);
  const sentence = { ru: "Отделение сейчас закрыто. Откроется 13.03 в 09:07.", en: "The office is closed now. It opens on 13.03 at 09:07." };
  assert.equal(said(board(10, [], { open: { ...closed, sentence } })).verb, "It opens on 13.03 at 09:07.");
});

test("of words that it does not know it says nothing", () => {
  assert.equal(english.translated("Такого отделения нет."), "");
  assert.equal(english.translated(""), "");
});
