/**
 * Why: a card must stay large enough for an unsteady hand, so the number of cards on one screen follows from the room there is: portrait or
 * landscape, ordinary or large type, whole screen or lower half. The rest is a page further.
 */

import { PER_PAGE } from "./state.js";

/** What a card with a name of three lines and a row with a name of two need, gap included, in rem. */
const CARD = 9.2;
/** The same in large type on the contrast theme: heading and waits wrap into a second line. */
const WRAPPED_CARD = 11;
/** A card in the lower half is flatter: no letter, smaller facts. */
const LOW_CARD = 6.8;
const ROW = 5.3;
/** On the contrast theme the facts stand under the name; in large type the name besides wraps into a third line. */
const CONTRAST_ROW = 6.3;
const LARGE_ROW = 7.2;
/** Head, heading, the bar of buttons and foot, in rem. */
const AROUND = 20;
/** The button for bookings, in a line of its own above the buttons for turning pages; alone it is this much taller than they are. */
const CHECK_IN = 5.6;
const CHECK_IN_ALONE = 1.1;  // in ordinary type only: on the other looks all buttons of the bar are of one height
/** Bar and foot alone: what stands in the lower half beside the cards. */
const BELOW = 10;
/** Narrower than this the page simply scrolls (kiosk.css has the same number). */
const NARROW_PX = 700;

/** @typedef {{cards: number, rows: number, direct: number}} Fit  how many groups side by side, how many services one to a line, how many of those on the first screen */

/** @param {boolean} low  controls in the lower half @param {boolean} checkIn  the first screen has the button for bookings @returns {Fit} */
export function whatFits(low, checkIn) {
  if (innerWidth < NARROW_PX) return { cards: PER_PAGE, rows: PER_PAGE, direct: PER_PAGE };
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const columns = innerWidth > innerHeight ? 4 : 2;  // as in kiosk.css
  const { theme, type } = document.documentElement.dataset;
  const card = low ? LOW_CARD : theme === "contrast" && type === "large" ? WRAPPED_CARD : CARD;
  const row = type === "large" ? LARGE_ROW : theme === "contrast" ? CONTRAST_ROW : ROW;
  const room = low ? innerHeight / 2 / rem - BELOW : innerHeight / rem - AROUND;
  /** @param {number} height */
  const cards = (height) => Math.min(PER_PAGE, Math.max(1, Math.floor(height / card)) * columns);
  /** @param {number} height */
  const rows = (height) => Math.min(PER_PAGE, Math.max(2, Math.floor(height / row)) * (columns / 2));
  /** Few offices have more groups than one screen holds; where that many fit, no pages are turned and the button stands alone. @param {(height: number) => number} count */
  const first = (count) => (!checkIn ? count(room) : count(theme || type ? room : room - CHECK_IN_ALONE) === PER_PAGE ? PER_PAGE : count(room - CHECK_IN));
  return { cards: first(cards), rows: rows(room), direct: first(rows) };
}

/** How much closer the words of a screen may stand, one step after the other (kiosk.css says what each step does). */
const TIGHTER = ["", "closer", "closest"];

/**
 * Brings what is pressed into sight: the less important words give way one step at a time until nothing is under the bar. Where even that is not
 * enough the screen scrolls, and says so.
 * @param {HTMLElement} screen
 */
export function makeRoom(screen) {
  const stood = screen.scrollTop;
  for (const step of TIGHTER) {
    if (step) screen.dataset.tight = step;
    else delete screen.dataset.tight;
    if (screen.scrollHeight <= screen.clientHeight + 1) break;
  }
  screen.scrollTop = stood;
  showBelow(screen);
}

/** @param {HTMLElement} screen */
export function showBelow(screen) {
  screen.toggleAttribute("data-below", screen.scrollHeight - screen.scrollTop - screen.clientHeight > 8);
}
