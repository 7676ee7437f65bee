// A scanner types what it reads; a person types too. Keys come in as the browser reports them, under a Russian layout.
const test = require("node:test");
const assert = require("node:assert/strict");
const { load } = require("./load.js");

const LINK = "https://queue.example:8443/a/Zx9_k-Q0pLw7?from=mail&v=1";
const FAST = 12;

// What a computer with the Russian layout makes of the keys, unshifted: nothing of it may matter.
const RUSSIAN = { KeyH: "р", KeyT: "е", KeyP: "з", KeyS: "ы", Semicolon: "ж", Slash: ".", Period: "ю", KeyA: "ф", Minus: "-", KeyQ: "й", KeyU: "г" };
const US = {};
for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZ") Object.assign(US, { [letter.toLowerCase()]: ["Key" + letter, false], [letter]: ["Key" + letter, true] });
for (const digit of "0123456789") US[digit] = ["Digit" + digit, false];
Object.assign(US, {
  "-": ["Minus", false], "_": ["Minus", true], "/": ["Slash", false], "?": ["Slash", true], ":": ["Semicolon", true], ";": ["Semicolon", false],
  ".": ["Period", false], "=": ["Equal", false], "+": ["Equal", true], "&": ["Digit7", true], "%": ["Digit5", true], "#": ["Digit3", true], "~": ["Backquote", true],
});

const press = (code, timeStamp, more = {}) => ({
  code, key: RUSSIAN[code] ?? "щ", shiftKey: false, ctrlKey: false, altKey: false, metaKey: false, repeat: false, timeStamp, ...more,
});

// The keydown events of a text, Shift as a key of its own, `gap` ms apart; ends in Enter.
function keysOf(text, gap = FAST, start = 1000, end = "Enter") {
  const keys = [];
  let now = start;
  const next = () => { now += gap; return now; };
  for (const character of text) {
    const [code, shiftKey] = US[character];
    if (shiftKey) keys.push(press("ShiftLeft", next(), { shiftKey }));
    keys.push(press(code, next(), { shiftKey }));
  }
  return end ? [...keys, press(end, next())] : keys;
}

async function read(keys, scanner) {
  const watching = scanner ?? (await load("scanner")).createScanner();
  return keys.map(watching.read).filter((text) => text !== null);
}

test("a link arrives whole, whatever the Russian layout makes of its keys", async () => {
  const keys = keysOf(LINK);
  assert.ok(keys.map((key) => key.key).join("").startsWith("реез"), "the layout garbles event.key, else this test tests nothing");
  assert.deepEqual(await read(keys), [LINK]);
});

test("every character that a link may have survives", async () => {
  const text = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~/?:;=+&%#";
  assert.deepEqual(await read(keysOf(text)), [text]);
});

test("Caps Lock does not turn the letters of a secret over", async () => {
  const keys = keysOf("aBcDeFgH").map((key) => ({ ...key, getModifierState: () => true }));
  assert.deepEqual(await read(keys), ["aBcDeFgH"]);
});

test("a number alone is a code too, also from the keys beside it", async () => {
  assert.deepEqual(await read(keysOf("48291350")), ["48291350"]);
  const pad = [..."48291350"].map((digit, index) => press("Numpad" + digit, 1000 + index * FAST));
  assert.deepEqual(await read([...pad, press("NumpadEnter", 1100)]), ["48291350"]);
});

test("slow scanners are scanners and fast people are people", async () => {
  assert.deepEqual(await read(keysOf("48291350", 49)), ["48291350"]);
  assert.deepEqual(await read(keysOf("48291350", 50)), []);
});

test("Enter after a pause belongs to the person who presses it", async () => {
  const keys = keysOf("48291350", FAST, 1000, "");
  assert.deepEqual(await read([...keys, press("Enter", 1000 + 20 * FAST)]), []);
});

test("a few keys at once are a palm, not a code", async () => {
  assert.deepEqual(await read(keysOf("asdfg")), []);
  assert.deepEqual(await read(keysOf("asdfgh")), ["asdfgh"]);
});

test("a key held down is not a code", async () => {
  const held = Array.from({ length: 20 }, (_, index) => press("KeyA", 1000 + index * 30, { repeat: index > 0 }));
  assert.deepEqual(await read([...held, press("Enter", 1610)]), []);
});

test("shortcuts and other keys end a burst", async () => {
  const keys = keysOf("48291350");
  assert.deepEqual(await read(Object.assign([...keys], { 3: press("KeyC", keys[3].timeStamp, { ctrlKey: true }) })), [], "four characters are left");
  assert.deepEqual(await read(Object.assign([...keys], { 4: press("Tab", keys[4].timeStamp) })), [], "three are left");
});

test("what was typed slowly before is no part of the scan, and nothing of a scan is left for the next", async () => {
  const { createScanner } = await load("scanner");
  const scanner = createScanner();
  assert.deepEqual(await read([...keysOf("77", 200, 0, ""), ...keysOf(LINK, FAST, 2000)], scanner), [LINK]);
  assert.deepEqual(await read(keysOf("48291350", FAST, 2000 + LINK.length * 3 * FAST), scanner), ["48291350"]);
});

test("a page of text in somebody's QR code is not worth sending", async () => {
  assert.deepEqual(await read(keysOf("a".repeat(401))), []);
});

test("it tells letters that come in from digits, so that a link does not fill in the number's places", async () => {
  const { createScanner } = await load("scanner");
  const scanner = createScanner();
  await read(keysOf("4829", FAST, 1000, ""), scanner);
  assert.equal(scanner.words(), false);
  await read(keysOf("ht", FAST, 5000, ""), scanner);
  assert.equal(scanner.words(), true);
  scanner.read(press("Digit4", 9000));
  assert.equal(scanner.words(), false, "a finger, later");
});

test("digits are known by their key", async () => {
  const { digitOf } = await load("scanner");
  assert.equal(digitOf("Digit4"), "4");
  assert.equal(digitOf("Numpad0"), "0");
  assert.equal(digitOf("KeyO"), null);
  assert.equal(digitOf("NumpadEnter"), null);
});
