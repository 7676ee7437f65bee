/**
 * Why: an empty hall at night needs no light. How dark the screen is, from what was set and the time on the office's wall. Pure.
 *
 * @param {{from: string, to: string, dim: number} | null | undefined} night  local times such as "22:00", per cent of the light
 * @param {string} clock  "23:15"
 * @returns {number} 0 (as bright as ever) to 0.9
 */
export function darkness(night, clock) {
  if (!night) return 0;
  const [from, to, now] = [minutes(night.from), minutes(night.to), minutes(clock)];
  const within = from < to ? from <= now && now < to : now >= from || now < to;
  return within ? Math.min(Math.max(night.dim, 0), 90) / 100 : 0;
}

/** @param {string} clock */
function minutes(clock) {
  const [hour, minute] = clock.split(":").map(Number);
  return (hour ?? 0) * 60 + (minute ?? 0);
}
