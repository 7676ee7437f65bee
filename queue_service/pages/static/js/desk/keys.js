// Keys of the desk: a key presses the button that shows it. By place on the keyboard (event.code), so they work in the
// Russian and in the Latin layout. A key marked data-always works in a dialog too. Single letters can be switched off (WCAG 2.1.4).

const OWN_USE_OF_KEYS = "a, button, summary, input, select, textarea, [contenteditable]"; // the queue, which scrolls, leaves Space to the main action
const TYPING = "input, select, textarea, [contenteditable]";

/** @param {() => boolean} switchedOn */
export function listenToKeys(switchedOn) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (press(`button[data-always][data-key="${CSS.escape(event.code)}"]`)) return event.preventDefault();
    if (document.querySelector("dialog[open]")) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TYPING)) return;
    if (event.code === "Space" && target.closest(OWN_USE_OF_KEYS)) return;
    if (!switchedOn() && !event.code.startsWith("F")) return;
    if (press(`button[data-key="${CSS.escape(event.code.replace("Numpad", "Digit"))}"]:not([hidden])`)) event.preventDefault();
  });
}

/** @param {string} selector */
function press(selector) {
  const button = document.querySelector(selector);
  if (!(button instanceof HTMLButtonElement)) return false;
  button.click();
  return true;
}
