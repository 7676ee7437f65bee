// The small pure parts: time, sizes, ticker, addresses, upkeep.
const test = require("node:test");
const assert = require("node:assert/strict");
const { load, plain, START } = require("./load.js");

const { time, sizes, ticker, addresses, upkeep } = load(["time", "sizes", "ticker", "addresses", "upkeep"]);

test("moments with microseconds are understood without Date.parse", () => {
  assert.equal(time.parse("2026-03-12T11:07:00.250999Z"), START + 250);
  assert.ok(Number.isNaN(time.parse("12.03.2026")));
});

test("the hall reads its own time and the date in words", () => {
  assert.equal(time.clock(START, "Europe/Moscow"), "14:07");
  assert.equal(time.clock(START, "Asia/Vladivostok"), "21:07");
  assert.equal(time.date(START, "Europe/Moscow"), "12 марта, четверг");
  assert.equal(time.date(START + 10 * 3600e3, "Europe/Moscow"), "13 марта, пятница");
});

test("zones outside Russia come from the browser, midnight included", () => {
  assert.equal(time.clock(START, "Europe/Berlin"), "12:07");
  assert.equal(time.clock(Date.UTC(2026, 6, 1, 22, 5), "Europe/Berlin"), "00:05");
});

test("what is to come is named as people name it", () => {
  assert.equal(time.upcoming(START + 3600e3, START, "Europe/Moscow"), "в\u00a015:07");
  assert.equal(time.upcoming(START + 24 * 3600e3, START, "Europe/Moscow"), "завтра в\u00a014:07");
  assert.equal(time.upcoming(START + 4 * 24 * 3600e3, START, "Europe/Moscow"), "в понедельник, 16 марта, в\u00a014:07");
  assert.equal(time.upcoming(START + 5 * 24 * 3600e3, START, "Europe/Moscow"), "во вторник, 17 марта, в\u00a014:07");
});

test("an end is named by its time only if it lies in this day, and midnight is 24:00", () => {
  const until = (hours) => time.today(Date.UTC(2026, 2, 12, 21) + hours * 3600e3, START, "Europe/Moscow");
  assert.deepEqual([until(-3), until(0), until(1), until(48)], ["21:00", "24:00", "", ""]);
});

test("ages have Russian plurals", () => {
  assert.equal(time.ago(3000), "только что");
  assert.equal(time.ago(29000), "25 секунд назад");
  assert.deepEqual([1, 2, 5, 11, 21, 22].map((minutes) => time.ago(minutes * 60000)),
    ["1 минуту назад", "2 минуты назад", "5 минут назад", "11 минут назад", "21 минуту назад", "22 минуты назад"]);
  assert.equal(time.ago(2 * 3600e3), "2 часа назад");
});

test("a capital letter is at least a two-hundredth of the distance", () => {
  for (const [width, height] of [[1920, 1080], [1080, 1920], [1366, 768], [3840, 2160]]) {
    for (const distance of [4, 5, 6, 8]) {
      const { must } = sizes.letters({ width, height, distance, diagonal: 43, contrast: false });
      const millimetres = must * 0.7 / (Math.hypot(width, height) / (43 * 25.4));
      assert.ok(millimetres >= distance * 1000 / 200 - 0.01, `${width}x${height} at ${distance} m: ${millimetres}`);
    }
  }
});

test("a larger set needs fewer pixels, and a wrong distance cannot empty the screen", () => {
  const hall = { width: 1920, height: 1080, distance: 5, diagonal: 43, contrast: false };
  assert.ok(sizes.letters({ ...hall, diagonal: 65 }).must < sizes.letters(hall).must);
  assert.ok(sizes.letters({ ...hall, distance: 100 }).must <= 0.131 * 1080);
  assert.ok(sizes.letters({ ...hall, distance: 0.5 }).must >= 0.05 * 1080);
});

test("rows give way to the height of their letters", () => {
  assert.equal(sizes.rows({ width: 760, height: 600 }, 6, 72).count, 6);
  assert.equal(sizes.rows({ width: 760, height: 600 }, 12, 72).count, 6);
  assert.equal(sizes.rows({ width: 760, height: 600 }, 3, 72).count, 3);
  assert.equal(sizes.rows({ width: 760, height: 40 }, 6, 72).count, 1);
});

test("a long message is cut at spaces into pages that promise more", () => {
  const pages = plain(ticker.pages(["раз два три четыре пять шесть семь"], 15));
  assert.deepEqual(pages, ["раз два три …", "четыре пять …", "шесть семь"]);
});

test("pages are about equally long: no page for one last word", () => {
  const text = "Приготовьте паспорт и документы заранее: так приём пройдёт быстрее.";
  assert.deepEqual(plain(ticker.pages([text], 64)), ["Приготовьте паспорт и документы заранее: …", "так приём пройдёт быстрее."]);
  assert.deepEqual(plain(ticker.pages([text], 70)), [text]);
  for (let capacity = 20; capacity < 80; capacity += 1) {
    assert.ok(ticker.pages([text], capacity).every((page) => page.length <= capacity), String(capacity));
    assert.equal(ticker.pages([text], capacity).join(" ").replace(/ …/g, ""), text);
  }
});

test("each page stands as long as slow reading takes, then the next one comes", () => {
  const step = ticker.create(), pages = ["первое сообщение", "второе"];
  assert.equal(step(pages, 0), "первое сообщение");
  assert.equal(step(pages, 5900), "первое сообщение");
  assert.equal(step(pages, 6000), "второе");
  assert.equal(step(pages, 12000), "первое сообщение");
  assert.ok(ticker.dwell("x".repeat(150)) > 15000);
});

test("a changed list does not interrupt the message that is being read, and an empty one clears it", () => {
  const step = ticker.create();
  assert.equal(step(["а", "б"], 0), "а");
  assert.equal(step(["новое", "а"], 1000), "а");
  assert.equal(step(["новое"], 2000), "новое");
  assert.equal(step([], 3000), "");
});

test("the token is read from either part of the address and taken out of it", () => {
  const page = (search, hash) => addresses.read({ pathname: "/display/", search, hash });
  assert.equal(page("?office=a&token=s3cret", "").token, "s3cret");
  assert.equal(page("?office=a", "#token=s3cret").token, "s3cret");
  assert.equal(page("?office=a&zone=hall&token=s3cret", "").clean, "/display/?office=a&zone=hall");
});

test("the board of a zone has an address for both ways", () => {
  const display = { office: "admiralteysky", zone: "hall", token: "a b" };
  assert.equal(addresses.board(display), "/api/public/offices/admiralteysky/board?zone=hall");
  assert.equal(addresses.live({ protocol: "https:", host: "queue.example" }, display), "wss://queue.example/live/board?office=admiralteysky&zone=hall&token=a%20b");
});

test("the page looks for its new version only at night and when nobody is called", () => {
  assert.ok(upkeep.due({ hour: 3, calls: 0, sinceLook: 3600e3 }));
  assert.ok(!upkeep.due({ hour: 3, calls: 1, sinceLook: 3600e3 }));
  assert.ok(!upkeep.due({ hour: 4, calls: 0, sinceLook: 3600e3 }));
  assert.ok(!upkeep.due({ hour: 3, calls: 0, sinceLook: 1000 }));
  assert.notEqual(upkeep.mark("один"), upkeep.mark("два"));
});
