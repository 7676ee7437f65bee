/**
 * Why: the paper ticket. Its page is as long as its words: thermal paper is cut where the page ends, so @page is measured for every ticket.
 * Printing waits for the code, but not for ever: a ticket without its code is still a ticket.
 */

import { qrAddress } from "./api.js";
import { stamp } from "./clock.js";
import { fill, h } from "./dom.js";
import { bookedSentence } from "./screen-check-in.js";
import { textOf } from "./screen-choose.js";
import { privilegeOf } from "./state.js";
import { phrases, words } from "./texts.js";

/** @import {State} from "./state.js" */

/** The visitor stands there: after this, print without the code. */
const QR_PATIENCE_MS = 4000;
/** CSS pixels per millimetre. */
const PX_PER_MM = 96 / 25.4;

const pageSize = new CSSStyleSheet();

/**
 * Prints the state's ticket by the browser (silently under --kiosk-printing).
 * @param {State} state
 * @returns {Promise<"unknown" | "error">} the browser never says whether paper came out
 */
export async function printTicket(state) {
  const paper = document.querySelector(".paper");
  if (!(paper instanceof HTMLElement) || !state.ticket) return "error";
  fill(paper, ...paperOf(state));
  await codeLoaded(paper);
  measure(paper);
  try {
    window.print();
    return "unknown";
  } catch {
    return "error";
  }
}

/** @param {State} state @returns {Node[]} */
function paperOf(state) {
  const { ticket, shown, lang } = state;
  if (!ticket || !shown) return [];
  const says = phrases(lang);
  const privilege = privilegeOf(state);
  return [
    h("p", { class: "paper-office" }, words(shown.office.name, lang)),
    h("p", { class: "paper-address" }, words(shown.office.address, lang)),
    h("p", { class: "paper-label" }, says.ticket),
    h("p", { class: "paper-number", "data-length": ticket.number.length }, ticket.number),
    textOf("p", ticket.service_name, lang, "paper-service"),
    h("p", { class: "paper-facts" }, says.ahead, ": ", h("b", {}, says.aheadValue(ticket.ahead))),
    h("p", { class: "paper-facts" }, says.waitLabel, ": ", h("b", {}, says.wait(ticket.wait))),
    state.arrival === null ? null : h("p", { class: "paper-strip" }, bookedSentence(ticket, says, shown.office.time_zone)),
    privilege && h("p", { class: "paper-strip" }, `${says.privilegeChosen}. ${says.show(words(privilege.document, lang))}`),
    h("p", { class: "paper-wait" }, says.paperWait),
    h("div", { class: "paper-code" },
      h("img", { src: qrAddress(ticket.secret), alt: "", "data-own": ticket.secret }),
      h("p", {}, says.paperQr)),
    ticket.note ? textOf("p", ticket.note, lang, "paper-note") : null,
    h("p", { class: "paper-time num" }, stamp(new Date(ticket.issued_at), shown.office.time_zone)),
  ].filter((node) => node !== null);
}

/** @param {HTMLElement} paper */
async function codeLoaded(paper) {
  const image = paper.querySelector("img");
  if (!image) return;
  const patience = new Promise((resolve) => { setTimeout(resolve, QR_PATIENCE_MS, "late"); });
  const end = performance.now() + QR_PATIENCE_MS;
  let loaded = false;
  while (!loaded && performance.now() < end) {
    const outcome = await Promise.race([image.decode().then(() => "loaded", () => "failed"), patience]);
    loaded = outcome === "loaded";
    if (outcome === "failed") {
      await new Promise((resolve) => { setTimeout(resolve, 400); });
      image.src = again(image.src);
    }
  }
  image.closest(".paper-code")?.toggleAttribute("hidden", !loaded);
}

/** The same address, asked for anew. @param {string} source */
export function again(source) {
  const address = new URL(source, location.href);
  address.searchParams.set("try", String(Number(address.searchParams.get("try") ?? 0) + 1));
  return address.href;
}

/** @param {HTMLElement} paper */
function measure(paper) {
  paper.setAttribute("data-measured", "");
  const millimetres = Math.ceil(paper.getBoundingClientRect().height / PX_PER_MM) + 1;
  paper.removeAttribute("data-measured");
  pageSize.replaceSync(`@page { size: 80mm ${millimetres}mm; margin: 0; }`);
  if (!document.adoptedStyleSheets.includes(pageSize)) document.adoptedStyleSheets.push(pageSize);
}
