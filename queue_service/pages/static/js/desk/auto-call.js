// Calls the next visitor for an idle desk when the office wants that: a countdown that is seen, that Escape stops until the next
// visitor, and that never runs while the clerk reads a dialog. Keeps time only; who calls is the caller's matter.

import { modeOf } from "./state.js";

/** @typedef {import("./state.js").State} State */

export function autoCall() {
  /** When the countdown began, by performance.now(). @type {number | null} */
  let since = null;
  let stopped = false;

  return {
    /** Whole seconds to the call, 0: call now, null: no countdown. @param {State} state @param {boolean} reading a dialog is open @param {number} clock */
    left({ snapshot, link, busy }, reading, clock) {
      if (!snapshot) return null;
      if (snapshot.current) stopped = false;
      const wanted = snapshot.rules.auto_call_seconds;
      const ready = wanted !== null && modeOf(snapshot) === "idle" && snapshot.counts.waiting > 0 && link !== "lost" && !busy && !reading && !stopped;
      if (!ready) {
        since = null;
        return null;
      }
      since ??= clock;
      const seconds = Math.max(0, Math.ceil(wanted - (clock - since) / 1000));
      if (seconds === 0) since = null;
      return seconds;
    },
    stop() {
      stopped = true;
      since = null;
    },
  };
}
