/**
 * Why: a kiosk without a token shows a code until somebody enters it in administration. One code at a time: after a reload the same one goes
 * on, and when its ten minutes are over there is another. It never gives up; it refuses to know what the screen looks like.
 */

import { openPairing, waitForPairing } from "./api.js";

/** @import {OpenPairing} from "./types.js" */

const KEPT = "kiosk-pairing";
/** Between questions to a service that does not answer. */
const RETRY_MS = 4000;
/** The service's own long poll keeps a question for 25 s; one that answers at once is not asked in a storm. */
const LEAST_MS = 1000;

/** @param {number} ms */
const after = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * @param {{version: string, onCode: (code: string, until: Date) => void, onPaired: (token: string) => void, onOver: () => Promise<boolean>}} kiosk
 *   onOver: a code has run out; true when there is a token after all
 * @returns {{stop: () => void}}
 */
export function pair({ version, onCode, onPaired, onOver }) {
  let stopped = false;
  /** @type {OpenPairing | null} */
  let open = kept();

  async function run() {
    while (!stopped) {
      if (!open || open.ends <= Date.now()) {
        const fresh = await openPairing("kiosk", version, open?.claim ?? null);
        if (!fresh) { await after(RETRY_MS); continue; }
        open = fresh;
        localStorage.setItem(KEPT, JSON.stringify(open));
      }
      if (stopped) return;
      onCode(open.code, new Date(open.ends));
      const asked = performance.now();
      const answer = await waitForPairing(open.claim);
      if (stopped) return;
      if (answer.kind === "paired") { localStorage.removeItem(KEPT); onPaired(answer.token); return; }
      if (answer.kind === "over") {
        open = { ...open, ends: 0 };
        if (await onOver()) return;
      }
      await after(answer.kind === "silent" ? RETRY_MS : Math.max(0, LEAST_MS - (performance.now() - asked)));
    }
  }

  void run();
  return { stop: () => { stopped = true; } };
}

/** The code that this kiosk showed before it was loaded anew. @returns {OpenPairing | null} */
function kept() {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "null");
    return found && typeof found.claim === "string" && typeof found.code === "string" && found.ends > Date.now() ? found : null;
  } catch {
    return null;
  }
}
