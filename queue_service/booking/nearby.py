"""The next free time of many offices at once, and how far they are: what a citizen compares before choosing one.

Looks at the coming hours first, then a day ahead, then three, ten, a month, then to the horizon: most offices answer in the first looks,
and none is read to its end in vain.
"""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from queue_service.booking.availability import GAPS, asked, days_from, within
from queue_service.booking.office import Place
from queue_service.booking.rules import OpenTogether, Wanted
from queue_service.db import Pool

LOOKS = (timedelta(), timedelta(hours=4), *map(timedelta, (1, 3, 10, 31, 367)))
"""From now, in turns. Hours first: where half of everything is taken, an office has something free in nearly every quarter of an hour."""
EARTH_KM = 6371.0

NEXT_FREE = (
    GAPS
    + """
SELECT together, min(start)
  FROM (SELECT together, upper(free) - length AS latest,
               date_bin(grid, lower(free) + grid - interval '1 microsecond', to_timestamp(phase)) AS start
          FROM gap
          JOIN unnest($12::interval[], $13::interval[]) WITH ORDINALITY AS visit (grid, length, nth) ON nth = together + 1) AS first
 WHERE start <= latest
 GROUP BY together
"""
)


async def next_free(pool: Pool, places: Sequence[tuple[Place, Wanted]], now: datetime) -> dict[int, datetime | None]:
    """Office id -> its first free start for what is wanted there; None where the whole horizon is full."""
    found: dict[int, datetime | None] = {place.catalogue.id: None for place, _ in places}
    for begins, ends in pairwise(now + ahead for ahead in LOOKS):
        left = [(place, wanted) for place, wanted in places if found[place.catalogue.id] is None]
        if left:
            found.update(await _first_in(pool, left, (begins, ends), now))
    return found


async def _first_in(
    pool: Pool, places: Sequence[tuple[Place, Wanted]], look: tuple[datetime, datetime], now: datetime
) -> dict[int, datetime]:
    """The first start of each office from the one moment on and before the other, or at it."""
    open_: list[OpenTogether] = []
    offices, grids, lengths = [], [], []
    for place, wanted in places:
        rules = place.calendar.services[wanted.service_id]
        length = rules.length(wanted.applications)
        for each in _open(place, wanted, look, now):
            open_.append(each)
            offices.append(place.catalogue.id)
            grids.append(rules.grid)
            lengths.append(length)
    if not open_:
        return {}
    found: dict[int, datetime] = {}
    for together, start in await pool.fetch(NEXT_FREE, *asked(open_, now), grids, lengths):
        office = offices[together]
        found[office] = min(start, found.get(office, start))
    return found


def _open(place: Place, wanted: Wanted, look: tuple[datetime, datetime], now: datetime) -> list[OpenTogether]:
    """What of the look the calendar has, and as much more as a visit that begins in it goes on."""
    calendar = place.calendar
    length = calendar.services[wanted.service_id].length(wanted.applications)
    first, last = calendar.today(look[0]), min(calendar.today(look[1] + length), calendar.last_day(wanted.service_id, now))
    days = days_from(first, (last - first).days + 1)
    return within(calendar.open_together(wanted, days, now), look, length)


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places, latitude and longitude in degrees."""
    latitude, longitude = math.radians(one[0]), math.radians(one[1])
    to_latitude, to_longitude = math.radians(other[0]), math.radians(other[1])
    across = math.sin((to_latitude - latitude) / 2) ** 2
    along = math.cos(latitude) * math.cos(to_latitude) * math.sin((to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))
