/**
 * Why: which kiosk this is, and how it feels. The token comes once, in the address of the pairing link, and is taken out of the address at once
 * so that nobody reads it from the screen; errors of the page are kept for the next health report.
 */

import { sendHealth } from "./api.js";

const TOKEN = "kiosk-token";
const REPORT_MS = 60_000;
/** Enough to see a pattern, too few to fill a report. */
const KEPT_ERRORS = 5;
const PAGE_VERSION = "1";

/** @returns {string | null} */
export function pairedToken() {
  const address = new URL(location.href);
  const token = address.searchParams.get("token") ?? new URLSearchParams(address.hash.slice(1)).get("token");
  if (token) {
    localStorage.setItem(TOKEN, token);
    address.searchParams.delete("token");
    address.hash = "";
    history.replaceState(null, "", address);
  }
  return localStorage.getItem(TOKEN);
}

/**
 * @param {string} token
 * @param {() => "ok" | "unknown" | "error"} printer
 */
export function reportHealth(token, printer) {
  /** @type {string[]} */
  let errors = [];
  /** @param {unknown} error */
  const keep = (error) => { errors = [...errors, String(error)].slice(-KEPT_ERRORS); };
  addEventListener("error", (event) => { if (event.message) keep(`${event.message} (${event.filename}:${event.lineno})`); });
  addEventListener("unhandledrejection", (event) => keep(event.reason));
  const report = () => {
    void sendHealth(token, { version: PAGE_VERSION, errors }, printer());
    errors = [];
  };
  setInterval(report, REPORT_MS);
  report();
}
