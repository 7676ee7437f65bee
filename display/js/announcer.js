/* Speaks what is to be announced: a gong, then the calls one after the other, until there are no more. One series at a time,
   because two voices in one hall are none. It decides neither what is announced (calls.js) nor how it sounds (sound.js). */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.announcer = (function () {
  "use strict";

  var BETWEEN = 0.7;  /* seconds between two calls, the length of a breath */

  /** @param {{next: () => Call, sound: {play: (items: (string|number)[], volume: number, done: (heard: boolean) => void) => void},
        settings: () => {volume: number, gong: boolean},
        onSpeak: (call: Call, text: string) => void, onSpoken: (call: Call, heard: boolean) => void}} hall */
  function create(hall) {
    var busy = false;

    function speak(first) {
      var call = hall.next(), settings = hall.settings(), items;
      if (!call) { busy = false; hall.onSpoken(null, false); return; }
      items = QueueDisplay.words.clips(call);
      if (first && settings.gong) { items = /** @type {*[]} */ (["gong"]).concat(items); }
      /* Whatever goes wrong on the screen, the voice goes on: a display runs for weeks with nobody to restart it. */
      try {
        hall.onSpeak(call, QueueDisplay.words.sentence(call));
      } finally {
        hall.sound.play(items.concat(BETWEEN), settings.volume, function (heard) {
          try { hall.onSpoken(call, heard); } finally { speak(false); }
        });
      }
    }

    return {
      busy: function () { return busy; },
      /** There may be something new to say. */
      consider: function () {
        if (!busy) {
          busy = true;
          speak(true);
        }
      }
    };
  }

  return { create: create };
}());
