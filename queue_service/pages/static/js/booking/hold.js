// «Мы держим это время до 14:05»: counts down beside the sentence that the server wrote, says once that a minute is left, and says
// when it is over. Nobody is thrown out of a field: what was typed stays, and sending it keeps it.

import { elapsed, serverNow, setServerTime } from "../clock.js";
import { write } from "../dom.js";
import { _ } from "../texts.js";

const WARN_MS = 60_000;
const TICK_MS = 250; // a second is never skipped, whenever the page began

export function followHold() {
  const held = /** @type {HTMLElement | null} */ (document.querySelector(".held[data-until]"));
  if (!held) return;
  setServerTime(held.dataset.server ?? "");
  const until = Date.parse(held.dataset.until ?? "");
  const left = /** @type {HTMLElement | null} */ (held.querySelector('[data-slot="left"]'));
  const said = document.getElementById("held-said");
  if (left) left.hidden = false;
  let warned = until - serverNow() <= WARN_MS; // a page that opens with less needs no surprise
  const timer = setInterval(tick, TICK_MS);
  tick();

  function tick() {
    const rest = until - serverNow();
    held?.classList.toggle("short", rest <= WARN_MS);
    write(left, elapsed(rest));
    if (rest <= WARN_MS && !warned) {
      warned = true;
      write(said, _("One minute is left. After that the time is free for others, and your answers are kept."));
    }
    if (rest > 0) return;
    clearInterval(timer);
    end();
  }

  function end() {
    if (left) left.hidden = true;
    write(held?.querySelector('[data-slot="held"]'), _("The time is not held any more. Your answers are kept."));
    write(said, _("The time is not held any more. Your answers are kept."));
    for (const button of held?.querySelectorAll("button") ?? []) button.hidden = true;
    const again = /** @type {HTMLElement | null | undefined} */ (held?.querySelector('[data-slot="lapsed"]'));
    if (again) again.hidden = false;
  }
}
