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

/**
 * @param {string} token
 * @param {Order} order
 * @param {Lang} lang  the language of a refusal's sentence
 * @returns {Promise<Answer>}
 */
export async function takeTicket(token, order, lang) {
  try {
    const response = await fetch("/api/kiosk/tickets", {
      method: "POST",
      headers: {
        Authorization: `Bearer ${token}`, "Content-Type": "application/json", "Idempotency-Key": order.key, "Accept-Language": lang,
      },
      body: JSON.stringify(order.request),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (response.ok) return { kind: "ticket", ticket: await response.json() };
    if (response.status === 401) return { kind: "unpaired" };
    if (response.status >= 500 || response.status === 408) return { kind: "silent" };
    const problem = await response.json().catch(() => ({}));
    // A rate limiter's 429 says nothing about this request; only the day's limit is an answer.
    if (response.status === 429 && problem.code !== "daily_limit_reached") return { kind: "silent" };
    return { kind: "refused", refusal: { code: String(problem.code ?? ""), detail: String(problem.detail ?? ""), lang } };
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
