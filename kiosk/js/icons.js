/**
 * Why: the few signs of the kiosk, drawn here so that no font and no picture file is needed. Always beside words, so hidden from screen readers.
 */

import { svg } from "./dom.js";

/** Lines on a 24 × 24 grid. */
const lines = {
  back: ["M15 5l-7 7 7 7"],
  list: ["M9 6.5h10", "M9 12h10", "M9 17.5h10", "M5 6.5h.01", "M5 12h.01", "M5 17.5h.01"],
  next: ["M9 5l7 7-7 7"],
  again: ["M19.5 12a7.5 7.5 0 0 1-13.6 4.3", "M4.5 12a7.5 7.5 0 0 1 13.6-4.3", "M18.5 3.5v4.5h-4.5", "M5.5 20.5v-4.5h4.5"],
  link: ["M10 14l4-4", "M8.5 11l-2.2 2.2a3.2 3.2 0 0 0 4.5 4.5L13 15.5", "M15.5 13l2.2-2.2a3.2 3.2 0 0 0-4.5-4.5L11 8.5"],
  home: ["M4 11.5L12 5l8 6.5", "M6.5 10v9h11v-9"],
  calendar: ["M5 6h14v13.5H5z", "M5 10h14", "M9 3.8v4", "M15 3.8v4", "M9 14.6l2.2 2.2 3.8-3.8"],
  missing: ["M5 6h14v13.5H5z", "M5 10h14", "M9 3.8v4", "M15 3.8v4", "M10 12.8l4 4", "M14 12.8l-4 4"],
  erase: ["M9 6h11.5v12H9l-5.5-6z", "M12.2 9.7l4.6 4.6", "M16.8 9.7l-4.6 4.6"],
  place: ["M12 20.5s-6.5-5.6-6.5-10.4a6.5 6.5 0 0 1 13 0c0 4.8-6.5 10.4-6.5 10.4z", "M12 12.4a2.4 2.4 0 1 0 0-4.8 2.4 2.4 0 0 0 0 4.8z"],
  people: ["M9 11a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5z", "M3 19.5c.3-3.4 2.7-5.5 6-5.5s5.7 2.1 6 5.5", "M15.5 4.9a3.2 3.2 0 0 1 0 6", "M17.5 14.4c2 .8 3.3 2.6 3.5 5.1"],
  clock: ["M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z", "M12 7v5.25l3.5 2"],
  check: ["M5 12.5l4.7 4.7L19 7.5"],
  document: ["M6.5 3.5h7l4 4v13h-11z", "M13.5 3.5v4h4", "M9.5 12h5", "M9.5 15.5h5"],
  first: ["M12 19.5v-14", "M6.5 10.5L12 5l5.5 5.5"],
  print: ["M7.5 8.5v-5h9v5", "M7.5 16.5h-3v-8h15v8h-3", "M7.5 13.5h9v7h-9z"],
  closed: ["M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z", "M6 6l12 12"],
  low_vision: ["M2.5 12s3.5-6 9.5-6 9.5 6 9.5 6-3.5 6-9.5 6-9.5-6-9.5-6z", "M12 14.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6z"],
  hearing: ["M7 9.5a5 5 0 0 1 10 0c0 3.5-3.5 4-3.5 7.2a3 3 0 0 1-5.6 1.5", "M9.8 10a2.2 2.2 0 0 1 4.4 0c0 1.5-1.4 1.8-1.7 3"],
  wheelchair: ["M10 5.2a1.4 1.4 0 1 0 0-2.8 1.4 1.4 0 0 0 0 2.8z", "M10 7.8v6h5.5l2.5 5h2", "M10 10.3h4.5", "M7.6 11.8a5 5 0 1 0 6.6 6.3"],
};

/** @typedef {keyof typeof lines} IconName */

/** @param {string} name @returns {SVGElement} */
export function icon(name) {
  const paths = lines[/** @type {IconName} */ (name)] ?? lines.people;
  return svg("svg", {
    class: "icon", viewBox: "0 0 24 24", fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  }, ...paths.map((d) => svg("path", { d })));
}
