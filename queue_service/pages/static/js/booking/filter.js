// The list of services shrinks while somebody types; without scripts the same form asks the server.

import { all, write } from "../dom.js";
import { ngettext } from "../texts.js";

export function filterServices() {
  const field = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-filter]"));
  // A list that the server has filtered lacks what another word would find: there the button asks again.
  if (!field || field.value) return;
  field.addEventListener("input", () => show(field.value));
}

/** @param {string} typed */
function show(typed) {
  const words = plainly(typed).split(" ").filter(Boolean);
  let found = 0;
  for (const item of all("[data-name]")) {
    const name = plainly(item.dataset.name ?? "");
    const checked = item.querySelector("input:checked") !== null; // a choice never disappears
    const fits = words.every((word) => name.includes(word));
    item.hidden = !fits && !checked;
    if (fits) found += 1;
  }
  for (const group of all("[data-group]")) group.hidden = group.querySelector("[data-name]:not([hidden])") === null;
  write(document.querySelector('[data-slot="found"]'), words.length ? ngettext("%(n)s service found", "%(n)s services found", found) : "");
}

/** How people's spellings of one word are the same. @param {string} text */
function plainly(text) {
  return text.toLowerCase().replaceAll("ё", "е").replace(/\s+/g, " ").trim();
}
