// A booking's way through the kiosk's states: typed or scanned, checked, and never at the cost of a ticket.
const test = require("node:test");
const assert = require("node:assert/strict");
const { load } = require("./load.js");

const TICKET = { secret: "s", number: "А012", service_name: { ru: "Паспорт" }, issued_at: "2026-03-12T11:30:00Z", ahead: 0, wait: null, url: "/t/s" };
const REFUSAL = { code: "unknown_reference", detail: "Запись не найдена.", lang: "ru", starts_at: null };
const SERVICE = { code: "passport", name: { ru: "Паспорт" }, documents: [], availability: "open", reason: null, ahead: 0, wait: null };
const MENU = {
  version: 1, now: "2026-03-12T11:30:00Z", office: { time_zone: "Europe/Moscow" }, open: { now: true }, device: { settings: { print: true } },
  check_in: true, needs: [], privileges: [], groups: [{ letter: "А", name: { ru: "А" }, services: [SERVICE] }],
};

async function kiosk(menu = MENU) {
  const { initial, reduce } = await load("state");
  let state = reduce(initial, { type: "menu", menu });
  return {
    do: (type, more = {}) => { state = reduce(state, { type, ...more }); return state; },
    type: (digits) => { for (const digit of digits) state = reduce(state, { type: "digit", digit }); return state; },
    get state() { return state; },
  };
}

test("eight digits and the button ask for the ticket", async () => {
  const it = await kiosk();
  it.do("check-in");
  assert.equal(it.type("48291350").typed, "48291350");
  assert.deepEqual([it.do("check").step, it.state.arrival], ["checking", "48291350"]);
  assert.deepEqual([it.do("issued", { ticket: TICKET }).step, it.state.ticket], ["ticket", TICKET]);
});

test("fewer digits ask for the rest, and a ninth is not taken", async () => {
  const it = await kiosk();
  it.do("check-in");
  it.type("4829");
  assert.deepEqual([it.do("check").step, it.state.short], ["check_in", true]);
  assert.deepEqual([it.do("erase").typed, it.state.short], ["482", false]);
  assert.equal(it.type("913507").typed, "48291350");
  assert.equal(it.do("clear").typed, "");
});

test("an office without bookings neither offers nor takes them", async () => {
  const it = await kiosk({ ...MENU, check_in: false });
  assert.equal(it.do("check-in").step, "home");
  assert.equal(it.do("scanned", { code: "48291350" }).step, "home");
});

test("a closed office takes none either", async () => {
  const it = await kiosk({ ...MENU, open: { now: false } });
  assert.equal(it.do("scanned", { code: "48291350" }).step, "home");
});

test("a scan is taken on the way to a ticket, but not while one is made or shown", async () => {
  const it = await kiosk();
  it.do("service", { code: "passport" });
  assert.equal(it.do("scanned", { code: "https://queue.example/a/secret" }).step, "checking");
  assert.equal(it.do("scanned", { code: "https://queue.example/a/another" }).arrival, "https://queue.example/a/secret");
  it.do("issued", { ticket: TICKET });
  assert.equal(it.do("scanned", { code: "https://queue.example/a/another" }).step, "ticket");
});

test("nothing leaves the screen while the booking is looked for", async () => {
  const it = await kiosk();
  it.do("scanned", { code: "48291350" });
  for (const way of ["home", "back", "reset"]) assert.equal(it.do(way).step, "checking", way);
});

test("a lost answer is asked for again with the same code", async () => {
  const it = await kiosk();
  it.do("scanned", { code: "https://queue.example/a/secret" });
  assert.equal(it.do("silent").step, "trouble");
  assert.deepEqual([it.do("check").step, it.state.arrival], ["checking", "https://queue.example/a/secret"]);
});

test("a phone that is still held before the scanner does not ask again and again", async () => {
  const it = await kiosk();
  it.do("scanned", { code: "48291350" });
  it.do("refused", { refusal: REFUSAL });
  assert.equal(it.do("scanned", { code: "48291350" }).step, "refused");
  assert.equal(it.do("scanned", { code: "48291351" }).step, "checking");
});

test("a wrong code can be corrected, and is gone for the next visitor", async () => {
  const it = await kiosk();
  it.do("check-in");
  it.type("48291350");
  it.do("check");
  it.do("refused", { refusal: REFUSAL });
  assert.deepEqual([it.do("check-in").step, it.state.typed, it.state.arrival], ["check_in", "48291350", null]);
  it.do("reset");
  assert.equal(it.do("check-in").typed, "");
});

test("a booking does not make an unanswered request forget its key", async () => {
  const it = await kiosk();
  it.do("service", { code: "passport" });
  it.do("take", { key: "first" });
  it.do("silent");
  it.do("home");
  it.do("scanned", { code: "48291350" });
  it.do("refused", { refusal: REFUSAL });
  it.do("home");
  it.do("service", { code: "passport" });
  assert.equal(it.do("take", { key: "second" }).order.key, "first");
});
