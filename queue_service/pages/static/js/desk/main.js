// The desk's screen: follows the desk's snapshot, draws it, and hands the clerk's presses to the commands.

import { serverNow, setServerTime } from "../clock.js";
import { all, byId } from "../dom.js";
import { follow } from "../live.js";
import { chime, unlockSound } from "../sound.js";
import * as api from "./api.js";
import { commandsOf } from "./commands.js";
import { askForPause, askToClose, askToSignOut } from "./dialogs.js";
import { listenToKeys } from "./keys.js";
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
  if (came && soundOn) chime("soft");
  const stillAlone = modeOf(snapshot) === "idle" && snapshot.counts.waiting > 0;
  update({ snapshot, arrived: came || (state.arrived && stillAlone), ...(movedOn(before, snapshot) ? { failed: "" } : {}) });
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
  finish: () => commands.act("finish"),
  recall: () => commands.act("recall"),
  "no-show": () => commands.act("no-show"),
  return: () => commands.act("return"),
  resume: commands.resume,
  async pause() {
    const answer = await askForPause(state.snapshot?.pause_reasons ?? []);
    if (answer) await commands.pause(answer.reason, answer.note);
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

for (const button of all("button[data-action]")) {
  button.addEventListener("click", async (event) => {
    if (event.detail > 1) return; // the second click of a double click would meet the next state's button
    if (state.busy) return;
    const byMouse = event.detail > 0;
    const action = /** @type {Action} */ (button.dataset.action);
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
document.addEventListener("click", ({ target }) => {
  const menu = /** @type {HTMLDetailsElement} */ (byId("menu"));
  if (menu.open && target instanceof Node && !menu.contains(target)) menu.open = false;
});
byId("menu").addEventListener("keydown", ({ key }) => {
  if (key !== "Escape") return;
  /** @type {HTMLDetailsElement} */ (byId("menu")).open = false;
  byId("menu").querySelector("summary")?.focus();
});
listenToKeys(() => keysOn);

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
