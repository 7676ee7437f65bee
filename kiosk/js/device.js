/**
 * Why: which kiosk this is, and how it feels. The token comes by pairing, or once in the address of a link, and is taken out of the address at
 * once so that nobody reads it from the screen; it is renewed when the service asks for it, and tabs of one kiosk follow each other's token.
 * Errors of the page are kept for the next health report.
 */

import { renewToken, sendHealth } from "./api.js";

/** @import {Health} from "./types.js" */

const TOKEN = "kiosk-token";
/** The token that the link of this kiosk carries: it may be started with that link every morning, long after the token was renewed. */
const LINKED = "kiosk-token-linked";
const REPORT_MS = 60_000;
/** Enough to see a pattern, too few to fill a report. */
const KEPT_ERRORS = 5;
/** Goes up with every change that a kiosk should not do without; the service has the same number (devices/rules.py). */
const VERSION = "2";

export const pageVersion = VERSION;

/** @returns {string | null} */
export function pairedToken() {
  const address = new URL(location.href);
  const token = address.searchParams.get("token") ?? new URLSearchParams(address.hash.slice(1)).get("token");
  if (token) {
    if (token !== localStorage.getItem(LINKED) || !keptToken()) keepToken(token);
    localStorage.setItem(LINKED, token);
    address.searchParams.delete("token");
    address.hash = "";
    history.replaceState(null, "", address);
  }
  return keptToken();
}

export const keptToken = () => localStorage.getItem(TOKEN);

/** @param {string} token */
export const keepToken = (token) => localStorage.setItem(TOKEN, token);

/** Another tab was paired, or has renewed the token. @param {(token: string) => void} act */
export function onOtherTabsToken(act) {
  addEventListener("storage", (event) => { if (event.key === TOKEN && event.newValue) act(event.newValue); });
}

/**
 * Reports now and every minute; hands over the next token when the service wants it renewed. The old one works until the new one is used,
 * so it is kept before it is used.
 * @param {{token: () => string | null, printer: () => "ok" | "unknown" | "error", onRenewed: (token: string) => void}} kiosk
 */
export function reportHealth({ token, printer, onRenewed }) {
  /** @type {string[]} */
  let errors = [];
  /** @type {number | null} */
  let roundTrip = null;
  /** @param {unknown} error */
  const keep = (error) => { errors = [...errors, String(error)].slice(-KEPT_ERRORS); };
  addEventListener("error", (event) => { if (event.message) keep(`${event.message} (${event.filename}:${event.lineno})`); });
  addEventListener("unhandledrejection", (event) => keep(event.reason));
  const report = async () => {
    const own = token();
    if (!own) return;
    const sent = performance.now();
    /** @type {Health} */
    const health = {
      page: { version: VERSION, errors }, printer: { state: printer(), paper: "unknown" }, clock: new Date().toISOString(), round_trip_ms: roundTrip,
      screen: { width: innerWidth, height: innerHeight },
    };
    errors = [];
    const answer = await sendHealth(own, health);
    roundTrip = answer ? Math.round(performance.now() - sent) : null;
    if (!answer?.renew || token() !== own) return;
    const next = await renewToken(own);
    if (next === null || token() !== own) return;
    keepToken(next);
    onRenewed(next);
  };
  setInterval(() => void report(), REPORT_MS);
  return { report };
}
