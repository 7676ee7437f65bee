// The desk's screen: follows the desk's snapshot, draws it, and hands the clerk's presses to the commands.

import { serverNow, setServerTime } from "../clock.js";
import { all, byId } from "../dom.js";
import { follow } from "../live.js";
import { chime, unlockSound } from "../sound.js";
import { _ } from "../texts.js";
import * as api from "./api.js";
import { autoCall } from "./auto-call.js";
import { commandsOf } from "./commands.js";
import { askForNumber, askWhomToCall } from "./dialogs/call.js";
import { askForMessage, showKeys } from "./dialogs/others.js";
import { askForPause, askToClose, askToSignOut } from "./dialogs/shift.js";
import { askAboutPrivilege, askForPostponement, askWhatElse, askWhereTo, askWhetherInaccurate } from "./dialogs/visit.js";
import { listenToKeys } from "./keys.js";
import { listenToOutcome, outcomeOf } from "./outcome.js";
import { helpIsComing, newAlarm, renderAlarms } from "./render-alarms.js";
import { renderAside } from "./render-aside.js";
import { mainButton, rememberedSwitch, renderFrame } from "./render-frame.js";
import { renderNow } from "./render-now.js";
import { renderQueue } from "./render-queue.js";
import { initialState, modeOf, movedOn, refusalOf, somebodyCame } from "./state.js";

/** @typedef {import("../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Action} Action */

// A snapshot this much older than the last one is not a late message but a service whose clock was set back.
const LATE_MESSAGE_MS = 60_000;

let state = initialState();
let soundOn = true;
let keysOn = true;
/** On the way out: the closed desk must not lead to the choice of another. */
let signingOut = false;

/** @param {Partial<State>} change */
function update(change) {
  const wasBusy = state.busy !== null;
  state = { ...state, ...change };
  render();
  if (wasBusy && state.busy === null) focusMain();
}

function render() {
  const now = serverNow();
  renderFrame(state, now);
  renderNow(state, now);
  renderQueue(state, now);
  renderAside(state);
  renderAlarms(state, now);
}

/** @param {DeskSnapshot} snapshot */
function receive(snapshot) {
  const before = state.snapshot;
  const older = before ? Date.parse(before.now) - Date.parse(snapshot.now) : 0;
  if (older > 0 && older < LATE_MESSAGE_MS) return;
  setServerTime(snapshot.now);
  if (!snapshot.shift) return signingOut ? undefined : api.goToChoice();
  if (snapshot.current) commands.callCameThrough();
  const came = somebodyCame(before, snapshot);
  if (soundOn && newAlarm(before, snapshot)) chime("call");
  else if (came && soundOn) chime("soft");
  const stillAlone = modeOf(snapshot) === "idle" && snapshot.counts.waiting > 0;
  update({ snapshot, arrived: came || (state.arrived && stillAlone), ...(movedOn(before, snapshot) ? { failed: "" } : {}), ...(helpIsComing(before, snapshot) ? { done: _("A colleague is coming to you.") } : {}) });
}

async function refresh() {
  try {
    receive(await api.fetchDesk());
  } catch (error) {
    failed(error);
  }
}

/** @param {unknown} error */
function failed(error) {
  if (error instanceof api.Refused && error.status === 401) api.goToSignIn();
}

const commands = commandsOf({ state: () => state, update, refresh });

/** @type {Record<Action, () => unknown>} */
const perform = {
  "call-next": commands.callNext,
  start: () => commands.act("start"),
  finish: () => withTicket(async (_snapshot, ticket) => {
    const outcome = outcomeOf(ticket);
    if ("refusal" in outcome) return update({ done: "", failed: outcome.refusal });
    await commands.act("finish", outcome);
  }),
  recall: () => commands.act("recall"),
  "no-show": () => commands.act("no-show"),
  return: () => commands.act("return"),
  postpone: () => withTicket(async (snapshot, ticket) => {
    const answer = await askForPostponement(snapshot, ticket);
    if (answer) await commands.act("postpone", answer);
  }),
  transfer: () => withTicket(async (snapshot, ticket) => {
    const answer = await askWhereTo(snapshot, ticket);
    if (answer) await commands.act("transfer", answer);
  }),
  "add-service": () => withTicket(async (snapshot, ticket) => {
    const service = await askWhatElse(snapshot, ticket);
    if (service) await commands.act("add-service", { service });
  }),
  privilege: () => withTicket(async (_snapshot, ticket) => {
    const confirmed = await askAboutPrivilege(ticket);
    if (confirmed !== null) await commands.act("confirm-privilege", { confirmed });
  }),
  inaccurate: () => withTicket(async (_snapshot, ticket) => {
    if (await askWhetherInaccurate(ticket)) await commands.act("inaccurate");
  }),
  visitor: commands.visitor,
  async "call-number"() {
    const answer = await askForNumber(() => state.snapshot);
    if (answer) await commands.act("call", answer);
  },
  "call-aside": () => callAside(),
  async message() {
    const text = await askForMessage();
    if (text) await commands.message(text);
  },
  "keys-help": showKeys,
  alarm: commands.alarm,
  resume: commands.resume,
  async pause() {
    const answer = await askForPause(state.snapshot?.pause_reasons ?? []);
    if (answer) await commands.pause(answer);
  },
  async close() {
    if (await askToClose()) await commands.close();
  },
  async "sign-out"() {
    if (!(await askToSignOut())) return;
    signingOut = true;
    await commands.closeAndThen(() => /** @type {HTMLFormElement} */ (byId("logout")).submit());
    signingOut = state.failed === "";
  },
};

