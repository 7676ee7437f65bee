// «Рядом со мной»: the browser asks the person, and a place rounded to about a kilometre goes into the address, where the person
// sees it. Nothing is remembered.

import { write } from "../dom.js";
import { _ } from "../texts.js";

const PATIENCE_MS = 10_000;
const OLD_ENOUGH_MS = 600_000; // where somebody was ten minutes ago is near enough

export function offerNearMe() {
  const button = document.getElementById("near-me");
  const note = document.getElementById("near-note");
  if (!button || !("geolocation" in navigator) || !window.isSecureContext) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    write(note, _("Asking your browser where you are…"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => go(coords.latitude, coords.longitude),
      () => write(note, _("We could not learn where you are. Type a district instead.")),
      { timeout: PATIENCE_MS, maximumAge: OLD_ENOUGH_MS },
    );
  });
}

/** @param {number} latitude @param {number} longitude */
function go(latitude, longitude) {
  const address = new URL(location.href);
  address.searchParams.delete("district");
  address.searchParams.set("lat", latitude.toFixed(2));
  address.searchParams.set("lon", longitude.toFixed(2));
  location.assign(address);
}
