// The hall administrator's screen: follows the hall, draws it, and carries out what is pressed, one request at a time.

import { serverNow, setServerTime } from "../clock.js";
import { all, byId } from "../dom.js";
import { follow } from "../live.js";
import { newKey } from "../once.js";
import { chime, unlockSound } from "../sound.js";
import { _ } from "../texts.js";
import * as api from "./api.js";
import { askForNeeds, askForPrivilege, askForReason, askToPostpone, checkedIn } from "./dialogs.js";
import { showJournal } from "./journal.js";
import { listenToKeys } from "./keys.js";
import { printTicket } from "./print.js";
import { renderFrame } from "./render-frame.js";
import { renderLists } from "./render-lists.js";
import { renderPanel } from "./render-panel.js";
import { walkByArrows } from "./rows.js";
import { initialState, newAlarm, ticketIn } from "./state.js";
import { listenToTabs } from "./tabs.js";

/** @typedef {import("./contract").HallSnapshot} HallSnapshot */
/** @typedef {import("./contract").Ticket} Ticket */
/** @typedef {import("./contract").Issued} Issued */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").View} View */

// A snapshot this much older than the last one is not a late message but a service whose clock was set back.
const LATE_MESSAGE_MS = 60_000;

let state = initialState();
let journalOpen = false;
/** Where the focus goes when the panel closes. @type {HTMLElement | null} */
let cameFrom = null;
/** Of an issue whose outcome is not known: pressed again, it is the same ticket. @type {{ wish: string, key: string } | null} */
let issuing = null;

/** @param {Partial<State>} change */
function update(change) {
  state = { ...state, ...change };
  render();
}

