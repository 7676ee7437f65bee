/* The messages at the bottom, one after another. They stand still while they are read: moving letters are hard to read for
   many and impossible for some (WCAG 2.2.2), so nothing scrolls. Long messages are cut into pages at a space. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.ticker = (function () {
  "use strict";

  var SETTLE = 2000;     /* milliseconds to notice that the text is another one */
  var PER_LETTER = 100;  /* ten letters a second: half the pace of silent reading, for age and for a second language */
  var LEAST = 6000;
  var MORE = 2;          /* letters for the dots at the end of a page that goes on */
  var SLACK = 6;         /* letters by which a page may be longer than its share, because words are not cut */

  /** @param {string[]} messages @param {number} capacity letters in one line @return {string[]} */
  function pages(messages, capacity) {
    var result = [];
    messages.forEach(function (message) {
      var count = Math.ceil(message.length / (capacity - MORE));
      if (message.length <= capacity) { count = 1; }
      /* Pages of about equal length: a last page with one word would stand there as long as the others. */
      result = result.concat(split(message, count === 1 ? capacity : Math.min(capacity - MORE, Math.ceil(message.length / count) + SLACK)));
    });
    return result;
  }

  /** Lines of whole words, each but the last with the dots that promise more. */
  function split(message, length) {
    var lines = [], line = "";
    message.split(/\s+/).forEach(function (word) {
      if (line && line.length + 1 + word.length > length) {
        lines.push(line + " …");
        line = "";
      }
      line += (line ? " " : "") + word;
    });
    return line ? lines.concat(line) : lines;
  }

  function dwell(page) { return Math.max(LEAST, SETTLE + PER_LETTER * page.length); }

  /** Steps through the pages as time passes; a change of messages does not interrupt a page that is still there.
      @return {(pages: string[], at: number) => string} what to show now */
  function create() {
    var shown = "", until = 0;
    return function (all, at) {
      var index = all.indexOf(shown);
      if (!all.length) {
        shown = "";
      } else if (index < 0 || at >= until) {
        shown = all[(index + 1) % all.length];
        until = at + dwell(shown);
      }
      return shown;
    };
  }

  return { pages: pages, dwell: dwell, create: create };
}());
