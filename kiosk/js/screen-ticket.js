/**
 * Why: the moment the visitor came for. While the ticket is being made the screen says so; then it shows the same ticket as the paper, with the
 * code for the phone, long enough to be read and for as long as the visitor asks.
 */

import { stamp } from "./clock.js";
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { bookedSentence } from "./screen-check-in.js";
import { textOf } from "./screen-choose.js";
import { privilegeOf, serviceOf } from "./state.js";
import { phrases, words } from "./texts.js";
import { qrAddress } from "./api.js";

/** @import {State} from "./state.js" */
/** @import {View} from "./render.js" */

/** @param {State} state @returns {View} */
export function printingScreen(state) {
  const says = phrases(state.lang);
  const service = serviceOf(state, state.order?.request.service ?? null);
  const title = state.menu?.device.settings.print ? says.printing : says.preparing;
  return {
    title,
    say: [
      h("h1", { tabindex: -1 }, title),
      h("p", { class: "lead" }, state.slow ? says.printingSlow : says.printingLead),
      h("div", { class: "slot", "aria-hidden": "true" }, h("article", { class: "ticket coming" },
        h("div", { class: "ticket-head" }, h("p", { class: "soft" }, says.ticket), h("div", { class: "ghost number" }), service && textOf("h2", service.name, state.lang)),
        h("div", { class: "ticket-stub" }, h("div", { class: "ghost code" }), h("div", { class: "ghost lines" })))),
    ],
    act: [],
  };
}

/** @param {State} state @returns {View} */
export function ticketScreen(state) {
  const says = phrases(state.lang);
  const { ticket, shown } = state;
  if (!ticket || !shown) return { title: says.ticket, say: [h("h1", { tabindex: -1 }, says.ticket)], act: [] };
  const prints = shown.device.settings.print;
  const title = prints ? says.takeTicket : says.yourNumber;
  const privilege = privilegeOf(state);
  return {
    title: `${title} ${ticket.number}`,
    say: [
      h("h1", { tabindex: -1 }, title, h("span", { class: "visually-hidden" }, ` ${ticket.number}`)),
      h("p", { class: "lead" }, says.ticketLead),
      h("article", { class: "ticket issued", "data-ticket": ticket.number, "data-key": ticket.secret },
        h("div", { class: "ticket-head" },
          h("p", { class: "soft" }, says.ticket),
          h("p", { class: "ticket-number", "data-length": ticket.number.length }, ticket.number),
          textOf("h2", ticket.service_name, state.lang),
          h("dl", { class: "facts" },
            h("div", {}, h("dt", {}, says.ahead), h("dd", { class: "num" }, says.aheadValue(ticket.ahead))),
            h("div", {}, h("dt", {}, says.waitLabel), h("dd", { class: "num" }, says.wait(ticket.wait)))),
          state.arrival !== null && h("p", { class: "strip booked" }, icon(ticket.late ? "clock" : "calendar"), h("span", { class: "num" }, bookedSentence(ticket, says, shown.office.time_zone))),
          privilege && h("p", { class: "strip" }, icon("first"), h("span", {}, `${says.privilegeChosen}. ${says.show(words(privilege.document, state.lang))}`))),
        h("div", { class: "ticket-stub" },
          h("div", { class: "qr", "data-own": `${ticket.secret} ${state.lang}` },
            h("img", { src: qrAddress(ticket.secret), alt: says.qrAlt(ticket.number), width: 320, height: 320, "data-qr": true })),
          h("div", { class: "stub-words" },
            h("p", {}, h("b", {}, says.follow)),
            h("p", { class: "qr-there" }, says.followLead),
            h("p", { class: "qr-missing" }, says.qrMissing),
            ticket.note && textOf("p", ticket.note, state.lang, "note"),
            h("p", { class: "soft num" }, stamp(new Date(ticket.issued_at), shown.office.time_zone))))),
    ],
    act: [
      h("div", { class: "bar" },
        h("button", { type: "button", class: "button big", "data-action": "done" },
          h("span", {}, says.done, h("span", { class: "num", "aria-hidden": "true" }, ` · ${state.doneLeft}`))),
        prints && h("button", { type: "button", class: "button line big", "data-action": "print" }, icon("print"), h("span", {}, says.printAgain)),
        h("button", { type: "button", class: "button line big", "data-action": "more-time" }, icon("clock"), h("span", {}, says.moreTime))),
    ],
  };
}
