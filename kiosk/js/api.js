/**
 * Why: the only module that knows addresses. It turns every way a request can end into one of a few plain answers,
 * and refuses to retry, to wait or to decide: that is for its callers.
 */

/** @import {Answer, Health, Lang, MenuAnswer, OpenPairing, Order} from "./types.js" */

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
 * @param {string} token @param {Health} health
 * @returns {Promise<{now: string, renew: boolean} | null>}
 */
export const sendHealth = (token, health) => post("/api/devices/health", health, token);

/** The token that follows this one. @param {string} token @returns {Promise<string | null>} */
export async function renewToken(token) {
  const answer = await post("/api/devices/token", {}, token);
  return answer ? String(answer.token) : null;
}

/**
 * A code for the screen.
 * @param {string} kind @param {string} version @param {string | null} previous  the claim of the code before
 * @returns {Promise<OpenPairing | null>}
 */
export async function openPairing(kind, version, previous) {
  const answer = await post("/api/devices/pairings", { kind, version, previous }, null);
  // By the service's clock: this device's own may be wrong by hours.
  return answer && { claim: answer.claim, code: answer.code, ends: Date.now() + Date.parse(answer.expires_at) - Date.parse(answer.now) };
}

/** The service keeps the question for 25 s. */
const PAIRING_TIMEOUT_MS = 35_000;

/** @param {string} claim @returns {Promise<{kind: "waiting" | "over" | "silent"} | {kind: "paired", token: string}>} */
export async function waitForPairing(claim) {
  try {
    const response = await fetch(`/api/devices/pairings/${encodeURIComponent(claim)}`, { cache: "no-store", signal: AbortSignal.timeout(PAIRING_TIMEOUT_MS) });
    if (response.status === 404) return { kind: "over" };
    if (!response.ok) return { kind: "silent" };
    const answer = await response.json();
    return answer.state === "paired" ? { kind: "paired", token: answer.token } : { kind: "waiting" };
  } catch {
    return { kind: "silent" };
  }
}

/** @param {string} path @param {unknown} body @param {string | null} token @returns {Promise<any>} null for whatever is no answer */
async function post(path, body, token) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
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
