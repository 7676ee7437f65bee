// The questions about the visitor at the desk: aside for how long and why, where to, what else, whether the document was there.

import { byId, write } from "../../dom.js";
import { _, pick } from "../../texts.js";
import { ask, chosen, input, list, numberOrNothing, offer, offerNames, option } from "./frame.js";

/** @typedef {import("../../contract").DeskSnapshot} DeskSnapshot */
/** @typedef {import("../../contract").DeskTicket} DeskTicket */
/** @typedef {{ service?: string, desk?: string, clerk?: string, comment: string | null, come_back: boolean }} Destination */

/** @param {DeskSnapshot} snapshot @param {DeskTicket} ticket @returns {Promise<{ reason: string, minutes: number | null } | null>} */
export async function askForPostponement({ postpone_reasons: reasons }, ticket) {
  write(byId("postpone-title"), _("Postpone %(number)s", { number: ticket.number }));
  input("postpone-minutes").value = "";
  offerNames("postpone-reasons", reasons);
  if ((await ask("postpone-dialog")) !== "postpone") return null;
  const reason = chosen("postpone-reasons");
  return reason ? { reason, minutes: numberOrNothing("postpone-minutes") } : null;
}

/** @param {DeskSnapshot} snapshot @param {DeskTicket} ticket @returns {Promise<Destination | null>} */
export async function askWhereTo({ services, colleagues }, ticket) {
  write(byId("transfer-title"), _("Transfer %(number)s", { number: ticket.number }));
  const service = list("transfer-service");
  const to = list("transfer-to");
  service.replaceChildren(
    option("", _("the same: %(name)s", { name: pick(ticket.service_name) })),
    ...services.filter(({ code }) => code !== ticket.service).map(({ code, name, letter }) => option(code, `${letter} · ${pick(name)}`)),
  );
  to.replaceChildren(
    option("", _("any desk that takes the service")),
    ...colleagues.map(({ desk, name, paused }) => option(`desk:${desk}`, _("desk %(desk)s, now %(name)s", { desk, name }) + (paused ? `, ${_("on a break")}` : ""))),
    ...colleagues.map(({ login, name }) => option(`clerk:${login}`, _("%(name)s, at any desk", { name }))),
  );
  input("transfer-comment").value = "";
  input("transfer-back").checked = false;
  const judge = () => service.setCustomValidity(service.value || to.value ? "" : _("Choose another service or a colleague."));
  service.onchange = to.onchange = judge;
  judge();
  if ((await ask("transfer-dialog")) !== "transfer") return null;
  const [kind, whom = ""] = to.value.split(/:(.*)/);
  return {
    ...(service.value ? { service: service.value } : {}),
    ...(kind === "desk" ? { desk: whom } : kind === "clerk" ? { clerk: whom } : {}),
    comment: input("transfer-comment").value.trim() || null,
    come_back: input("transfer-back").checked,
  };
}

/** @param {DeskSnapshot} snapshot @param {DeskTicket} ticket @returns {Promise<string | null>} the code of a service */
export async function askWhatElse({ services }, ticket) {
  write(byId("add-service-title"), _("One more service for %(number)s", { number: ticket.number }));
  const known = new Set([ticket.service, ...ticket.next_services]);
  const others = services.filter(({ code }) => !known.has(code));
  list("add-service").replaceChildren(...others.map(({ code, name, letter }) => option(code, `${letter} · ${pick(name)}`)));
  return (await ask("add-service-dialog")) === "add" ? list("add-service").value || null : null;
}

/** @param {DeskTicket} ticket @returns {Promise<boolean | null>} */
export async function askAboutPrivilege({ privilege }) {
  if (!privilege) return null;
  write(byId("privilege-text"), [pick(privilege.name), pick(privilege.document)].filter(Boolean).join(" · "));
  offer("privilege-choices", [
    { value: "yes", label: _("shown: the right is confirmed") },
    { value: "no", label: _("not shown: the right is not confirmed") },
  ]);
  return (await ask("privilege-dialog")) === "judge" ? chosen("privilege-choices") === "yes" : null;
}

/** @param {DeskTicket} ticket */
export async function askWhetherInaccurate({ number }) {
  write(byId("inaccurate-title"), _("Are the times of %(number)s wrong?", { number }));
  return (await ask("inaccurate-dialog")) === "mark";
}
