"""One count for all workers that costs a request nothing: each worker counts in memory and adds what it counted to the common row once
a second, where it learns what the others counted.

Keys far below their limit never reach the database: a hall of phones is no row at all. The price is that a burst can run over a limit by
what comes within that second and by a sixteenth per worker. What must be exact (attempts at a code, passwords) is counted by `Limiter`.
Refuses to remember without bound.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from queue_service.db import Pool
from queue_service.limits.classes import Limit
from queue_service.sealing import KeyRing

log = structlog.get_logger(__name__)

MERGE_SECONDS = 1.0
SHARE = 16
"""What a worker keeps to itself: a sixteenth of the limit."""
MOST_ROWS = 2_000
"""Of one statement: the fullest come first, the rest a second later."""
MOST_KEYS = 200_000
"""About 40 MB; an attacker with more addresses than this is the network's business."""

MERGE = """
INSERT INTO rate_count AS rate (key, until, hits)
SELECT key, until, hits FROM unnest($1::bytea[], $2::timestamptz[], $3::int[]) AS counted (key, until, hits)
 ORDER BY key                                                -- workers take the rows in one order, or they would lock each other out
    ON CONFLICT (key) DO UPDATE SET hits = rate.hits + excluded.hits
RETURNING key, hits
"""


@dataclass(slots=True)
class _Count:
    window: int
    limit: Limit
    pending: int = 0
    """Counted here and not yet told."""
    common: int = 0
    """What the row said last."""

    @property
    def hits(self) -> int:
        return self.pending + self.common


class Meter:
    """The counts of one process."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], _Count] = {}

    def hit(self, limit: Limit, who: str, now: datetime) -> int | None:
        """Counts one. None while the limit is kept; else the seconds until it begins anew."""
        count = self._count(limit, who, now)
        count.pending += 1
        return self._wait(count, limit, now, limit.hits)

    def is_over(self, limit: Limit, who: str, now: datetime) -> int | None:
        """The same without counting."""
        return self._wait(self._count(limit, who, now), limit, now, limit.hits - 1)

    def _count(self, limit: Limit, who: str, now: datetime) -> _Count:
        window = int(now.timestamp()) // limit.seconds
        count = self._counts.get((limit.name, who))
        if count is None or count.window != window:
            if len(self._counts) >= MOST_KEYS:
                self._counts.clear()
            count = self._counts[limit.name, who] = _Count(window, limit)
        return count

    @staticmethod
    def _wait(count: _Count, limit: Limit, now: datetime, most: int) -> int | None:
        return None if count.hits <= most else limit.seconds - int(now.timestamp()) % limit.seconds

    async def merge(self, pool: Pool, ring: KeyRing, now: datetime) -> int:
        """Tells the other workers and hears them; how many rows it took."""
        told = {ring.fingerprint(f"{name} {count.window} {who}"): (count, count.pending) for name, who, count in self._worth_telling(now)}
        if not told:
            return 0
        until = [datetime.fromtimestamp((count.window + 1) * count.limit.seconds, UTC) for count, _ in told.values()]
        for row in await pool.fetch(MERGE, list(told), until, [pending for _, pending in told.values()]):
            count, pending = told[row["key"]]
            count.pending -= pending
            count.common = row["hits"]
        return len(told)

    def _worth_telling(self, now: datetime) -> list[tuple[str, str, _Count]]:
        seconds = int(now.timestamp())
        for key in [key for key, count in self._counts.items() if count.window != seconds // count.limit.seconds]:
            del self._counts[key]
        full = [
            (name, who, count) for (name, who), count in self._counts.items() if count.pending and count.hits * SHARE >= count.limit.hits
        ]
        full.sort(key=lambda each: -each[2].pending)
        return full[:MOST_ROWS]

    async def run(self, pool: Pool, ring: KeyRing, clock: Callable[[], datetime]) -> None:
        """Until cancelled; without the database each worker counts for itself."""
        while True:
            await asyncio.sleep(MERGE_SECONDS)
            try:
                await self.merge(pool, ring, clock())
            except Exception as error:
                log.warning("counts_not_merged", error=repr(error))
