/**
 * The shapes that travel between the service and this page, and between the modules of the page. Types only: nothing runs here.
 *
 * @typedef {"ru" | "en"} Lang
 * @typedef {{ru: string, en?: string}} Text                       words for people, by language; Russian is always there
 * @typedef {{low: number, high: number}} Wait                     minutes
 * @typedef {"open" | "closed" | "booking_only" | "limit_reached" | "office_closed"} Availability
 *
 * @typedef {object} Service
 * @property {string} code
 * @property {Text} name
 * @property {Text[]} documents
 * @property {Availability} availability
 * @property {Text | null} reason
 * @property {number} ahead
 * @property {Wait | null} wait
 *
 * @typedef {{letter: string, name: Text, services: Service[]}} Group
 * @typedef {{code: string, name: Text, document: Text}} Privilege
 * @typedef {{code: string, name: Text}} Need
 * @typedef {{slug: string, name: Text, district: Text, address: Text, time_zone: string}} Office
 *
 * @typedef {object} Settings                                     what administration has set for this kiosk
 * @property {number} idle_seconds
 * @property {boolean} print
 * @property {Lang[]} [languages]
 * @property {{from: string, to: string, dim: number} | null} [night]
 * @property {Text | null} [closed]                               stands over the whole screen, and no ticket is given
 *
 * @typedef {object} Menu                                          the whole snapshot of the office, as GET and the socket bring it
 * @property {number} version
 * @property {string} now
 * @property {Office} office
 * @property {{now: boolean, opens_at: string | null, closes_at: string | null, sentence: Text | null}} open
 * @property {{name: string, settings: Settings}} device
 * @property {boolean} check_in
 * @property {Need[]} needs
 * @property {Privilege[]} privileges
 * @property {Group[]} groups
 *
 * @typedef {{service: string, privilege: string | null, needs: string[], language: Lang}} Request    what the visitor asks for
 * @typedef {{key: string, request: Request}} Order                a request under its idempotency key
 *
 * @typedef {object} Ticket
 * @property {string} secret
 * @property {string} number
 * @property {Text} service_name
 * @property {string} issued_at
 * @property {number} ahead
 * @property {Wait | null} wait
 * @property {string} url
 * @property {boolean} [late]                                     of a check-in: came after the grace, so it waits with everybody
 * @property {string | null} [starts_at]                          of a check-in: the time that was booked
 * @property {Text | null} [note]                                 what the office adds in its own words
 *
 * @typedef {{code: string, detail: string, lang: Lang, starts_at: string | null}} Refusal   the service's own sentence, in the language it was asked in
 *
 * What became of one request for a ticket, of a service or of a booking; a lost answer is `silent`, and only a silent request may be repeated.
 * @typedef {{kind: "ticket", ticket: Ticket} | {kind: "refused", refusal: Refusal} | {kind: "unpaired"} | {kind: "silent"}} Answer
 * @typedef {{kind: "menu", menu: Menu} | {kind: "unpaired"} | {kind: "silent"}} MenuAnswer
 *
 * @typedef {{page: {version: string, errors: string[]}, printer: {state: string, paper: string}, clock: string, round_trip_ms: number | null,
 *   screen: {width: number, height: number}}} Health
 * @typedef {{claim: string, code: string, ends: number}} OpenPairing   ends: by this device's own clock
 */

export {};
