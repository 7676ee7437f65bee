// The addresses of the service that the ticket page uses. The only module here that knows them.

/** @typedef {import("../contract").VisitorTicket} VisitorTicket */

// The page stands at /t/{secret}.
const secret = encodeURIComponent(decodeURIComponent(location.pathname.split("/")[2] ?? ""));
// A phone in a lift should learn that it is cut off, and not wait for minutes.
const PATIENCE_MS = 10_000;

export const socketAddress = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/ticket/${secret}`;
export const notifyWorker = new URL("./notify-worker.js", import.meta.url);

/** @returns {Promise<VisitorTicket>} */
export async function fetchTicket() {
  const answer = await fetch(`/api/public/tickets/${secret}`, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!answer.ok) throw new Error(`ticket: ${answer.status}`);
  return answer.json();
}
