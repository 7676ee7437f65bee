/**
 * Why: the only module that knows addresses. It turns every way a request can end into one of a few plain answers,
 * and refuses to retry, to wait or to decide: that is for its callers.
 */

/** @import {Answer, Lang, MenuAnswer, Order} from "./types.js" */

/** A visitor stands in front of the screen: longer than this, repeating under the same key is better than waiting. */
const ANSWER_TIMEOUT_MS = 8000;

/**
 * @param {string} token
 * @returns {Promise<MenuAnswer>}
 */
export async function fetchMenu(token) {
  try {
    const response = await fetch("/api/kiosk/menu", {
      headers: { Authorization: `Bearer ${token}` }, cache: "no-store", signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.status === 401 || response.status === 403) return { kind: "unpaired" };
    if (!response.ok) return { kind: "silent" };
    return { kind: "menu", menu: await response.json() };
  } catch {
    return { kind: "silent" };
  }
}

/** A rate limiter's 429 says nothing about the request and is worth another try; these are answers to it. */
const ANSWERS_OF_429 = ["daily_limit_reached", "too_many_attempts"];

/**
 * @param {string} token
 * @param {Order} order
 * @param {Lang} lang  the language of a refusal's sentence
 */
export const takeTicket = (token, order, lang) => ask("tickets", order.request, { Authorization: `Bearer ${token}`, "Idempotency-Key": order.key }, lang);

/**
 * Asking again is safe: a booking becomes one ticket, and the service answers with the same one.
 * @param {string} token
 * @param {string} code  whatever was scanned or typed; the service knows what bookings look like
 * @param {Lang} lang
 */
export const checkIn = (token, code, lang) => ask("check-ins", { code }, { Authorization: `Bearer ${token}` }, lang);

/**
 * @param {string} what
 * @param {unknown} body
 * @param {Record<string, string>} headers
 * @param {Lang} lang
 * @returns {Promise<Answer>}
 */
async function ask(what, body, headers, lang) {
  try {
    const response = await fetch(`/api/kiosk/${what}`, {
      method: "POST",
      headers: { ...headers, "Content-Type": "application/json", "Accept-Language": lang },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.ok) return { kind: "ticket", ticket: await response.json() };
    if (response.status === 401) return { kind: "unpaired" };
    if (response.status >= 500 || response.status === 408) return { kind: "silent" };
    const problem = await response.json().catch(() => ({}));
    if (response.status === 429 && !ANSWERS_OF_429.includes(problem.code)) return { kind: "silent" };
    return { kind: "refused", refusal: { code: String(problem.code ?? ""), detail: String(problem.detail ?? ""), lang, starts_at: problem.starts_at ?? null } };
  } catch {
    return { kind: "silent" };
  }
}

/**
 * Health is best effort: a kiosk that cannot report is seen by its silence.
 * @param {string} token
 * @param {{version: string, errors: string[]}} page
 * @param {"ok" | "unknown" | "error"} printer
 */
export async function sendHealth(token, page, printer) {
  try {
    await fetch("/api/kiosk/health", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ page, printer: { state: printer } }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
  } catch { /* the next report comes in a minute */ }
}

/** @param {string} token */
export function liveAddress(token) {
  const address = new URL("/live/kiosk", location.href);
  address.protocol = address.protocol.replace("http", "ws");
  address.searchParams.set("token", token);
  return address.href;
}

/** @param {string} secret */
export function qrAddress(secret) {
  return `/t/${encodeURIComponent(secret)}/qr.svg`;
}
