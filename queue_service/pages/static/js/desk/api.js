// The addresses of the service that the desk uses, and what its answers mean. The only module here that knows them.

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("../contract").DeskTicket} DeskTicket */
/** @typedef {import("../contract").DeskOutcome} DeskOutcome */

// Longer than any command takes, shorter than a clerk's patience.
const PATIENCE_MS = 8_000;

const csrf = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="csrf-token"]'))?.content ?? "";

export const socketAddress = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/desk`;

/** The service refused, and `message` is its sentence for the clerk. */
export class Refused extends Error {
  /** @param {number} status @param {string} code @param {string} detail */
  constructor(status, code, detail) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** No answer: whether the service acted is not known. */
export class Unreachable extends Error {}

/**
 * @param {"GET" | "POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {{ body?: object, idempotencyKey?: string }} [more]
 * @returns {Promise<Response>}
 */
async function send(method, path, { body, idempotencyKey } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body) headers["Content-Type"] = "application/json";
  if (idempotencyKey) headers["Idempotency-Key"] = idempotencyKey;
  const answer = await fetch(path, {
    method, headers, body: body ? JSON.stringify(body) : null, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
  }).catch((error) => { throw new Unreachable(String(error)); });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  if ([502, 503, 504].includes(answer.status)) throw new Unreachable(problem.detail ?? String(answer.status));
  throw new Refused(answer.status, problem.code ?? "", problem.detail ?? problem.title ?? "");
}

/** @returns {Promise<DeskSnapshot>} */
export async function fetchDesk() {
  return (await send("GET", "/api/desk/queue")).json();
}

/** null: nobody is waiting. @param {string} idempotencyKey @returns {Promise<DeskTicket | null>} */
export async function callNext(idempotencyKey) {
  const answer = await send("POST", "/api/desk/call-next", { idempotencyKey });
  return answer.status === 204 ? null : answer.json();
}

/**
 * On the desk's current ticket; `call` makes another one current.
 * @param {"recall" | "start" | "finish" | "no-show" | "return" | "postpone" | "transfer" | "add-service" | "call" | "confirm-privilege" | "inaccurate"} action
 * @param {object} [body]
 * @param {string} [idempotencyKey]
 * @returns {Promise<DeskOutcome>}
 */
export async function act(action, body, idempotencyKey) {
  return (await send("POST", `/api/desk/${action}`, { ...(body && { body }), ...(idempotencyKey && { idempotencyKey }) })).json();
}

/** @param {import("./dialogs/shift.js").Pause} pause */
export async function pause({ reason, note, minutes }) {
  await send("POST", "/api/desk/shift/pause", { body: { reason, note, minutes } });
}

/** Of the desk's current ticket; each look is written down. @returns {Promise<{ number: string, name: string | null }>} */
export async function fetchVisitor() {
  return (await send("GET", "/api/desk/visitor")).json();
}

/** @param {string} text */
export async function tellTheHall(text) {
  await send("POST", "/api/desk/messages", { body: { text } });
}

export async function raiseAlarm() {
  await send("POST", "/api/desk/alarm");
}

/** @param {string} id */
export async function acknowledge(id) {
  await send("POST", `/api/desk/alarms/${id}/acknowledge`);
}

export async function resume() {
  await send("POST", "/api/desk/shift/resume");
}

export async function closeDesk() {
  await send("DELETE", "/api/desk/shift");
}

/** The page that fits a clerk without a desk. */
export function goToChoice() {
  location.assign("/desk");
}

export function goToSignIn() {
  location.assign("/desk/login?next=/desk");
}
