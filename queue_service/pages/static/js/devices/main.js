// The list of devices follows by itself, and stands still when somebody asks it to, reads in it with the keyboard, or marks a word.
// The service renders; this only puts the fresh part in place of the old. Refuses to touch the form beside it.

import { _ } from "../texts.js";

/** Alarms are minutes old at best; a person at this page should not wait longer. */
const EVERY_MS = 5_000;
/** After a failure: the service may be restarting. */
const LONGEST_MS = 60_000;

let paused = false;
let failures = 0;

const button = document.getElementById("pause");
if (button instanceof HTMLButtonElement) {
  button.closest(".follow")?.removeAttribute("hidden");
  button.addEventListener("click", () => {
    paused = !paused;
    button.setAttribute("aria-pressed", String(paused));
    button.textContent = paused ? _("Resume updates") : _("Pause updates");
  });
}

/** Whether a fresh list would take something out of somebody's hands. @param {Element} list */
function inUse(list) {
  const marked = document.getSelection();
  return list.contains(document.activeElement) || Boolean(marked && !marked.isCollapsed && list.contains(marked.anchorNode));
}

async function refresh() {
  const list = document.querySelector("[data-follow]");
  if (paused || document.hidden || !list || inUse(list)) return;
  try {
    const response = await fetch("/admin/devices", { headers: { Accept: "text/html" }, redirect: "error" });
    if (!response.ok) throw new Error(String(response.status));
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html");
    const next = fresh.querySelector("[data-follow]");
    if (!next) throw new Error("no list");
    failures = 0;
    if (paused || inUse(list)) return;
    if (list.innerHTML !== next.innerHTML) list.replaceWith(document.adoptNode(next));
    document.title = fresh.title;
  } catch {
    failures += 1;
    document.querySelector(".link-lost")?.removeAttribute("hidden");
  }
}

async function follow() {
  await refresh();
  setTimeout(() => void follow(), Math.min(LONGEST_MS, EVERY_MS * 2 ** failures));
}

setTimeout(() => void follow(), EVERY_MS);
