// The tab "out of order": what people decided on a day. Fetched when it is opened and when the hall changes while it is open.

import { clockTime } from "../clock.js";
import { all, byId, make } from "../dom.js";
import { _, pick } from "../texts.js";
import * as api from "./api.js";

/** @param {string} zone @param {(error: unknown) => void} failed */
export async function showJournal(zone, failed) {
  const day = /** @type {HTMLInputElement} */ (byId("journal-date")).value;
  if (!day) return;
  try {
    const { acts } = await api.fetchJournal(day);
    byId("acts").replaceChildren(...acts.map((act) => row(act, zone)));
    byId("journal").hidden = acts.length === 0;
    for (const note of all('[data-empty="journal"]')) note.hidden = acts.length > 0;
  } catch (error) {
    failed(error);
  }
}

/** @param {import("./contract").HallAct} act @param {string} zone */
function row(act, zone) {
  const { change, reason, desk } = act;
  const why = [change ? pick(change) : "", reason ? pick(reason) : ""].filter(Boolean).join(". ");
  return make("tr", { "data-journal": act.number },
    make("td", { class: "num" }, clockTime(act.at, zone)),
    make("td", {}, make("button", { class: "linklike num", type: "button", "data-id": String(act.ticket) }, act.number)),
    make("td", {}, make("b", {}, pick(act.what)), ...(why ? [make("span", { class: "block" }, why)] : [])),
    make("td", {}, act.who ?? "—", ...(desk ? [make("span", { class: "soft block" }, _("desk %(desk)s", { desk }))] : [])));
}
