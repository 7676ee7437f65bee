/**
 * Why: brings the latest menu, whatever happens to the network. A socket while there is one, plain GETs while there is not; both bring whole
 * snapshots, so nothing has to be caught up with. It never gives up: a kiosk that was cut off recovers by itself.
 */

import { fetchMenu, liveAddress } from "./api.js";

/** @import {Menu} from "./types.js" */

/** The service sends at least every 10 s; two of those lost is a dead line that TCP has not noticed. */
const SILENCE_MS = 25_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 15_000;
/** How often to ask while no socket speaks. */
const POLL_MS = 5000;
/** Failed questions in a row before the visitor is told: one may be an accident. */
const LOST_AFTER = 2;

/** All kiosks of a city lose the service in the same second; they must not come back in the same second. @param {number} ms */
const jitter = (ms) => ms * (0.6 + Math.random() * 0.8);

/**
 * @param {string} token
 * @returns {{stop: () => void}}
 * @param {{onMenu: (menu: Menu) => void, onLost: () => void, onUnpaired: () => void}} tell
 */
export function follow(token, { onMenu, onLost, onUnpaired }) {
  let retry = FIRST_RETRY_MS;
  let failures = 0;
  let heard = 0;
  /** @type {WebSocket | null} */
  let socket = null;
  /** An open socket that has brought nothing yet is not to be relied on. */
  let speaks = false;
  let stopped = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silence;

  /** @param {Menu} menu */
  function received(menu) {
    failures = 0;
    heard = performance.now();
    onMenu(menu);
  }

  function connect() {
    if (stopped) return;
    const line = new WebSocket(liveAddress(token));
    socket = line;
    line.onmessage = (message) => {
      if (stopped) return;
      retry = FIRST_RETRY_MS;
      speaks = true;
      received(JSON.parse(String(message.data)));
      expectMore(line);
    };
    line.onclose = () => {
      if (socket !== line) return;
      socket = null;
      speaks = false;
      clearTimeout(silence);
      void ask();
      setTimeout(connect, jitter(retry));
      retry = Math.min(retry * 2, LAST_RETRY_MS);
    };
    expectMore(line);
  }

  /** @param {WebSocket} line */
  function expectMore(line) {
    clearTimeout(silence);
    silence = setTimeout(() => {
      line.close();
      // A dead line may take a minute to say that it is closed; do not wait for it.
      line.onclose?.(new CloseEvent("close"));
    }, SILENCE_MS);
  }

  async function ask() {
    const answer = await fetchMenu(token);
    if (stopped) return;
    if (answer.kind === "menu") received(answer.menu);
    else if (answer.kind === "unpaired") onUnpaired();
    else {
      failures += 1;
      if (failures >= LOST_AFTER && performance.now() - heard > POLL_MS) onLost();
    }
  }

  function poll() {
    if (stopped) return;
    setTimeout(poll, jitter(POLL_MS));
    if (!speaks) void ask();
  }

  void ask();
  connect();
  setTimeout(poll, jitter(POLL_MS));
  return {
    stop: () => {
      stopped = true;
      clearTimeout(silence);
      const line = socket;
      socket = null;
      line?.close();
    },
  };
}