function render() {
  const now = serverNow();
  renderFrame(state, now);
  if (!state.snapshot) return;
  renderLists(state.snapshot, now);
  renderPanel(state, state.snapshot, now);
  const { view } = state;
  for (const row of all("button.row")) {
    const here = view.kind === "ticket" ? row.dataset.id === String(view.ticket.id) : view.kind === "desk" && row.dataset.desk === view.number;
    if (here) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** @param {HallSnapshot} snapshot */
function receive(snapshot) {
  const before = state.snapshot;
  const older = before ? Date.parse(before.now) - Date.parse(snapshot.now) : 0;
  if (older > 0 && older < LATE_MESSAGE_MS) return;
  setServerTime(snapshot.now);
  if (newAlarm(before, snapshot)) chime("call");
  update({ snapshot, ...followed(snapshot) });
  if (journalOpen) showJournal(snapshot.office.time_zone, () => undefined);
}

/** The open ticket as it is now; one that has left the hall is asked for. @param {HallSnapshot} snapshot @returns {Partial<State>} */
function followed(snapshot) {
  const { view } = state;
  if (view.kind !== "ticket") return {};
  const now = ticketIn(snapshot, view.ticket.id);
  if (now) return { view: { kind: "ticket", ticket: now } };
  if (["waiting", "called", "serving", "postponed", "no_show"].includes(view.ticket.state)) {
    api.fetchTicket(view.ticket.id).then(showIfOpen, () => undefined);
  }
  return {};
}

/** @param {Ticket} ticket */
function showIfOpen(ticket) {
  if (state.view.kind === "ticket" && state.view.ticket.id === ticket.id) update({ view: { kind: "ticket", ticket } });
}

async function refresh() {
  await api.fetchHall().then(receive, () => undefined);
}

/** @param {unknown} error */
function explain(error) {
  if (error instanceof api.Refused) return error.message || _("The service refused. Reload the page.");
  if (error instanceof api.Unreachable) return _("The service does not answer. Check the connection and press again.");
  throw error;
}

/** @param {() => Promise<string>} perform resolves to what was done, as a sentence */
async function run(perform) {
  if (state.busy) return;
  update({ busy: true, done: "", failed: "" });
  let done = "";
  let failed = "";
  try {
    done = await perform();
  } catch (error) {
    failed = explain(error);
  }
  await refresh();
  update({ busy: false, done, failed });
}

/** What may run beside other things: a question, or an answer to a desk. @param {() => Promise<string>} perform */
async function runBeside(perform) {
  update({ done: "", failed: "" });
  try {
    update({ done: await perform() });
  } catch (error) {
    update({ failed: explain(error) });
  }
  await refresh();
}

/** @param {View} view */
function open(view) {
  const active = document.activeElement;
  if (active instanceof HTMLElement && !byId("panel").contains(active)) cameFrom = active;
  update({ view, done: "", failed: "" });
  byId("panel-title").focus({ preventScroll: true });
}

function close() {
  update({ view: { kind: "stand" }, done: "", failed: "" });
  if (cameFrom?.isConnected) cameFrom.focus({ preventScroll: true });
  cameFrom = null;
}

/** @param {number} id */
async function openTicket(id) {
  const known = state.snapshot ? ticketIn(state.snapshot, id) : undefined;
  if (known) return open({ kind: "ticket", ticket: known });
  try {
    open({ kind: "ticket", ticket: await api.fetchTicket(id) });
  } catch (error) {
    update({ failed: explain(error) });
  }
}

/** @param {Ticket} ticket @param {string} sentence */
function changed(ticket, sentence) {
  update({ view: { kind: "ticket", ticket }, done: sentence.replace("%(number)s", ticket.number), failed: "" });
  refresh();
}

/** @param {Promise<Ticket | undefined>} asked @param {string} sentence */
async function afterwards(asked, sentence) {
  const ticket = await asked;
  if (ticket) changed(ticket, sentence);
}

/** @type {Record<string, (ticket: Ticket, snapshot: HallSnapshot) => unknown>} */
const acts = {
  resume: (ticket) => run(async () => { showIfOpen(await api.actOn(ticket.id, "resume")); return _("Ticket %(number)s is back in the queue.", { number: ticket.number }); }),
  "come-back": (ticket) => run(async () => { showIfOpen(await api.actOn(ticket.id, "come-back")); return _("Ticket %(number)s is back in the queue.", { number: ticket.number }); }),
  print: (ticket) => run(async () => { await printTicket(ticket.id); return _("Ticket %(number)s is sent to the printer.", { number: ticket.number }); }),
  first: (ticket) => afterwards(askForReason(_("Put %(number)s first", { number: ticket.number }), _("The ticket will be called before everybody who waits now."),
    (reason) => api.actOn(ticket.id, "first", { reason }), explain), _("Ticket %(number)s stands first.")),
  leave: (ticket) => afterwards(askForReason(_("Take %(number)s out of the queue", { number: ticket.number }), _("The visitor will not be called again; for another visit a new ticket is needed."),
    (reason) => api.actOn(ticket.id, "leave", { reason }), explain), _("Ticket %(number)s is out of the queue.")),
  postpone: (ticket, snapshot) => afterwards(askToPostpone(ticket, snapshot, (reason, minutes) => api.actOn(ticket.id, "postpone", { reason, minutes }), explain), _("Ticket %(number)s is set aside.")),
  needs: (ticket) => afterwards(askForNeeds(ticket, (needs) => api.actOn(ticket.id, "needs", { needs }), explain), _("The needs of %(number)s are saved.")),
  privilege: (ticket, snapshot) => afterwards(askForPrivilege(ticket, snapshot, (privilege) => api.actOn(ticket.id, "privilege", { privilege }), explain), _("The priority of %(number)s is saved.")),
};

async function endDesk() {
  if (state.view.kind !== "desk") return;
  const { number } = state.view;
  const ended = await askForReason(_("Close desk %(desk)s?", { desk: number }),
    _("A visitor who is being served counts as served, with times marked as inaccurate; one who was only called waits again."),
    (reason) => api.endDesk(number, reason).then(() => true), explain);
  if (!ended) return;
  update({ done: _("Desk %(desk)s is closed.", { desk: number }), failed: "" });
  refresh();
}

/** @param {string} code @param {boolean} closed */
async function changeService(code, closed) {
  const name = all(`[data-service="${CSS.escape(code)}"] [data-part="name"]`)[0]?.textContent ?? code;
  if (closed) return run(() => api.reopenService(code).then(() => _("Open again: %(service)s.", { service: name })));
  const done = await askForReason(_("Close the service for today?"), `${name}. ${_("No more tickets are given for it; whoever has one is served.")}`,
    (reason) => api.closeService(code, reason).then(() => true), explain);
  if (!done) return;
  update({ done: _("Closed for today: %(service)s.", { service: name }), failed: "" });
  refresh();
}

/** The new ticket, open in the panel, and on paper. It is issued already: whatever fails now must not make anybody press again. @param {Issued} issued @param {boolean} print */
async function shown(issued, print) {
  const sentence = [_("Ticket %(number)s is issued.", { number: issued.number }), ...(issued.late ? [_("The visitor is late and stands in the common queue.")] : [])].join(" ");
  try {
    update({ view: { kind: "ticket", ticket: await api.fetchTicket(issued.id) } });
    if (print) await printTicket(issued.id);
    return sentence;
  } catch (error) {
    explain(error);
    return `${sentence} ${_("It was not printed: find it by its number and press “Print the ticket”.")}`;
  }
}

/** @param {SubmitEvent} event */
const wantsPaper = ({ submitter }) => submitter instanceof HTMLButtonElement && submitter.value === "print";

/** @param {string} id @param {(form: HTMLFormElement, event: SubmitEvent) => unknown} submit */
function onSubmit(id, submit) {
  const form = /** @type {HTMLFormElement} */ (byId(id));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event);
  });
}

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(id)).value.trim();

