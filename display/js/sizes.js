/* How large letters must be, from how far away people stand. Pure arithmetic; render.js applies it.

   Height of a capital letter on the screen = distance / 200. That is an angle of 1/200 rad = 17 minutes of arc, above the 16' which
   ISO 9241-303 (before: ISO 9241-3) demands at the least, and three times what an eye of normal acuity resolves (5'), so
   it serves an acuity of 0.3: most elderly visitors without their distance glasses. It holds for what nobody may miss: numbers of
   tickets and desks. The rest (office, clock, ticker) may be a third smaller, distance / 300 = 11.5': larger it would push
   the numbers off the screen, and who wants to read it can come nearer.

   pixels per millimetre = diagonal in pixels / (diagonal in inches x 25.4). A page cannot measure its screen, so the
   diagonal is 43 inches, the usual set in a hall, unless the address says otherwise (?screen=55).
   font size = height of a capital / 0.7, the proportion of Golos Text (capHeight 700 of 1000).

   Example: 5 m, 43", 1920x1080: 25 mm x 2.02 px/mm / 0.7 = 72 px. The bounds keep a wrong setting from emptying the screen. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.sizes = (function () {
  "use strict";

  var MUST_DIVISOR = 200, REST_DIVISOR = 300, CAPITAL = 0.7, DEFAULT_DISTANCE = 5, DEFAULT_DIAGONAL = 43;
  var ROW_AIR = 1.32;     /* a row's height in font sizes, at the tightest */
  var ROW_LOOSEST = 2.1;  /* and at the loosest: beyond it a row no longer reads as one line */
  var ROW_WIDTH = 6.4;    /* what А1000, the arrow and 12 need side by side, in font sizes */

  function between(least, value, most) { return Math.max(least, Math.min(value, most)); }

  /** @param {{width: number, height: number, distance: number, diagonal: number, contrast: boolean}} hall
      @return {{must: number, rest: number}} font sizes in pixels */
  function letters(hall) {
    var perMillimetre = Math.sqrt(hall.width * hall.width + hall.height * hall.height) / ((hall.diagonal || DEFAULT_DIAGONAL) * 25.4);
    var reach = (hall.distance || DEFAULT_DISTANCE) * 1000 * perMillimetre / CAPITAL, unit = Math.min(hall.width, hall.height) / 100;
    var larger = hall.contrast ? 1.125 : 1;  /* the low-vision theme enlarges everything by an eighth, as on the other surfaces */
    return {
      must: between(5.5 * unit, reach / MUST_DIVISOR * larger, 13 * unit),
      rest: between(2.9 * unit, reach / REST_DIVISOR * larger, 4.6 * unit)
    };
  }

  /** As many rows as are wanted and as are readable, filling the box. @param {{width: number, height: number}} box
      @param {number} wanted @param {number} must @return {{count: number, height: number, font: number}} */
  function rows(box, wanted, must) {
    var count = Math.max(1, Math.min(wanted, Math.floor(box.height / (must * ROW_AIR))));
    var widest = box.width / ROW_WIDTH, font = Math.min(box.height / count / ROW_AIR, widest);
    return { count: count, height: Math.min(box.height / count, font * ROW_LOOSEST), font: font };
  }

  /** The font size at which a text that measures `width` x `height` at `size` fills the box. */
  function fill(box, width, height, size) {
    return width && height ? size * Math.min(box.width / width, box.height / height) : size;
  }

  return { letters: letters, rows: rows, fill: fill };
}());
