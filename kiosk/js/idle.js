/**
 * Why: a visitor who walks away must not leave their choice to the next one, and a slow visitor must not be thrown out (WCAG 2.2.1):
 * the warning stands long enough to be read, and any press gives the whole time again, as often as wanted.
 */

/** The least that WCAG 2.2.1 asks for between a warning and its effect. */
const WARNING_SECONDS = 20;

/**
 * Counts whole seconds down; started again, it begins anew.
 * @param {(left: number) => void} onTick  called at once and then every second, down to 0
 */
export function createCountdown(onTick) {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer;
  const stop = () => clearInterval(timer);
  return {
    stop,
    /** @param {number} seconds */
    start(seconds) {
      stop();
      // Measured against the clock: printing blocks the page, and a blocked second has passed for the visitor too.
      const end = performance.now() + seconds * 1000;
      onTick(seconds);
      timer = setInterval(() => {
        const left = Math.max(0, Math.ceil((end - performance.now()) / 1000));
        if (left === 0) stop();
        onTick(left);
      }, 1000);
    },
  };
}

/**
 * @param {object} how
 * @param {() => number} how.quietSeconds  how long nobody may touch the screen before the warning
 * @param {() => boolean} how.warns        whether there is anything to lose; if not, the reset needs no warning
 * @param {(left: number | null) => void} how.onWarning  seconds left, null when the visitor is back
 * @param {() => void} how.onIdle
 */
export function createIdle({ quietSeconds, warns, onWarning, onIdle }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let quiet;
  let warning = false;
  const countdown = createCountdown((left) => {
    if (left > 0) onWarning(left);
    else { stop(); onIdle(); }
  });

  function stop() {
    clearTimeout(quiet);
    countdown.stop();
    if (warning) { warning = false; onWarning(null); }
  }

  /** Somebody is here: the whole time begins anew. */
  function touch() {
    stop();
    quiet = setTimeout(() => {
      if (!warns()) { onIdle(); return; }
      warning = true;
      countdown.start(WARNING_SECONDS);
    }, quietSeconds() * 1000);
  }

  return { touch, stop, warning: () => warning };
}
