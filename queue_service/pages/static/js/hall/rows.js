// Lists whose rows stay the same elements while their content changes: nothing jumps under a pointer, a focus or a magnifier.

/**
 * @template Item
 * @param {HTMLElement} list
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => HTMLElement} create an empty row
 * @param {(row: HTMLElement, item: Item) => void} update
 */
export function keepRows(list, items, keyOf, create, update) {
  /** @type {Map<string, HTMLElement>} */
  const known = new Map();
  for (const row of list.children) if (row instanceof HTMLElement) known.set(row.dataset.row ?? "", row);
  /** @type {Element | null} */
  let place = list.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let row = known.get(key);
    if (row) known.delete(key);
    else {
      row = create(item);
      row.dataset.row = key;
    }
    if (row === place) place = place.nextElementSibling;
    else move(list, row, place);
    update(row, item);
  }
  for (const gone of known.values()) gone.remove();
}

/** Moving takes the focus away; it is given back. @param {HTMLElement} list @param {HTMLElement} row @param {Element | null} before */
function move(list, row, before) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  list.insertBefore(row, before);
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/** Arrows walk the rows of a list. @param {HTMLElement} list */
export function walkByArrows(list) {
  list.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const rows = [...list.querySelectorAll("button.row")];
    const here = rows.indexOf(/** @type {Element} */ (event.target));
    if (!step || here < 0) return;
    event.preventDefault();
    const next = rows[here + step];
    if (next instanceof HTMLElement) next.focus();
  });
}
