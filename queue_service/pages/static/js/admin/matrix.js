/**
 * Why: in the table of who takes what the arrow keys go from cell to cell as in any table, and the keys of the marks set them. Without this
 * script every cell is a list to choose from, which Tab reaches.
 */

/** @type {Record<string, string>} */
const MARKS = { " ": "next", "+": "help", "v": "own", "м": "own", "Delete": "", "Backspace": "" };
const ORDER = ["", "own", "help"];

const table = document.getElementById("matrix");
table?.addEventListener("change", (event) => { if (event.target instanceof HTMLSelectElement) shown(event.target); });
table?.addEventListener("keydown", (event) => {
  const cell = event.target;
  if (!(cell instanceof HTMLSelectElement) || event.altKey || event.ctrlKey || event.metaKey) return;
  const next = neighbour(cell, event.key);
  if (next) {
    event.preventDefault();
    next.focus();
  } else if (event.key in MARKS) {
    event.preventDefault();
    const mark = MARKS[event.key] ?? "";
    cell.value = mark === "next" ? ORDER[(ORDER.indexOf(cell.value) + 1) % ORDER.length] ?? "" : mark;
    shown(cell);
  }
});

/** @param {HTMLSelectElement} cell */
function shown(cell) {
  cell.dataset.takes = cell.value;
}

/** @param {HTMLSelectElement} cell @param {string} key @returns {HTMLSelectElement | null} */
function neighbour(cell, key) {
  const place = cell.closest("td");
  if (!place) return null;
  const rows = [...document.querySelectorAll("#matrix tr")].filter((row) => row.querySelector("select"));
  const row = place.closest("tr");
  const at = rows.findIndex((each) => each === row);
  const inside = [...(row?.querySelectorAll("select") ?? [])];
  const column = inside.indexOf(cell);
  if (key === "ArrowLeft" || key === "ArrowRight") return inside[column + (key === "ArrowLeft" ? -1 : 1)] ?? null;
  if (key !== "ArrowUp" && key !== "ArrowDown") return null;
  return [...(rows[at + (key === "ArrowUp" ? -1 : 1)]?.querySelectorAll("select") ?? [])][column] ?? null;
}
