// Short sounds made on the spot. Browsers keep silent until the person has touched the page; `soundAllowed` tells.

/** @type {AudioContext | undefined} */
let context;

/** Notes as [hertz, start in seconds, length in seconds]: quiet thirds for "look here", a rising gong for a call. */
const NOTES = {
  soft: [[659, 0, 0.25], [880, 0.14, 0.35]],
  call: [[659, 0, 0.5], [784, 0.3, 0.5], [988, 0.6, 1.1]],
};
const LOUDNESS = { soft: 0.12, call: 0.4 };

/** Call it from a click or a key. */
export function unlockSound() {
  if (!("AudioContext" in window)) return;
  context ??= new AudioContext();
  if (context.state === "suspended") context.resume().catch(() => undefined);
}

export function soundAllowed() {
  return context?.state === "running";
}

/** @param {"soft" | "call"} kind */
export function chime(kind) {
  if (!context) return;
  for (const [hertz = 0, start = 0, length = 0] of NOTES[kind]) note(context, hertz, context.currentTime + start, length, LOUDNESS[kind]);
}

/** @param {AudioContext} audio @param {number} hertz @param {number} start @param {number} length @param {number} loudness */
function note(audio, hertz, start, length, loudness) {
  const tone = new OscillatorNode(audio, { type: "sine", frequency: hertz });
  const volume = new GainNode(audio, { gain: 0 });
  // A struck bell: there at once, then fading; no click at either end.
  volume.gain.setValueAtTime(0.0001, start);
  volume.gain.exponentialRampToValueAtTime(loudness, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, start + length);
  tone.connect(volume).connect(audio.destination);
  tone.start(start);
  tone.stop(start + length);
}
