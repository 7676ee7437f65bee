// A ticket on paper: the same page that stands at /desk/hall/tickets/{id}/paper, put under this one and printed by the browser. Thermal
// paper is cut where the page ends, so the page is measured for every ticket.

import { byId } from "../dom.js";
import * as api from "./api.js";

// A ticket without its code is still a ticket.
const CODE_PATIENCE_MS = 4_000;
const PX_PER_MM = 96 / 25.4;

const pageSize = new CSSStyleSheet();

/** @param {number} id */
export async function printTicket(id) {
  const page = new DOMParser().parseFromString(await api.fetchPaper(id), "text/html");
  const paper = page.querySelector(".paper");
  if (!(paper instanceof HTMLElement)) throw new api.Unreachable("no paper in the answer");
  const place = byId("paper");
  place.replaceChildren(document.adoptNode(paper));
  const code = paper.querySelector("img");
  const patience = new Promise((resolve) => { setTimeout(resolve, CODE_PATIENCE_MS); });
  await Promise.race([code?.decode().catch(() => undefined), patience]);
  if (code && code.naturalWidth === 0) code.closest(".paper-code")?.toggleAttribute("hidden", true);
  const millimetres = Math.ceil(paper.getBoundingClientRect().height / PX_PER_MM) + 1;
  pageSize.replaceSync(`@page { size: 80mm ${millimetres}mm; margin: 0; }`);
  if (!document.adoptedStyleSheets.includes(pageSize)) document.adoptedStyleSheets.push(pageSize);
  window.print();
}
