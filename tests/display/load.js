// Loads the display's scripts, without a page, into a world of their own, as a browser would: one after the other, one namespace.
const fs = require("node:fs");
const path = require("node:path");
const vm = require("node:vm");

const FOLDER = path.join(__dirname, "..", "..", "display", "js");

exports.load = function (names, globals = {}) {
  const world = vm.createContext({ Date, ...globals });
  for (const name of names) {
    vm.runInContext(fs.readFileSync(path.join(FOLDER, name + ".js"), "utf8"), world, { filename: name + ".js" });
  }
  return world.QueueDisplay;
};

// Objects of another world are equal to ours only by content.
exports.plain = (value) => JSON.parse(JSON.stringify(value));

const START = Date.UTC(2026, 2, 12, 11, 7, 0);
const iso = (moment) => new Date(moment).toISOString();
exports.START = START;
exports.iso = iso;

// The service's clock is START + seconds; the page's own clock is 0 + seconds.
exports.call = (id, calledAt, more = {}) => ({
  call_id: id, ticket: "А" + String(id).padStart(3, "0"), desk: String(id), place: null, called_at: iso(START + calledAt * 1000),
  recall: false, state: "called", zone: null, ...more,
});

exports.board = (now, calls, more = {}) => ({
  version: 1, now: iso(START + now * 1000), office: { slug: "hall", name: { ru: "Администрация" }, time_zone: "Europe/Moscow" }, zone: null,
  open: { now: true, opens_at: null, closes_at: iso(START + 3 * 3600e3), sentence: null },
  calls: [...calls].reverse(), next: [], ticker: [], desks: { open: 7, paused: 1, closed: 2 }, desk_states: [],
  settings: { distance_m: 5, volume: 80, rows: 6, theme: "dark", gong: true }, ...more,
});
