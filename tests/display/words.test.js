const test = require("node:test");
const assert = require("node:assert/strict");
const { load, plain } = require("./load.js");

const { words } = load(["words"]);
const call = (ticket, desk, recall = false) => ({ ticket, desk, recall });

test("a call is the sentence of the domain", () => {
  assert.equal(words.sentence(call("А012", "5")), "Талон А двенадцать, пройдите к окну номер пять.");
});

test("a recall says that it is one", () => {
  assert.equal(words.sentence(call("В101", "12", true)), "Повторно приглашается талон В сто один, пройдите к окну номер двенадцать.");
  assert.equal(words.clips(call("В101", "12", true))[0], "recall");
});

test("clips follow the sentence, with a pause at the comma and a falling end", () => {
  assert.deepEqual(plain(words.clips(call("К237", "21"))), ["ticket", "К", "200", "30", "7", 0.3, "go", "20", "1-end"]);
});

for (const [number, expected] of [
  [0, [0]], [7, [7]], [10, [10]], [19, [19]], [20, [20]], [99, [90, 9]], [100, [100]], [111, [100, 11]], [240, [200, 40]], [1000, [1000]],
  [2014, [2000, 14]], [9999, [9000, 900, 90, 9]], [5001, [5000, 1]],
]) {
  test(`${number} is said as ${expected.join(" + ")}`, () => assert.deepEqual(plain(words.pieces(number)), expected));
}

test("every number a ticket can have is said by clips that exist", () => {
  const clips = new Set([...Array(20).keys(), 20, 30, 40, 50, 60, 70, 80, 90, ...[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((n) => [n * 100, n * 1000])]);
  for (let number = 0; number < 10000; number += 1) {
    const pieces = words.pieces(number);
    assert.ok(pieces.every((piece) => clips.has(piece)), String(number));
    assert.equal(pieces.reduce((sum, piece) => sum + piece, 0), number);
  }
});

test("Latin look-alikes are read as the Russian letters they stand for", () => {
  assert.equal(words.clips(call("H012", "5"))[1], "Н");
  assert.equal(words.clips(call("b012".replace("b", "B"), "5"))[1], "В");
});

test("what has no word is left out, and a call without a speakable desk ends after the ticket", () => {
  assert.deepEqual(plain(words.clips(call("А-012", "холл"))), ["ticket", "А", "12-end"]);
  assert.equal(words.sentence(call("А012", "")), "Талон А двенадцать.");
});

test("a desk may carry a letter", () => {
  assert.deepEqual(plain(words.clips(call("А001", "5А"))), ["ticket", "А", "1", 0.3, "go", "5", "А"]);
});

test("numbers of five figures are said figure by figure", () => {
  assert.equal(words.sentence(call("А10203", "1")), "Талон А один ноль два ноль три, пройдите к окну номер один.");
});
