/**
 * Why: whose kiosk this is, through its whole life: a token from an address, a code or another tab; renewed, revoked, replaced, paired again.
 * Whatever happens, the page goes on by itself; nobody has to load it anew.
 */

import { fetchMenu } from "./api.js";
import { keepToken, keptToken, onOtherTabsToken, pageVersion, pairedToken, reportHealth } from "./device.js";
import { follow } from "./live.js";
import { pair } from "./pairing.js";

/** @import {Menu} from "./types.js" */

/**
 * @param {{printer: () => "ok" | "unknown" | "error", onMenu: (menu: Menu) => void, onLost: () => void, onUnpaired: (revoked: boolean) => void,
 *   onCode: (code: string, until: string) => void}} tell  until: the time on this device's own clock
 */
export function createOwner(tell) {
  let token = pairedToken();
  /** @type {ReturnType<typeof follow> | null} */
  let line = null;
  /** @type {ReturnType<typeof pair> | null} */
  let pairing = null;
  const health = reportHealth({ token: () => token, printer: tell.printer, onRenewed: begin });

  /** With this token from now on: the first question with a new one is its first use, and ends the old one. @param {string} fresh */
  function begin(fresh) {
    token = fresh;
    pairing?.stop();
    pairing = null;
    line?.stop();
    line = follow(fresh, { onMenu: tell.onMenu, onLost: tell.onLost, onUnpaired: () => { if (!followsOtherTab()) lose(); } });
  }

  /** Our token is not known; another tab may have renewed it. */
  function followsOtherTab() {
    const kept = keptToken();
    if (!kept || kept === token) return false;
    begin(kept);
    return true;
  }

  function lose() {
    line?.stop();
    line = null;
    tell.onUnpaired(token !== null);
    pairing ??= pair({
      version: pageVersion,
      onCode: (code, until) => tell.onCode(code, until.toLocaleTimeString("ru-RU", { hour: "2-digit", minute: "2-digit" })),
      onPaired: (fresh) => { keepToken(fresh); begin(fresh); void health.report(); },
      onOver: cameBack,
    });
  }

  /** Whether the token that was refused is known again: the service may have been restored from a copy. */
  async function cameBack() {
    const mine = token;
    if (!mine || (await fetchMenu(mine)).kind !== "menu" || token !== mine) return false;
    begin(mine);
    return true;
  }

  return {
    token: () => token ?? "",
    followsOtherTab,
    lose,
    start() {
      onOtherTabsToken((fresh) => { if (fresh !== token) begin(fresh); });
      if (token) {
        begin(token);
        void health.report();
      } else lose();
    },
  };
}
