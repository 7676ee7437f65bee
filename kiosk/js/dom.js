/**
 * Why: screens are written as trees, and a tree is laid over the page without replacing what did not change. A button that a finger is
 * on must still be the same button when the finger is lifted, also when a live update arrives in between.
 */

/** @typedef {string | number | boolean | null | undefined} Value */
/** @typedef {Node | string | null | false | undefined} Child */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. An attribute that is false, null or undefined is left out; true is written empty.
 * @param {string} tag @param {Record<string, Value>} [attributes] @param {...(Child | Child[])} children
 */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** @param {string} tag @param {Record<string, Value>} [attributes] @param {...(Child | Child[])} children */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/**
 * @template {Element} E
 * @param {E} element @param {Record<string, Value>} attributes @param {(Child | Child[])[]} children
 * @returns {E}
 */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) if (child) element.append(child);
  return element;
}

/** Makes the children of `host` like `children`, keeping every node that is still of the same kind. @param {Element} host @param {Child[]} children */
export function fill(host, ...children) {
  const fresh = document.createElement("div");
  for (const child of children) if (child) fresh.append(child);
  morphChildren(host, fresh);
}

/** @param {Node} old @param {Node} fresh */
function morph(old, fresh) {
  if (old instanceof Element && fresh instanceof Element) {
    // An element that looks after itself (the QR image, which is asked for again when it fails) is left alone while it stays the same one.
    if (old.hasAttribute("data-own") && old.getAttribute("data-own") === fresh.getAttribute("data-own")) return;
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    morphChildren(old, fresh);
  } else if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
}

/** @param {Element} old @param {Element} fresh */
function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((child, index) => {
    const there = old.childNodes[index];
    if (!there) old.append(child);
    else if (!sameKind(there, child)) there.replaceWith(child);
    else morph(there, child);
  });
  while (old.childNodes.length > wanted.length) old.lastChild?.remove();
}

/** @param {Node} one @param {Node} other */
function sameKind(one, other) {
  if (one.nodeName !== other.nodeName) return false;
  return !(one instanceof Element && other instanceof Element) || ["data-key", "data-own"].every((name) => one.getAttribute(name) === other.getAttribute(name));
}
