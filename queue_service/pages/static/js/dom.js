// The few things that every module does with the document, typed once.

/** The element with this id, which the template promises. @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`no #${id} in the page`);
  return element;
}

/** @param {string} selector @param {ParentNode} [within] @returns {HTMLElement[]} */
export function all(selector, within = document) {
  return [...within.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
}

/** Writes only what differs: a live region speaks at every write. @param {Element | null | undefined} element @param {string} text */
export function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/** Text of every [data-slot] of this name; empty ones disappear. @param {string} name @param {string} text */
export function fill(name, text) {
  for (const element of all(`[data-slot="${name}"]`)) {
    write(element, text);
    element.hidden = text === "";
  }
}

/** @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children @returns {HTMLElement} */
export function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
