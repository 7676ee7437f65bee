// Carries out what the clerk asks, one request at a time, and says how it went. What may be done only once is
// repeated under one key until the service has answered, so a lost answer neither loses nor doubles it.

import { newKey } from "../once.js";
import { _ } from "../texts.js";
import * as api from "./api.js";

/** @typedef {import("./state.js").State} State */

// A double press must not run the next state's main action, which stands in the same place under the same key.
const SETTLE_MS = 350;
// After this long the clerk should decide again; the key is kept, so even then nobody is called twice.
const RETRY_FOR_MS = 30_000;
const RETRY_EVERY_MS = 1_500;
// Acts that the service does once for each key (desks/once.py).
const DONE_ONCE = new Set(["recall", "start", "finish", "no-show", "return", "postpone", "transfer", "add-service"]);

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

  /** @param {Exclude<State["busy"], null>} action @param {() => Promise<string>} perform resolves to what was done, as a sentence */
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

  /**
   * Again and again while nothing answers: what is asked carries a key, so that it is done once.
   * @template T @param {() => Promise<T>} attempt @returns {Promise<T>}
   */
  async function insist(attempt) {
    const end = performance.now() + RETRY_FOR_MS;
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof api.Unreachable) || performance.now() > end) throw error;
        update({ retrying: true });
        await wait(RETRY_EVERY_MS * (0.5 + Math.random()));
      }
    }
  }

  async function callNext() {
    const mine = key ?? newKey();
    key = mine;
    try {
      const ticket = await insist(() => api.callNext(mine));
      key = undefined;
      return ticket ? _("Ticket %(number)s is called.", { number: ticket.number }) : _("Nobody is waiting.");
    } catch (error) {
      if (!(error instanceof api.Unreachable)) key = undefined;
      throw error;
    }
  }

  /** Beside whatever else runs: a call for help waits for nothing. @param {() => Promise<void>} perform @param {string} done */
  async function aside(perform, done) {
    try {
      await perform();
      update({ done, failed: "" });
    } catch (error) {
      update({ done: "", failed: explain(error) });
    }
    await refresh();
  }

  const doneTexts = {
    recall: _("Ticket %(number)s is called again."),
    start: _("Serving ticket %(number)s."),
    finish: _("Ticket %(number)s is finished."),
    "no-show": _("Ticket %(number)s is marked as not come."),
    return: _("Ticket %(number)s is back in the queue."),
    postpone: _("Ticket %(number)s is postponed."),
    transfer: _("Ticket %(number)s is transferred."),
    "add-service": _("Ticket %(number)s has one more service."),
    call: _("Ticket %(number)s is called."),
    "confirm-privilege": _("Noted for ticket %(number)s."),
    inaccurate: _("The times of ticket %(number)s will not be counted."),
    further: _("Ticket %(number)s goes on: it waits for the next service."),
  };

  return {
    callNext: () => run("call-next", callNext),
    /** @param {Exclude<keyof typeof doneTexts, "further">} action @param {object} [body] */
    act: (action, body) => run(action, async () => {
      const mine = newKey();
      const { number, state: after } = await (DONE_ONCE.has(action) ? insist(() => api.act(action, body, mine)) : api.act(action, body));
      return doneTexts[action === "finish" && after === "waiting" ? "further" : action].replace("%(number)s", number);
    }),
    /** @param {import("./dialogs/shift.js").Pause} pause */
    pause: (pause) => run("pause", () => api.pause(pause).then(() => _("The desk is on a break."))),
    visitor: () => run("visitor", async () => {
      const { number, name } = await api.fetchVisitor();
      return name ? _("Ticket %(number)s: %(name)s", { number, name }) : _("No name is kept for ticket %(number)s.", { number });
    }),
    /** @param {string} text */
    message: (text) => aside(() => api.tellTheHall(text), _("The message is sent.")),
    alarm: () => aside(api.raiseAlarm, _("Colleagues are called.")),
    /** @param {string} id */
    acknowledge: (id) => aside(() => api.acknowledge(id), _("The colleague sees that you are coming.")),
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
