/* What a call says: the sentence for screen readers and tests, and the clips that make it audible.
   Why both here: text and sound must never disagree. The clips' names are those of queue_service/voice.py.
   It knows no sound and no page; a character it has no word for is left out, never replaced by a guess. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.words = (function () {
  "use strict";

  var UNITS = ["ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать", "двенадцать",
    "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать", "девятнадцать"];
  var TENS = ["", "", "двадцать", "тридцать", "сорок", "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто"];
  var HUNDREDS = ["", "сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"];
  var THOUSANDS = ["", "тысяча", "две тысячи", "три тысячи", "четыре тысячи", "пять тысяч", "шесть тысяч", "семь тысяч", "восемь тысяч", "девять тысяч"];

  /* Latin letters that look the same on paper and on a keyboard. */
  var LOOK_ALIKE = { A: "А", B: "В", E: "Е", K: "К", M: "М", H: "Н", P: "Р", C: "С", T: "Т", Y: "У" };
  var LETTERS = "АВГДЕКЛМНПРСТУФЭ";

  var PAUSE = 0.3;  /* seconds before «пройдите»: the comma of the sentence, long enough to look up at the number */

  /** 2437 -> [2000, 400, 30, 7]: the pieces a speaker would say. @param {number} number below 10000 @return {number[]} */
  function pieces(number) {
    var result = [], rest = number % 100;
    if (number >= 1000) { result.push(number - number % 1000); }
    if (number % 1000 >= 100) { result.push(number % 1000 - rest); }
    if (rest >= 20) {
      result.push(rest - rest % 10);
      rest = rest % 10;
      if (rest) { result.push(rest); }
    } else if (rest || !result.length) {
      result.push(rest);
    }
    return result;
  }

  function pieceText(piece) {
    if (piece >= 1000) { return THOUSANDS[piece / 1000]; }
    if (piece >= 100) { return HUNDREDS[piece / 100]; }
    return piece >= 20 ? TENS[piece / 10] : UNITS[piece];
  }

  /** A label such as А012 or 5 as a list of {clip, text}; numbers of five figures and more are said figure by figure, and of
      words nothing is said: spelled, they would be noise.
      @param {string} label @return {{clip: string, text: string}[]} */
  function spell(label) {
    var result = [], parts = String(label).toUpperCase().match(/\d+|[^\d\s.,-]+/g) || [], i, j, numbers;
    for (i = 0; i < parts.length; i += 1) {
      if (/^\d/.test(parts[i])) {
        numbers = parts[i].length > 4 ? parts[i].split("").map(Number) : pieces(+parts[i]);
        for (j = 0; j < numbers.length; j += 1) { result.push({ clip: String(numbers[j]), text: pieceText(numbers[j]) }); }
      } else {
        parts[i] = LOOK_ALIKE[parts[i]] || parts[i];
        if (LETTERS.indexOf(parts[i]) >= 0) { result.push({ clip: parts[i], text: parts[i] }); }
      }
    }
    return result;
  }

  function texts(words) { return words.map(function (word) { return word.text; }).join(" "); }
  function names(words) { return words.map(function (word) { return word.clip; }); }

  /** @param {{ticket: string, desk: string, recall: boolean}} call @return {string} */
  function sentence(call) {
    var desk = spell(call.desk);
    return (call.recall ? "Повторно приглашается талон " : "Талон ") + texts(spell(call.ticket)) +
      (desk.length ? ", пройдите к окну номер " + texts(desk) : "") + ".";
  }

  /** The call as clips to play one after the other; a number among them is a pause in seconds.
      @param {{ticket: string, desk: string, recall: boolean}} call @return {(string|number)[]} */
  function clips(call) {
    var result = /** @type {(string|number)[]} */ ([call.recall ? "recall" : "ticket"]), desk = names(spell(call.desk));
    result = result.concat(names(spell(call.ticket)));
    if (desk.length) { result = result.concat(PAUSE, "go", desk); }
    /* The last word falls towards the full stop; the player takes the plain clip where there is no such twin. */
    if (/^\d/.test(String(result[result.length - 1]))) { result[result.length - 1] += "-end"; }
    return result;
  }

  return { pieces: pieces, sentence: sentence, clips: clips };
}());
