// Why this file exists: a booking under heavy load asks the browser for a second of work (ALTCHA, solved in a worker, nothing foreign).
// Without workers or cryptography (plain http) the form stays as it is, and the person waits a minute and presses the button.

const form = /** @type {HTMLFormElement | null} */ (document.getElementById("proof"));
const state = document.getElementById("proof-state");
const working = document.getElementById("proof-working");
const byHand = document.getElementById("proof-by-hand");

/** @param {HTMLFormElement} form */
async function prove(form) {
  const answer = await fetch(form.dataset.challenge ?? "");
  if (!answer.ok) throw new Error(String(answer.status));
  const challenge = await answer.json();
  const { solveChallengeWorkers } = await import(form.dataset.solver ?? "");
  const solution = await solveChallengeWorkers({
    challenge,
    concurrency: Math.min(4, navigator.hardwareConcurrency || 1),
    createWorker: () => new Worker(form.dataset.worker ?? "", { type: "module" }),
  });
  if (!solution) throw new Error("not solved");
  const proof = /** @type {HTMLInputElement} */ (form.elements.namedItem("altcha"));
  proof.value = btoa(JSON.stringify({ challenge, solution }));
}

if (form && state && working && byHand && window.isSecureContext) {
  byHand.hidden = true;
  working.hidden = false;
  state.textContent = state.dataset.working ?? "";
  prove(form).then(
    () => {
      state.textContent = state.dataset.done ?? "";
      form.submit();
    },
    () => {
      working.hidden = true;
      byHand.hidden = false;
    },
  );
}
