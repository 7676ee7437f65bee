/**
 * Why: everything the kiosk can be, and every way it may change, in one pure function. No clock, no network, no page.
 *
 * Three rules stand here and nowhere else:
 * - numbers are frozen (`shown`) from the first touch until the visitor goes home or leaves, while `menu` stays the latest;
 * - a request keeps its idempotency key until it is answered, so a repeated request can never be a second ticket;
 * - a scanned code is taken wherever the visitor is, unless a ticket is being made or shown: that one must not be lost.
 */

/** @import {Fit} from "./fit.js" */
/** @import {Group, Lang, Menu, Order, Privilege, Refusal, Request, Service, Ticket} from "./types.js" */

/**
 * @typedef {"home" | "services" | "confirm" | "privilege" | "check_in" | "checking" | "taking" | "ticket" | "refused" | "trouble"} Step
 * @typedef {Step | "start" | "away" | "closed" | "shut" | "unpaired"} Screen   closed: by the opening hours; shut: by administration
 *
 * @typedef {object} State
 * @property {Step} step
 * @property {Lang} lang
 * @property {boolean} contrast
 * @property {boolean} large
 * @property {boolean} low            controls in the lower half
 * @property {boolean} paired
 * @property {boolean} revoked        it was paired, and is no more
 * @property {{code: string, until: string} | null} pairing  the code on the screen of a kiosk that is not paired
 * @property {"starting" | "ok" | "lost"} link
 * @property {Menu | null} menu       the latest
 * @property {Menu | null} shown      what the visitor sees
 * @property {boolean} engaged        somebody has touched the screen since the last reset
 * @property {Fit} fit               how many entries one screen has room for
 * @property {{home: number, services: number, privilege: number}} page
 * @property {string | null} letter
 * @property {string | null} service
 * @property {string | null} privilege
 * @property {string[]} needs
 * @property {Order | null} order     asked and not yet answered
 * @property {string} typed           digits of a booking's code, as far as they are typed
 * @property {boolean} short          «Отметиться» was pressed before all of them were there
 * @property {string | null} arrival  the code that is being checked, or was last; null: this is not about a booking
 * @property {boolean} slow           the answer is late, and the visitor should know that we go on trying
 * @property {Ticket | null} ticket
 * @property {Refusal | null} refusal
 * @property {number | null} idleLeft seconds until the idle reset, while the warning stands
 * @property {number} doneLeft        seconds until the issued ticket leaves the screen
 *
 * @typedef {{name: "home" | "services" | "privilege", items: (Group | Service | Privilege)[], perPage: number}} List
 *
 * @typedef {{type: "menu", menu: Menu} | {type: "lost"} | {type: "unpaired", revoked: boolean} | {type: "code", code: string, until: string} | {type: "fit", fit: Fit}
 *   | {type: "touch"} | {type: "home"} | {type: "back"} | {type: "reset"}
 *   | {type: "group", letter: string} | {type: "service", code: string} | {type: "more"} | {type: "less"}
 *   | {type: "privileges"} | {type: "privilege", code: string | null} | {type: "need", code: string}
 *   | {type: "check-in"} | {type: "digit", digit: string} | {type: "erase"} | {type: "clear"} | {type: "check"} | {type: "scanned", code: string}
 *   | {type: "take", key: string} | {type: "slow"} | {type: "silent"} | {type: "issued", ticket: Ticket} | {type: "refused", refusal: Refusal}
 *   | {type: "lang"} | {type: "contrast"} | {type: "large"} | {type: "low"}
 *   | {type: "idle", left: number | null} | {type: "done-in", left: number}} Event
 */

/** An office with no more services than this needs no groups: design, "three taps at most". */
export const DIRECT_LIMIT = 8;
/** A GET can be overtaken by the socket by this much; a menu that is older still means that the service has set its clock back. */
const OVERTAKEN_MS = 15_000;
/** A booking's code: two groups of four digits. */
export const CODE_LENGTH = 8;
/** No screen offers more than this at once. */
export const PER_PAGE = 8;

/** @type {Readonly<State>} */
export const initial = Object.freeze({
  step: "home", lang: "ru", contrast: false, large: false, low: false, paired: true, revoked: false, pairing: null, link: "starting", menu: null, shown: null, engaged: false,
  fit: { cards: PER_PAGE, rows: PER_PAGE, direct: PER_PAGE }, page: { home: 0, services: 0, privilege: 0 }, letter: null, service: null, privilege: null, needs: [],
  order: null, typed: "", short: false, arrival: null, slow: false, ticket: null, refusal: null, idleLeft: null, doneLeft: 0,
});

/**
 * @param {State} state
 * @param {Event} event
 * @returns {State}
 */
