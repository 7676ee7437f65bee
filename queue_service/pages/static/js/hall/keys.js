// Function keys of the hall's screen; letters stay for typing.

/** @param {Record<string, () => void>} keys by event.key */
export function listenToKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
    if (document.querySelector("dialog[open]")) return;
    const perform = keys[event.key];
    if (!perform) return;
    event.preventDefault();
    perform();
  });
}
