// The key under which an act may be asked for again until its answer is known, and is done once.

/**
 * The moment and 80 random bits, as the kiosk's: keys of one day lie together in the index, however many years it holds.
 * Not crypto.randomUUID, which exists only on https and localhost; offices also run on plain http.
 */
export function newKey() {
  const random = Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0"));
  return Date.now().toString(16).padStart(12, "0") + random.join("");
}