export function reduce(state, event) {
  switch (event.type) {
    case "menu": return withMenu(state, event.menu);
    case "lost": return { ...state, link: "lost" };
    case "unpaired": return { ...state, paired: false, revoked: event.revoked, ...(asking(state) ? { ...noChoice, step: "home", order: null } : {}) };
    case "code": return { ...state, pairing: { code: event.code, until: event.until } };
    case "fit": return sameFit(event.fit, state.fit) ? state : { ...state, fit: event.fit, page: initial.page };
    case "touch": return { ...state, engaged: true };
    case "home": return canLeave(state) ? home(state) : state;
    case "back": return back(state);
    case "reset": return canLeave(state) ? reset(state) : state;
    case "group": return { ...state, engaged: true, step: "services", letter: event.letter, page: { ...state.page, services: 0 } };
    case "service": return choose(state, event.code);
    case "more": return turn(state, 1);
    case "less": return turn(state, -1);
    case "privileges": return state.step === "confirm" ? { ...state, step: "privilege", page: { ...state.page, privilege: 0 } } : state;
    case "privilege": return state.step === "privilege" ? { ...state, step: "confirm", privilege: event.code } : state;
    case "need": return { ...state, needs: toggled(state.needs, event.code) };
    case "check-in": return offersCheckIn(state) ? { ...state, ...noChoice, engaged: true, step: "check_in", typed: state.step === "refused" ? state.typed : "" } : state;
    case "digit": return type(state, state.typed + event.digit);
    case "erase": return type(state, state.typed.slice(0, -1));
    case "clear": return type(state, "");
    case "check": return check(state);
    case "scanned": return scanned(state, event.code);
    case "take": return take(state, event.key);
    case "slow": return asking(state) ? { ...state, slow: true } : state;
    case "silent": return asking(state) ? { ...state, step: "trouble", slow: false } : state;
    case "issued": return asking(state) ? { ...answered(state), step: "ticket", ticket: event.ticket } : state;
    case "refused": return asking(state) ? { ...answered(state), step: "refused", refusal: event.refusal } : state;
    case "lang": return { ...state, engaged: true, lang: state.lang === "ru" ? "en" : "ru" };
    case "contrast": return { ...state, engaged: true, contrast: !state.contrast };
    case "large": return { ...state, engaged: true, large: !state.large };
    case "low": return { ...state, engaged: true, low: !state.low };
    case "idle": return { ...state, idleLeft: event.left };
    case "done-in": return { ...state, doneLeft: event.left };
  }
}

const noChoice = {
  letter: null, service: null, privilege: null, needs: /** @type {string[]} */ ([]), typed: "", short: false, arrival: null, ticket: null, refusal: null,
  slow: false, idleLeft: null,
};

/** A ticket is being asked for, for a service or for a booking. @param {State} state */
export const asking = (state) => state.step === "taking" || state.step === "checking";

/** While a ticket is being asked for, nothing may leave the screen: its number would be lost. @param {State} state */
const canLeave = (state) => !asking(state);

/** A check-in leaves the key of an earlier, unanswered request alone. @param {State} state @returns {State} */
const answered = (state) => ({ ...state, order: state.step === "taking" ? null : state.order, slow: false });

/** @param {Fit} one @param {Fit} other */
const sameFit = (one, other) => one.cards === other.cards && one.rows === other.rows && one.direct === other.direct;

/** The same visitor starts again: their language and an unanswered key stay, the numbers become fresh. @param {State} state @returns {State} */
const home = (state) => ({ ...state, ...noChoice, step: "home", page: initial.page, shown: state.menu });

/** The next visitor: Russian, ordinary look, nothing remembered. @param {State} state @returns {State} */
const reset = (state) => ({ ...home(state), order: null, engaged: false, lang: "ru", contrast: false, large: false, low: false });

/** @param {State} state @param {Menu} menu @returns {State} */
function withMenu(state, menu) {
  const late = state.menu ? Date.parse(state.menu.now) - Date.parse(menu.now) : 0;
  const heard = /** @type {State} */ ({ ...state, link: "ok", paired: true, revoked: false, pairing: null });
  if (late > 0 && late < OVERTAKEN_MS) return heard;
  const lang = languages(menu).includes(state.lang) ? state.lang : "ru";
  if (menu.device.settings.closed && canLeave(state) && state.step !== "ticket") return state.step === "home" ? { ...heard, lang, menu, shown: menu } : reset({ ...heard, menu });
  const frozen = state.shown !== null && (state.step !== "home" || (state.engaged && screenOf(state) === "home"));
  return { ...heard, lang, menu, shown: frozen ? state.shown : menu };
}

/** Which languages a visitor may choose. @param {Menu | null} menu @returns {Lang[]} */
export const languages = (menu) => menu?.device.settings.languages ?? ["ru", "en"];

/** @param {State} state @returns {State} */
function back(state) {
  switch (state.step) {
    case "privilege": return { ...state, step: "confirm" };
    case "confirm": return state.letter ? { ...state, step: "services", service: null, privilege: null, needs: [] } : { ...home(state), page: state.page };
    case "services": case "check_in": return { ...home(state), page: state.page };
    default: return state;
  }
}

/** @param {State} state @param {string} code @returns {State} */
function choose(state, code) {
  const service = serviceOf(state, code);
  if (!service || service.availability !== "open" || (state.step !== "home" && state.step !== "services") || screenOf(state) === "shut") return state;
  return { ...state, engaged: true, step: "confirm", service: code, privilege: null, needs: [], letter: state.step === "services" ? state.letter : null };
}

