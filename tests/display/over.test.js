// What lies over the screen, and how dark the night is.
const test = require("node:test");
const assert = require("node:assert");
const { load, plain } = require("./load.js");

const { night, over } = load(["night", "over"]);
const NIGHT = { from: "21:30", to: "07:00", dim: 60 };
const hall = (more) => plain(over.what({ board: true, refused: false, code: null, settings: {}, clock: "23:15", called: false, ...more }));

test("it is dark from the first minute to the last, also over midnight", () => {
  const dark = ["21:29", "21:30", "00:00", "06:59", "07:00", "12:00"].map((clock) => night.darkness(NIGHT, clock));
  assert.deepEqual(dark, [0, 0.6, 0.6, 0.6, 0, 0]);
  assert.deepEqual(["12:59", "13:00", "13:59", "14:00"].map((clock) => night.darkness({ from: "13:00", to: "14:00", dim: 30 }, clock)), [0, 0.3, 0.3, 0]);
  assert.equal(night.darkness(null, "23:00"), 0);
  assert.equal(night.darkness(NIGHT, ""), 0);
});

test("whoever is called sees the call at any hour", () => {
  assert.equal(hall({ settings: { night: NIGHT } }).dark, 0.6);
  assert.equal(hall({ settings: { night: NIGHT }, called: true }).dark, 0);
  assert.equal(hall({ settings: { night: NIGHT, closed: { ru: "Закрыто" } }, called: true }).dark, 0.6);
});

test("a display that belongs to nobody shows its code in two groups", () => {
  const lost = hall({ board: false, code: { code: "483291", until: "14:35" }, settings: { closed: { ru: "Закрыто" }, night: NIGHT } });
  assert.equal(lost.pairing.code, "483\u00a0291");
  assert.match(lost.pairing.until, /14:35/);
  assert.equal(lost.pairing.title, "Табло не\u00a0подключено");
  assert.equal(lost.shut, null);
  assert.equal(lost.dark, 0);
  assert.equal(hall({ board: false, refused: true }).pairing.title, "Табло отключено от\u00a0отделения");
  assert.equal(hall({ settings: { closed: { ru: "Закрыто" } } }).shut.ru, "Закрыто");
});
