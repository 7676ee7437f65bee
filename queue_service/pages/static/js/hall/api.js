// The addresses of the service that the hall's screen uses, and what its answers mean. The only module here that knows them.

/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./contract").Issued} Issued */

// Longer than any command takes, shorter than a person's patience.
const PATIENCE_MS = 8_000;

const csrf = /** @type {HTMLMetaElement | null} */ (document.querySelector('meta[name="csrf-token"]'))?.content ?? "";

export const socketAddress = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live/hall`;

/** The service refused, and `message` is its sentence for the person. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** No answer: whether the service acted is not known. */
export class Unreachable extends Error {}

/**
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @param {string} [idempotencyKey]
 * @returns {Promise<Response>}
 */
async function send(method, path, body, idempotencyKey) {
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
  if (answer.status === 401) location.assign("/desk/login?next=/desk/hall");
  throw new Refused(answer.status, problem.detail ?? problem.title ?? "");
}

/** @returns {Promise<HallSnapshot>} */
export const fetchHall = async () => (await send("GET", "/api/desk/hall")).json();

/** @param {number} id @returns {Promise<Ticket>} */
export const fetchTicket = async (id) => (await send("GET", `/api/desk/hall/tickets/${id}`)).json();

/** @param {string} text @returns {Promise<import("./contract").Found>} */
export const find = async (text) => (await send("POST", "/api/desk/hall/find", { q: text })).json();

/** @param {string} day @returns {Promise<{ acts: import("./contract").HallAct[] }>} */
export const fetchJournal = async (day) => (await send("GET", `/api/desk/hall/journal?date=${encodeURIComponent(day)}`)).json();

/**
 * @param {number} id
 * @param {"postpone" | "resume" | "come-back" | "first" | "leave" | "needs" | "privilege"} act
 * @param {object} [body]
 * @returns {Promise<Ticket>}
 */
export const actOn = async (id, act, body) => (await send("POST", `/api/desk/hall/tickets/${id}/${act}`, body ?? {})).json();

/** @param {object} wish @param {string} key @returns {Promise<Issued>} */
export const issue = async (wish, key) => (await send("POST", "/api/desk/tickets", wish, key)).json();

/** @param {string} code @returns {Promise<Issued>} */
export const checkIn = async (code) => (await send("POST", "/api/desk/check-ins", { code })).json();

/** @param {string} number @param {string} reason */
export const endDesk = (number, reason) => send("POST", `/api/desk/hall/desks/${encodeURIComponent(number)}/end`, { reason });

/** @param {string} code @param {string} reason */
export const closeService = (code, reason) => send("POST", `/api/desk/hall/services/${encodeURIComponent(code)}/close`, { reason });

/** @param {string} code */
export const reopenService = (code) => send("POST", `/api/desk/hall/services/${encodeURIComponent(code)}/open`);

/** @param {string} ru @param {string | null} en @param {number} minutes */
export const writeNotice = (ru, en, minutes) => send("POST", "/api/desk/hall/notices", { ru, en, minutes });

/** @param {number} id */
export const removeNotice = (id) => send("DELETE", `/api/desk/hall/notices/${id}`);

/** @param {number} id */
export const readMessage = (id) => send("POST", `/api/desk/hall/messages/${id}/read`);

/** @param {number} id */
export const answerAlarm = (id) => send("POST", `/api/desk/alarms/${id}/acknowledge`);

/** The page that holds a ticket's paper. @param {number} id @returns {Promise<string>} */
export const fetchPaper = async (id) => (await send("GET", `/desk/hall/tickets/${id}/paper`)).text();
