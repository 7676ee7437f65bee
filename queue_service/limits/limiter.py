"""Counting hits per key in fixed windows: one upsert, the same count for every worker.

A window starts with its first hit, so nobody is punished by a neighbour's clock. Refuses to decide what is counted and what happens then.
"""

from datetime import datetime, timedelta

from queue_service.db import Pool
from queue_service.sealing import KeyRing

HIT = """
INSERT INTO rate_count AS rate (key, until, hits) VALUES ($1, $2::timestamptz + $3::interval, 1)
    ON CONFLICT (key) DO UPDATE
   SET hits = CASE WHEN rate.until <= $2 THEN 1 ELSE rate.hits + 1 END,
       until = CASE WHEN rate.until <= $2 THEN excluded.until ELSE rate.until END
RETURNING hits, until
"""


class Limiter:
    def __init__(self, pool: Pool, ring: KeyRing) -> None:
        self._pool = pool
        self._ring = ring

    async def count(self, key: str, window: timedelta, now: datetime) -> tuple[int, datetime]:
        """Hits of the key in its present window, this one included, and when the window ends."""
        row = await self._pool.fetchrow(HIT, self._ring.fingerprint(key), now, window)
        assert row is not None
        return row["hits"], row["until"]

    async def hit(self, key: str, limit: int, window: timedelta, now: datetime) -> int | None:
        """None while `limit` is kept; else the seconds until the window ends."""
        hits, until = await self.count(key, window, now)
        return None if hits <= limit else max(1, int((until - now).total_seconds()))

    async def forget(self, now: datetime) -> None:
        """Removes windows that are over."""
        await self._pool.execute("DELETE FROM rate_count WHERE until <= $1", now)