onSubmit("issue", (form, event) => run(async () => {
  const body = { service: valueOf("issue-service"), privilege: valueOf("issue-privilege") || null, needs: checkedIn("issue-needs"), language: valueOf("issue-language") };
  const wish = JSON.stringify(body);
  if (issuing?.wish !== wish) issuing = { wish, key: newKey() };
  const issued = await api.issue(body, issuing.key).catch((error) => {
    if (error instanceof api.Refused) issuing = null;
    throw error;
  });
  issuing = null;
  form.reset();
  return shown(issued, wantsPaper(event));
}));

onSubmit("check-in", (form, event) => run(async () => {
  const issued = await api.checkIn(valueOf("check-in-code"));
  form.reset();
  return shown(issued, wantsPaper(event));
}));

onSubmit("notice-form", (form) => run(async () => {
  await api.writeNotice(valueOf("notice-ru"), valueOf("notice-en") || null, Number(valueOf("notice-minutes")));
  form.reset();
  return _("The boards show the notice.");
}));

onSubmit("find", () => runBeside(async () => {
  const typed = valueOf("find-text");
  if (!typed) return "";
  const found = await api.find(typed);
  const [only] = found.tickets;
  if (only && found.tickets.length === 1 && found.bookings.length === 0) open({ kind: "ticket", ticket: only });
  else open({ kind: "found", found, typed });
  if (found.tickets.length + found.bookings.length === 0) throw new api.Refused(404, _("Today the office has no such ticket or booking. Check the number; a visitor without either takes a ticket here."));
  return found.more ? _("There are more. Ask for the booking code or the whole name.") : "";
}));

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  const button = target.closest("button");
  const { snapshot, view } = state;
  if (button && snapshot) {
    const { id, desk, act, serviceAct, notice, alarm, message, checkIn } = button.dataset;
    if (id) openTicket(Number(id));
    else if (desk) open({ kind: "desk", number: desk });
    else if (act === "end-desk") endDesk();
    else if (act === "open-ticket" && view.kind === "desk") openTicket(snapshot.desks.find(({ number }) => number === view.number)?.ticket?.id ?? 0);
    else if (act && view.kind === "ticket") acts[act]?.(view.ticket, snapshot);
    else if (serviceAct) changeService(serviceAct, button.dataset.closed === "true");
    else if (notice) run(() => api.removeNotice(Number(notice)).then(() => _("The notice is removed.")));
    else if (alarm) runBeside(() => api.answerAlarm(Number(alarm)).then(() => _("The alarm is answered: it has gone from the other screens.")));
    else if (message) runBeside(() => api.readMessage(Number(message)).then(() => ""));
    else if (checkIn) run(async () => shown(await api.checkIn(checkIn), false));
  }
  const menu = /** @type {HTMLDetailsElement} */ (byId("menu"));
  if (menu.open && !menu.contains(target)) menu.open = false;
});

byId("back").addEventListener("click", close);
byId("journal-date").addEventListener("change", () => showJournal(state.snapshot?.office.time_zone ?? "UTC", (error) => update({ failed: explain(error) })));
listenToTabs((name) => {
  journalOpen = name === "journal";
  if (journalOpen) showJournal(state.snapshot?.office.time_zone ?? "UTC", (error) => update({ failed: explain(error) }));
});
listenToKeys({
  F2: () => byId("find-text").focus(),
  F4: () => { close(); byId("issue-service").focus(); },
  F6: () => { close(); byId("check-in-code").focus(); },
  Escape: () => { if (state.view.kind !== "stand") close(); },
});
for (const id of ["desks", "queue", "postponed", "missed", "found"]) walkByArrows(byId(id));
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, unlockSound);

follow({
  socket: api.socketAddress,
  fetch: api.fetchHall,
  firstDelay: 400,
  silence: 25_000, // the service speaks every 10 seconds
  onSnapshot: receive,
  onLink: (link) => { if (link !== state.link) update({ link }); },
});
refresh();
setInterval(render, 1_000);
