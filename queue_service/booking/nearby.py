"""The next free time of many offices at once, and how far they are: what a citizen compares before choosing one.

Looks at today and tomorrow first, then three days ahead, then ten, then to the horizon: most offices answer in the first look, and none is
read to its end in vain.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

from queue_service.booking.availability import days_from, ranges_by_lane
from queue_service.booking.office import Place
from queue_service.booking.rules import Wanted
from queue_service.db import Pool

LOOKS = ((0, 1), (1, 3), (3, 10), (10, 31), (31, 367))
"""Days from today, in turns."""
EARTH_KM = 6371.0

NEXT_FREE = """
WITH open AS (           -- as in availability.FREE_SLOTS, for many offices
    SELECT office_id, lane_id, phase, length, grid, range_agg(tstzrange(opens, closes)) AS hours
      FROM unnest($1::int[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::int[], $6::float8[], $7::float8[])
                  AS given (office_id, lane_id, opens, closes, phase, length, grid)
     GROUP BY office_id, lane_id, phase, length, grid
), taken AS (
    SELECT lane_id, range_agg(during) AS during
      FROM lane_taken
     WHERE int8range(lane_id, lane_id, '[]') && ANY ($8::int8range[])
       AND during && tstzrange($9, $10)
       AND (expires_at IS NULL OR expires_at > $11)
     GROUP BY lane_id
), gap AS (
    SELECT office_id, phase, length, grid, unnest(hours - coalesce(taken.during, '{}')) AS free
      FROM open LEFT JOIN taken USING (lane_id)
), start AS (
    SELECT office_id, upper(free) AS ends, length,
           to_timestamp(ceil((date_part('epoch', lower(free)) - phase) / grid) * grid + phase) AS starts_at
      FROM gap
)
SELECT office_id, min(starts_at) AS starts_at
  FROM start WHERE starts_at + make_interval(secs => length) <= ends
 GROUP BY office_id
"""


async def next_free(pool: Pool, places: Sequence[tuple[Place, Wanted]], now: datetime) -> dict[int, datetime | None]:
    """Office id -> its first free start for what is wanted there; None where the whole horizon is full."""
    found: dict[int, datetime | None] = {place.catalogue.id: None for place, _ in places}
    for first, end in LOOKS:
        left = [(place, wanted) for place, wanted in places if found[place.catalogue.id] is None]
        if left:
            found.update(await _first_in(pool, left, (first, end), now))
    return found


async def _first_in(pool: Pool, places: Sequence[tuple[Place, Wanted]], days: tuple[int, int], now: datetime) -> dict[int, datetime]:
    rows = []
    for place, wanted in places:
        calendar = place.calendar
        rules = calendar.services[wanted.service_id]
        if days[0] > rules.horizon_days:
            continue
        # One day more than looked at: a visit may end after midnight.
        dates = days_from(calendar.today(now) + timedelta(days=days[0]), min(days[1], rules.horizon_days + 1) - days[0] + 1)
        length, grid = rules.length(wanted.applications).total_seconds(), rules.grid.total_seconds()
        rows += [
            (place.catalogue.id, each.lane_id, each.opens, each.closes, each.phase, length, grid)
            for each in calendar.opening(wanted, dates, now)
        ]
    if not rows:
        return {}
    columns = [list(column) for column in zip(*rows, strict=True)]
    lanes = ranges_by_lane(sorted({row[1] for row in rows}))
    answer = await pool.fetch(NEXT_FREE, *columns, lanes, min(row[2] for row in rows), max(row[3] for row in rows), now)
    return {row["office_id"]: row["starts_at"] for row in answer}


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places, latitude and longitude in degrees."""
    latitude, longitude = math.radians(one[0]), math.radians(one[1])
    to_latitude, to_longitude = math.radians(other[0]), math.radians(other[1])
    across = math.sin((to_latitude - latitude) / 2) ** 2
    along = math.cos(latitude) * math.cos(to_latitude) * math.sin((to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))
