// What the page says, in its language. The server sends the sentences that the scripts of this page use; their English
// originals are the keys here. Refuses to translate anything itself.

/** @type {Record<string, string | Record<string, string>>} */
const texts = JSON.parse(document.getElementById("texts")?.textContent ?? "{}");

/** @type {"ru" | "en"} */
export const language = document.documentElement.lang === "en" ? "en" : "ru";

const plural = new Intl.PluralRules(language);

/** @typedef {Record<string, string | number>} Values */

/**
 * The sentence of a key, with %(name)s filled in.
 * @param {string} key
 * @param {Values} [values]
 */
export function _(key, values) {
  const text = texts[key];
  return fill(typeof text === "string" ? text : key, values);
}

/**
 * The sentence in the form that n asks for; %(n)s is the number itself.
 * @param {string} singular @param {string} several @param {number} n @param {Values} [values]
 */
export function ngettext(singular, several, n, values) {
  const forms = texts[singular];
  const text = typeof forms === "object" ? forms[plural.select(n)] : undefined;
  return fill(text ?? (n === 1 ? singular : several), { n, ...values });
}

/** @param {import("./contract").Text | null | undefined} text */
export function pick(text) {
  return text ? (text[language] ?? text.ru) : "";
}

/** «4, 5 или 7» @param {string[]} items */
export function oneOf(items) {
  return new Intl.ListFormat(language === "en" ? "en-GB" : "ru", { type: "disjunction" }).format(items);
}

/** «8–12 минут», «до 5 минут» @param {import("./contract").Minutes} wait */
export function minutes({ low, high }) {
  if (low <= 0) return ngettext("up to %(n)s minute", "up to %(n)s minutes", Math.max(high, 1));
  const span = low >= high ? String(low) : `${low}–${high}`;
  return ngettext("%(span)s minute", "%(span)s minutes", Math.max(low, high), { span });
}

/** @param {string} text @param {Values} [values] */
function fill(text, values) {
  return values ? text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole)) : text;
}
