/* An empty hall at night needs no light: how dark the screen is, from what was set and the time on the office's wall. Pure. */
var QueueDisplay = QueueDisplay || {};
QueueDisplay.night = (function () {
  "use strict";

  function minutes(clock) {
    var parts = String(clock).split(":");
    return Number(parts[0]) * 60 + Number(parts[1]);
  }

  /** @param {{from: string, to: string, dim: number}|null|undefined} night local times such as "22:00", per cent of the light
      @param {string} clock "23:15" @return {number} 0 (as bright as ever) to 0.9 */
  function darkness(night, clock) {
    var from, to, now;
    if (!night || !clock) { return 0; }
    from = minutes(night.from);
    to = minutes(night.to);
    now = minutes(clock);
    return (from < to ? from <= now && now < to : now >= from || now < to) ? Math.max(0, Math.min(night.dim, 90)) / 100 : 0;
  }

  return { darkness: darkness };
}());