/** @param {(snapshot: DeskSnapshot, ticket: import("../contract").DeskTicket) => Promise<void>} then */
async function withTicket(then) {
  if (state.snapshot?.current) await then(state.snapshot, state.snapshot.current);
}

/** @param {number} [first] */
async function callAside(first) {
  const answer = state.snapshot ? await askWhomToCall(state.snapshot, first) : null;
  if (answer) await commands.act("call", answer);
}

for (const button of all("button[data-action]")) {
  button.addEventListener("click", async (event) => {
    if (event.detail > 1) return; // the second click of a double click would meet the next state's button
    if (state.busy && !("always" in button.dataset)) return;
    const byMouse = event.detail > 0;
    const action = /** @type {Action} */ (button.dataset.action);
    closeMenu();
    if (button.getAttribute("aria-disabled") === "true") {
      update({ done: "", failed: state.snapshot ? refusalOf(action, state.snapshot, serverNow()) : "" });
      return focusMain(byMouse);
    }
    await perform[action]();
    if (byMouse) focusMain(true);
  });
}

/** Back to the large button, so that Space is always the main action. @param {boolean} [fromAnywhere] */
function focusMain(fromAnywhere = false) {
  if (document.querySelector("dialog[open]")) return;
  const active = document.activeElement;
  const idle = !active || active === document.body || Boolean(active.closest(".actions")) || !(active instanceof HTMLElement && active.offsetParent);
  if (fromAnywhere || idle) mainButton()?.focus({ preventScroll: true });
}

rememberedSwitch("sound", (on) => { soundOn = on; });
rememberedSwitch("keys", (on) => { keysOn = on; });
byId("sound").addEventListener("click", () => { if (soundOn) { unlockSound(); chime("soft"); } });
byId("freeze").addEventListener("click", () => update({ frozen: state.frozen ? null : state.snapshot }));
for (const id of ["sound", "freeze"]) byId(id).addEventListener("click", (event) => { if (event.detail > 0) focusMain(true); });
// Browsers give sound only after a touch; a clerk touches all the time.
for (const gesture of ["pointerdown", "keydown"]) document.addEventListener(gesture, unlockSound);
function closeMenu() {
  /** @type {HTMLDetailsElement} */ (byId("menu")).open = false;
}

document.addEventListener("click", ({ target }) => {
  if (!(target instanceof Element)) return;
  if (!byId("menu").contains(target)) closeMenu();
  const going = target.closest("button[data-acknowledge]");
  if (going instanceof HTMLElement) commands.acknowledge(going.dataset.acknowledge ?? "");
  const aside = target.closest("button[data-call-aside]");
  if (aside instanceof HTMLElement && !state.busy) callAside(Number(aside.dataset.callAside));
});
byId("menu").addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  closeMenu();
  byId("menu").querySelector("summary")?.focus();
});
listenToKeys(() => keysOn);
listenToOutcome(() => perform.finish());
byId("outcome").addEventListener("click", (event) => { if (event.detail > 0 && !(event.target instanceof HTMLInputElement)) focusMain(true); });

const automatic = autoCall();
const reading = () => document.querySelector("dialog[open]") !== null;

function stopAutoCall() {
  automatic.stop();
  update({ autoCallIn: null, done: _("No automatic call until the next visitor.") });
  focusMain(true);
}

byId("auto-call-stop").addEventListener("click", stopAutoCall);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !event.defaultPrevented && !reading() && state.autoCallIn !== null) stopAutoCall();
});

function countDown() {
  const left = automatic.left(state, reading(), performance.now());
  if (left !== state.autoCallIn) update({ autoCallIn: left });
  if (left === 0) perform["call-next"]();
}

follow({
  socket: api.socketAddress,
  fetch: api.fetchDesk,
  firstDelay: 400,
  silence: 25_000, // the service speaks every 10 seconds
  onSnapshot: receive,
  onLink: (link) => {
    if (link === state.link) return;
    const cameBack = link === "live" || state.link === "lost";
    update({ link, ...(cameBack ? { failed: "" } : {}) });
  },
  onFailure: failed,
});
refresh();
setInterval(render, 1_000);
setInterval(countDown, 250);
