// The tabs of the middle column: one is open, arrows walk them (ARIA Authoring Practices, tabs).

import { all, byId } from "../dom.js";

/** @param {(name: string) => void} opened */
export function listenToTabs(opened) {
  const tabs = all("[role=tab]");
  for (const [place, tab] of tabs.entries()) {
    tab.addEventListener("click", () => open(tab, opened));
    tab.addEventListener("keydown", ({ key }) => {
      const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 }[key];
      if (to === undefined) return;
      const next = tabs[(to + tabs.length) % tabs.length];
      next?.focus();
      if (next) open(next, opened);
    });
  }
}

/** @param {HTMLElement} tab @param {(name: string) => void} opened */
function open(tab, opened) {
  for (const each of all("[role=tab]")) {
    const chosen = each === tab;
    each.setAttribute("aria-selected", String(chosen));
    each.tabIndex = chosen ? 0 : -1;
    byId(`pane-${each.dataset.tab}`).hidden = !chosen;
  }
  opened(tab.dataset.tab ?? "");
}
