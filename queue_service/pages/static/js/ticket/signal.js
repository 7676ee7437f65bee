// «Сообщить о вызове»: sound, vibration, a notice of the browser and a screen that stays on, all made on this phone while
// the page is open. Nothing is sent anywhere, and no push service takes part.

import { chime, unlockSound } from "../sound.js";
import { notifyWorker } from "./api.js";

/** @type {ServiceWorkerRegistration | undefined} */
let worker;
/** @type {WakeLockSentinel | undefined} */
let awake;

export const supported = "AudioContext" in window || "vibrate" in navigator || "Notification" in window;

/** Must run inside a tap: browsers allow sound and ask for notices only then. Resolves to whether notices are allowed. */
export async function switchOn() {
  unlockSound();
  await keepAwake();
  if (!("Notification" in window)) return false;
  const allowed = (await Notification.requestPermission()) === "granted";
  // Chrome on Android shows notices only through a worker.
  if (allowed && "serviceWorker" in navigator) worker = await navigator.serviceWorker.register(notifyWorker).catch(() => undefined);
  return allowed;
}

export function switchOff() {
  awake?.release();
  awake = undefined;
}

/** A sleeping phone hears nothing. The lock falls whenever the page is hidden, so this is asked again. */
export async function keepAwake() {
  awake = await navigator.wakeLock?.request("screen").catch(() => undefined);
}

/** @param {"call" | "soon"} kind @param {string} title @param {string} sentence */
export function signal(kind, title, sentence) {
  chime(kind === "call" ? "call" : "soft");
  navigator.vibrate?.(kind === "call" ? [400, 150, 400, 150, 800] : [200]);
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const options = { body: sentence, tag: "ticket", renotify: true, icon: "/static/icon.svg", requireInteraction: kind === "call" };
  if (worker) worker.showNotification(title, options).catch(() => undefined);
  else plainNotice(title, options);
}

/** @param {string} title @param {NotificationOptions} options */
function plainNotice(title, options) {
  try {
    new Notification(title, options).onclick = () => window.focus();
  } catch {
    // Browsers that want a worker throw here; sound and vibration have told already.
  }
}
