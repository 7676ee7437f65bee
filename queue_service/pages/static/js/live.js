// Follows one snapshot of the service: a websocket while it works, single GETs while it does not. Whoever asked gets whole
// snapshots and hears how good the connection is. Refuses to know what is in a snapshot and where it comes from.

// Each attempt waits twice as long as the one before, half to one and a half of that at random, so that a service that comes
// back is not met by everybody at once.
const LONGEST_DELAY_MS = 20_000;
// A connection that is not there after this long will not come.
const CONNECT_MS = 8_000;

/** @typedef {"live" | "polling" | "lost"} Link live: pushed; polling: fetched now and then; lost: what we have is old */

/**
 * @template Snapshot
 * @param {object} source
 * @param {string} source.socket address of the websocket
 * @param {() => Promise<Snapshot>} source.fetch the same snapshot, once
 * @param {number} source.firstDelay milliseconds before the first attempt to reconnect: short for the few, long for the many
 * @param {number} source.silence milliseconds without a message after which the socket counts as dead
 * @param {(snapshot: Snapshot) => void} source.onSnapshot
 * @param {(link: Link) => void} source.onLink
 * @param {(error: unknown) => void} [source.onFailure] why a GET failed
 */
export function follow(source) {
  /** @type {WebSocket | undefined} */
  let socket;
  /** @type {number | undefined} */
  let silenceTimer;
  /** @type {number | undefined} */
  let retryTimer;
  let failures = 0;
  let stopped = false;

  function connect() {
    if (stopped) return;
    clearTimeout(retryTimer);
    const mine = new WebSocket(source.socket);
    socket = mine;
    giveUpAfter(CONNECT_MS, mine);
    mine.onmessage = (event) => {
      failures = 0;
      giveUpAfter(source.silence, mine);
      source.onLink("live");
      source.onSnapshot(JSON.parse(event.data));
    };
    mine.onclose = () => fail(mine);
  }

  /** A socket that says nothing for too long is dead, whatever the browser thinks. @param {number} silence @param {WebSocket} mine */
  function giveUpAfter(silence, mine) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(() => fail(mine), silence);
  }

  /** @param {WebSocket} mine */
  async function fail(mine) {
    if (mine !== socket || stopped) return;
    abandon();
    failures += 1;
    const delay = Math.min(LONGEST_DELAY_MS, source.firstDelay * 2 ** (failures - 1)) * (0.5 + Math.random());
    retryTimer = setTimeout(connect, delay);
    if (failures === 1) return; // a restart: the next socket will be there before anybody notices
    try {
      const snapshot = await source.fetch();
      if (socket || stopped) return;
      source.onLink("polling");
      source.onSnapshot(snapshot);
    } catch (error) {
      if (socket || stopped) return;
      source.onLink("lost");
      source.onFailure?.(error);
    }
  }

  function abandon() {
    clearTimeout(silenceTimer);
    const old = socket;
    socket = undefined;
    old?.close();
  }

  /** The device woke up or the network came back: no reason to wait any longer. */
  function hurry() {
    if (stopped || socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING) return;
    failures = 0;
    connect();
  }

  function offline() {
    if (!stopped) source.onLink("lost");
  }

  window.addEventListener("online", hurry);
  window.addEventListener("pageshow", hurry);
  window.addEventListener("offline", offline);
  document.addEventListener("visibilitychange", () => document.hidden || hurry());
  connect();

  return {
    stop() {
      stopped = true;
      clearTimeout(retryTimer);
      abandon();
    },
  };
}
