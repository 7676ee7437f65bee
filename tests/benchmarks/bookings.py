"""A city that books: 150,000 parts of lanes, so that what is free is looked for among what is long over and what is elsewhere.

The first office, whose slots are shown, is half full for its whole horizon and was for a month before; the others are half full for three
days to come and were for two. Half of the places, chosen at random, is the hardest: the most gaps. The lanes take these parts through
the exclusion constraint, as in life, so that its index is as it grows and not as it is built.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from queue_service.db import Connection
from tests.benchmarks.city import FIRST_HOUR, GRID_MINUTES, HORIZON_DAYS, STARTS_A_DAY, Office

MSK = ZoneInfo("Europe/Moscow")
QUIET_DAY = 4
"""From the day so many days ahead the offices but the first have nothing taken."""
RECENT_DAYS, _OTHERS_BEFORE = 30, 2
PARTS = 150_000
"""About: half of 20 lanes × 36 starts × (62 days of one office + 6 days of 59)."""

_WRITE = f"""
INSERT INTO lane_taken (lane_id, during, kind)
SELECT lane.id, tstzrange(starts_at, starts_at + interval '{GRID_MINUTES} minutes'), 'booking'
  FROM lane
  JOIN generate_series(-{RECENT_DAYS}, {HORIZON_DAYS}) AS day ON office_id = 1 OR day BETWEEN -{_OTHERS_BEFORE} AND {QUIET_DAY - 1}
  JOIN generate_series(0, {STARTS_A_DAY} - 1) AS place ON random() < 0.5
  JOIN LATERAL (SELECT $1::timestamptz + day * interval '1 day' + place * interval '{GRID_MINUTES} minutes' AS starts_at) AS slot ON true
 ORDER BY day, place, random()
"""
_TAKE = f"""
INSERT INTO lane_taken (lane_id, during, kind)
SELECT lane_id, tstzrange(starts_at, starts_at + interval '{GRID_MINUTES} minutes'), 'block'
  FROM unnest($1::int[]) AS lane_id, unnest($2::timestamptz[]) AS starts_at
    ON CONFLICT ON CONSTRAINT ex_lane_taken_once DO NOTHING
"""


def starts_from(day: int, count: int) -> list[datetime]:
    """So many starts one after the other, the first on the morning so many days ahead."""
    first = datetime.now(MSK).replace(hour=FIRST_HOUR, minute=0, second=0, microsecond=0)
    return [
        (first + timedelta(days=day + nth // STARTS_A_DAY, minutes=GRID_MINUTES * (nth % STARTS_A_DAY))).astimezone(UTC)
        for nth in range(count)
    ]


async def write(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("SET session_replication_role = replica")  # the exclusion constraint holds all the same
        await connection.execute("SELECT setseed(0.5)")
        await connection.execute(_WRITE.replace("$1", f"'{starts_from(0, 1)[0].isoformat()}'"), timeout=300)
        await connection.execute("VACUUM (ANALYZE)", timeout=300)
        await connection.execute("CHECKPOINT", timeout=300)
    finally:
        await connection.close()


async def forget_since(connection: Connection, part: int, appointment: int) -> None:
    """Takes away what was booked in earlier runs, and tells the service."""
    await connection.execute("DELETE FROM lane_taken WHERE id > $1", part)
    await connection.execute("DELETE FROM appointment WHERE id > $1", appointment)
    await connection.execute("SELECT pg_notify('slots_changed', id::text) FROM office")
    await connection.execute("VACUUM (ANALYZE) lane_taken, appointment")


async def take(connection: Connection, office: Office, lanes: Sequence[int], starts: Sequence[datetime]) -> None:
    """These lanes have nothing free at these starts, whatever was taken of them before."""
    await connection.execute(_TAKE, lanes, starts)
    await connection.execute("SELECT pg_notify('slots_changed', $1)", str(office.id))
