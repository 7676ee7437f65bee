/**
 * Why: a scanner without a camera types what it reads, as a keyboard with the US layout does. The computer's own layout is Russian, so
 * `event.key` says «р» where the link has an "h"; `event.code` says which key it was. And it types faster than anybody: that is how it is
 * known from a person. No page, no clock: keys and their times come in, text comes out.
 */

/** @typedef {{code: string, shiftKey: boolean, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean, timeStamp: number}} Key  a keydown event, or what a test makes of one */

/** The slowest scanners leave 10–30 ms between keys; a fast typist needs 80. A late key is somebody's finger. */
const GAP_MS = 50;
/** A palm on the keyboard brings a few keys at once; the shortest code of a booking has eight characters. */
const SHORTEST = 6;
/** Ours are links of a hundred characters; a page of text in somebody's QR code is not worth sending. */
const LONGEST = 400;

/** The US layout, key by key: alone and with Shift. @type {Readonly<Record<string, readonly [string, string]>>} */
const KEYS = {
  Digit1: ["1", "!"], Digit2: ["2", "@"], Digit3: ["3", "#"], Digit4: ["4", "$"], Digit5: ["5", "%"],
  Digit6: ["6", "^"], Digit7: ["7", "&"], Digit8: ["8", "*"], Digit9: ["9", "("], Digit0: ["0", ")"],
  Minus: ["-", "_"], Equal: ["=", "+"], BracketLeft: ["[", "{"], BracketRight: ["]", "}"], Backslash: ["\\", "|"], IntlBackslash: ["\\", "|"],
  Semicolon: [";", ":"], Quote: ["'", "\""], Backquote: ["`", "~"], Comma: [",", "<"], Period: [".", ">"], Slash: ["/", "?"], Space: [" ", " "],
  NumpadDivide: ["/", "/"], NumpadMultiply: ["*", "*"], NumpadSubtract: ["-", "-"], NumpadAdd: ["+", "+"], NumpadDecimal: [".", "."],
};

/**
 * What the key would type on the US layout. Shift counts, Caps Lock does not: a scanner presses Shift for its capitals and knows of no Caps Lock.
 * @param {string} code  as in KeyboardEvent.code
 * @param {boolean} shift
 * @returns {string | null} null: the key types nothing
 */
export function characterOf(code, shift) {
  const letter = /^Key([A-Z])$/.exec(code)?.[1];
  if (letter) return shift ? letter : letter.toLowerCase();
  return KEYS[code]?.[shift ? 1 : 0] ?? /^Numpad([0-9])$/.exec(code)?.[1] ?? null;
}

/** The digit of a key, whatever the layout makes of it (the French one wants Shift for a 1). @param {string} code */
export const digitOf = (code) => /^(?:Digit|Numpad)([0-9])$/.exec(code)?.[1] ?? null;

/**
 * Watches all keys of the page. `read` is given every keydown and answers with the whole text when this key ends a scan, otherwise with null;
 * `words` tells whether what comes in so fast is more than a number, so that its digits are not taken for typing.
 */
export function createScanner() {
  let text = "";
  let last = -Infinity;

  /** @param {Key} key @returns {string | null} */
  function read(key) {
    const late = key.timeStamp - last >= GAP_MS;
    last = key.timeStamp;
    // A key that is held down repeats itself as fast as a scanner types; a shortcut is nobody's code.
    if (key.repeat || key.ctrlKey || key.altKey || key.metaKey) {
      text = "";
      return null;
    }
    if (late) text = "";
    if (key.code === "ShiftLeft" || key.code === "ShiftRight") return null;
    if (key.code === "Enter" || key.code === "NumpadEnter") {
      const scanned = text.trim();
      text = "";
      return scanned.length >= SHORTEST && scanned.length <= LONGEST ? scanned : null;
    }
    const character = characterOf(key.code, key.shiftKey);
    text = character === null ? "" : text + character;
    return null;
  }

  return { read, words: () => /[^0-9]/.test(text) };
}