/** @param {State} state @param {string} key @returns {State} */
function take(state, key) {
  if (state.step === "trouble" && state.order) return { ...state, step: "taking" };
  if (state.step !== "confirm" || !state.service) return state;
  const request = { service: state.service, privilege: state.privilege, needs: [...state.needs].sort(), language: state.lang };
  const kept = state.order && sameRequest(state.order.request, request) ? state.order : { key, request };
  return { ...state, step: "taking", order: kept, slow: false };
}

/** The language is not compared: who changed it after a lost answer still wants one ticket. @param {Request} one @param {Request} other */
const sameRequest = (one, other) => one.service === other.service && one.privilege === other.privilege && one.needs.join() === other.needs.join();

/** @param {State} state @param {string} typed @returns {State} */
function type(state, typed) {
  return state.step === "check_in" ? { ...state, typed: typed.slice(0, CODE_LENGTH), short: false } : state;
}

/** «Отметиться», or once more after no answer came. @param {State} state @returns {State} */
function check(state) {
  if (state.step === "trouble" && state.arrival !== null) return { ...state, step: "checking" };
  if (state.step !== "check_in") return state;
  return state.typed.length < CODE_LENGTH ? { ...state, short: true } : { ...state, step: "checking", arrival: state.typed, short: false };
}

/** @param {State} state @param {string} code @returns {State} */
function scanned(state, code) {
  if (!takesScans(state)) return state;
  // A phone that is still held before the scanner is read again; the answer to the same code stands on the screen.
  if (state.step === "refused" && state.arrival === code) return state;
  return { ...state, ...noChoice, engaged: true, step: "checking", arrival: code, typed: /^[\d\s-]+$/.test(code) ? code.replace(/\D/g, "").slice(0, CODE_LENGTH) : "" };
}

/** @param {State} state @param {number} by @returns {State} */
function turn(state, by) {
  const list = listOf(state);
  if (!list) return state;
  const page = Math.min(Math.max(state.page[list.name] + by, 0), pageCount(list) - 1);
  return { ...state, engaged: true, page: { ...state.page, [list.name]: page } };
}

/** @param {string[]} codes @param {string} code */
const toggled = (codes, code) => (codes.includes(code) ? codes.filter((other) => other !== code) : [...codes, code]);

/**
 * What stands on the screen: the visitor's step, unless home itself has something more important to say.
 * A visitor in the middle of a choice is never thrown out by a lost link: the request for the ticket will find out.
 * @param {State} state
 * @returns {Screen}
 */
export function screenOf(state) {
  if (state.step !== "home") return state.step;
  if (!state.paired) return "unpaired";
  if (state.link === "lost") return "away";
  if (!state.shown) return "start";
  if (state.shown.device.settings.closed) return "shut";
  return state.shown.open.now ? "home" : "closed";
}

/** @param {State} state @returns {Service[]} */
export const allServices = (state) => (state.shown ? state.shown.groups.flatMap((group) => group.services) : []);

/** @param {State} state @param {string | null} code @returns {Service | null} */
export const serviceOf = (state, code) => allServices(state).find((service) => service.code === code) ?? null;

/** @param {State} state @returns {Group | null} */
export const groupOf = (state) => state.shown?.groups.find((group) => group.letter === state.letter) ?? null;

/** @param {State} state @returns {Privilege | null} */
export const privilegeOf = (state) => state.shown?.privileges.find((privilege) => privilege.code === state.privilege) ?? null;

/** Whether a booking can be checked in from here. @param {State} state */
export const offersCheckIn = (state) => takesScans(state) && (state.step === "home" || state.step === "refused");

/** @param {State} state */
const takesScans = (state) => Boolean(state.shown?.check_in) && !asking(state) && state.step !== "ticket" && (state.step !== "home" || screenOf(state) === "home");

/** @param {State} state @returns {boolean} */
export const showsServicesDirectly = (state) => allServices(state).length <= DIRECT_LIMIT;

/**
 * The list that the present screen offers and pages through.
 * @param {State} state
 * @returns {List | null}
 */
export function listOf(state) {
  switch (state.step) {
    case "home": return showsServicesDirectly(state)
      ? { name: "home", items: allServices(state), perPage: state.fit.direct }
      : { name: "home", items: (state.shown?.groups ?? []).filter((group) => group.services.length > 0), perPage: state.fit.cards };
    case "services": return { name: "services", items: groupOf(state)?.services ?? [], perPage: state.fit.rows };
    case "privilege": return { name: "privilege", items: state.shown?.privileges ?? [], perPage: state.fit.rows };
    default: return null;
  }
}

/** @param {List} list */
export const pageCount = (list) => Math.max(1, Math.ceil(list.items.length / list.perPage));

/** What the present page of the list shows. @param {State} state */
export function visibleOf(state) {
  const list = listOf(state);
  return list ? list.items.slice(state.page[list.name] * list.perPage, (state.page[list.name] + 1) * list.perPage) : [];
}

/** Whether a person has left traces that the next one must not find. @param {State} state */
export const worthResetting = (state) => state.step !== "home" || state.lang !== "ru" || state.contrast || state.large || state.low || state.page.home > 0;
