// Carries out what the clerk asks, one request at a time, and says how it went. Call-next is repeated under one key until
// the service has answered, so a lost answer neither loses nor doubles a call.

import { _ } from "../texts.js";
import * as api from "./api.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Action} Action */

// A double press must not run the next state's main action, which stands in the same place under the same key.
const SETTLE_MS = 350;
// After this long the clerk should decide again; the key is kept, so even then nobody is called twice.
const RETRY_FOR_MS = 30_000;
const RETRY_EVERY_MS = 1_500;

/** @param {number} ms @returns {Promise<void>} */
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * @param {object} desk
 * @param {() => State} desk.state
 * @param {(change: Partial<State>) => void} desk.update
 * @param {() => Promise<void>} desk.refresh fetches the snapshot and shows it
 */
export function commandsOf({ state, update, refresh }) {
  /** Of the call-next whose outcome is not known. @type {string | undefined} */
  let key;

  /** @param {Action} action @param {() => Promise<string>} perform resolves to what was done, as a sentence */
  async function run(action, perform) {
    if (state().busy) return;
    update({ busy: action, retrying: false, done: "", failed: "" });
    const settled = wait(SETTLE_MS);
    let done = "";
    let failed = "";
    try {
      done = await perform();
    } catch (error) {
      failed = explain(error);
    }
    await refresh();
    update({ retrying: false, done, failed });
    await settled;
    update({ busy: null });
  }

  async function callNext() {
    const mine = key ?? newKey();
    key = mine;
    const end = performance.now() + RETRY_FOR_MS;
    for (;;) {
      try {
        const ticket = await api.callNext(mine);
        key = undefined;
        return ticket ? _("Ticket %(number)s is called.", { number: ticket.number }) : _("Nobody is waiting.");
      } catch (error) {
        if (!(error instanceof api.Unreachable)) key = undefined;
        if (!(error instanceof api.Unreachable) || performance.now() > end) throw error;
        update({ retrying: true });
        await wait(RETRY_EVERY_MS * (0.5 + Math.random()));
      }
    }
  }

  /** @type {Record<"recall" | "start" | "finish" | "no-show" | "return", string>} */
  const doneTexts = {
    recall: _("Ticket %(number)s is called again."),
    start: _("Serving ticket %(number)s."),
    finish: _("Ticket %(number)s is finished."),
    "no-show": _("Ticket %(number)s is marked as not come."),
    return: _("Ticket %(number)s is back in the queue."),
  };

  return {
    callNext: () => run("call-next", callNext),
    /** @param {keyof typeof doneTexts} action */
    act: (action) => run(action, async () => doneTexts[action].replace("%(number)s", (await api.act(action)).number)),
    /** @param {string} reason @param {string | null} note */
    pause: (reason, note) => run("pause", () => api.pause(reason, note).then(() => _("The desk is on a break."))),
    resume: () => run("resume", () => api.resume().then(() => _("The desk works again."))),
    close: () => run("close", () => api.closeDesk().then(() => _("The desk is closed."))),
    /** @param {() => void} then */
    closeAndThen: (then) => run("sign-out", () => api.closeDesk().then(() => { then(); return ""; })),
    /** The snapshot shows a ticket: whatever call was in doubt, it has come through. */
    callCameThrough: () => { if (!state().busy) key = undefined; },
  };
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof api.Refused) {
    if (error.status === 401) api.goToSignIn();
    return error.message || _("The service refused. Reload the page.");
  }
  if (error instanceof api.Unreachable) return _("The service does not answer. Check the connection and press again.");
  throw error;
}

/** crypto.randomUUID exists only on https and localhost; offices also run on plain http. */
function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (Number(bytes[6]) & 0x0f) | 0x40;
  bytes[8] = (Number(bytes[8]) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
