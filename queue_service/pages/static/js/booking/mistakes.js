// A form that came back with mistakes: the summary gets the focus, so that a screen reader begins there.

export function focusMistakes() {
  const summary = document.getElementById("mistakes");
  if (summary) summary.focus();
}
