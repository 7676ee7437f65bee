// «Распечатать» is shown only where it works.

import { all } from "../dom.js";

export function offerPrint() {
  for (const button of all("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
}
