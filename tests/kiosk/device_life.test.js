// A kiosk that is not paired, one that administration has closed, and the night.
const test = require("node:test");
const assert = require("node:assert");
const { load } = require("./load.js");

const service = { code: "passport", name: { ru: "Паспорт" }, documents: [], availability: "open", reason: null, ahead: 0, wait: null };
const menu = (second, settings = {}) => ({
  version: second, now: new Date(Date.UTC(2031, 2, 12, 9, 0, second)).toISOString(), office: { slug: "o", name: { ru: "О" }, district: { ru: "" }, address: { ru: "" }, time_zone: "UTC" },
  open: { now: true }, device: { name: "Т", settings: { idle_seconds: 60, print: true, ...settings } }, check_in: true, needs: [], privileges: [],
  groups: [{ letter: "А", name: { ru: "А" }, services: [service] }],
});
const CLOSED = { closed: { ru: "Закрыто" } };

async function after(...events) {
  const { initial, reduce } = await load("state");
  return events.reduce(reduce, initial);
}

test("a kiosk without a token shows a code, and the menu as soon as one comes", async () => {
  const { reduce, screenOf } = await load("state");
  const lost = await after({ type: "unpaired", revoked: false }, { type: "code", code: "483291", until: "14:35" });
  assert.equal(screenOf(lost), "unpaired");
  assert.deepEqual(lost.pairing, { code: "483291", until: "14:35" });
  const paired = reduce(lost, { type: "menu", menu: menu(1) });
  assert.equal(screenOf(paired), "home");
  assert.equal(paired.pairing, null);
});

test("a closed kiosk gives no ticket, wherever the visitor was", async () => {
  const { reduce, screenOf } = await load("state");
  const choosing = await after({ type: "menu", menu: menu(1) }, { type: "service", code: "passport" });
  assert.equal(screenOf(choosing), "confirm");
  const shut = reduce(choosing, { type: "menu", menu: menu(20, CLOSED) });
  assert.equal(screenOf(shut), "shut");
  for (const event of [{ type: "service", code: "passport" }, { type: "take", key: "k" }, { type: "scanned", code: "12345678" }, { type: "check-in" }]) {
    assert.equal(screenOf(reduce({ ...shut, engaged: true }, event)), "shut", event.type);
  }
  assert.equal(screenOf(reduce(shut, { type: "menu", menu: menu(40) })), "home");
});

test("a ticket that is being made or shown is not taken away", async () => {
  const { reduce, screenOf } = await load("state");
  const taking = await after({ type: "menu", menu: menu(1) }, { type: "service", code: "passport" }, { type: "take", key: "k" });
  const still = reduce(taking, { type: "menu", menu: menu(20, CLOSED) });
  assert.equal(screenOf(still), "taking");
  const issued = reduce(still, { type: "issued", ticket: { secret: "s", number: "А001" } });
  assert.equal(screenOf(reduce(issued, { type: "menu", menu: menu(40, CLOSED) })), "ticket");
  assert.equal(screenOf(reduce(issued, { type: "reset" })), "shut");
});

test("a visitor cannot stay in a language that is not offered any more", async () => {
  const { languages } = await load("state");
  const english = await after({ type: "menu", menu: menu(1) }, { type: "lang" }, { type: "menu", menu: menu(20, { languages: ["ru"] }) });
  assert.equal(english.lang, "ru");
  assert.deepEqual(languages(english.menu), ["ru"]);
  assert.deepEqual(languages(menu(1)), ["ru", "en"]);
});

test("it is dark from the first minute to the last, also over midnight", async () => {
  const { darkness } = await load("night");
  const night = { from: "21:30", to: "07:00", dim: 60 };
  assert.deepEqual(["21:29", "21:30", "00:00", "06:59", "07:00"].map((clock) => darkness(night, clock)), [0, 0.6, 0.6, 0.6, 0]);
  assert.equal(darkness(null, "23:00"), 0);
});
