"""The next free time of many offices at once, and how far they are: what a citizen compares before choosing one.

Looks at the next hours in which an office is open, then at a day, three, ten, a month, then to the horizon: most offices answer in the
first two, also in the evening and on a Sunday, and none is read to its end in vain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from queue_service.booking.availability import GAPS, asked, days_from, within
from queue_service.booking.office import Place
from queue_service.booking.rules import OpenTogether, Wanted
from queue_service.db import Pool

HOURS = timedelta(hours=4)
LOOKS = (HOURS, HOURS, *map(timedelta, (1, 3, 10, 31, 367)))
"""So far from an office's next opening on, one after the other. Hours first: where half of everything is taken, an office has something
free in nearly every quarter of an hour. Hours twice: of a day that is nearly over nothing may be left but its last minutes."""
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
    left = [(place, wanted, now) for place, wanted in places]
    for span in LOOKS:
        looks = [look for place, wanted, after in left if (look := _look(place, wanted, after, span, now)) is not None]
        if not looks:
            break
        found.update(await _first_in(pool, looks, now))
        left = [(each.place, each.wanted, each.ends) for each in looks if found[each.place.catalogue.id] is None]
    return found


@dataclass(frozen=True, slots=True)
class _Look:
    """What of an office is open in a time, and as much more as a visit that begins in it goes on."""

    place: Place
    wanted: Wanted
    open_: list[OpenTogether]
    ends: datetime


def _look(place: Place, wanted: Wanted, after: datetime, span: timedelta, now: datetime) -> _Look | None:
    """From the first opening after the moment on; None where the horizon ends before."""
    calendar = place.calendar
    length = calendar.services[wanted.service_id].length(wanted.applications)
    horizon = calendar.last_day(wanted.service_id, now)
    first = calendar.today(after)
    while first <= horizon:
        open_ = calendar.open_together(wanted, [first], now)
        opens = min((max(opens, after) for each in open_ for opens, closes, _ in each.hours if closes > after), default=None)
        if opens is not None:
            ends = opens + span
            last = min(calendar.today(ends + length), horizon)
            if last > first:
                open_ = calendar.open_together(wanted, days_from(first, (last - first).days + 1), now)
            return _Look(place, wanted, within(open_, (opens, ends), length), ends)
        first += timedelta(days=1)
    return None


async def _first_in(pool: Pool, looks: Sequence[_Look], now: datetime) -> dict[int, datetime]:
    """The first start of each office in its look."""
    open_: list[OpenTogether] = []
    offices, grids, lengths = [], [], []
    for look in looks:
        rules = look.place.calendar.services[look.wanted.service_id]
        for each in look.open_:
            open_.append(each)
            offices.append(look.place.catalogue.id)
            grids.append(rules.grid)
            lengths.append(rules.length(look.wanted.applications))
    found: dict[int, datetime] = {}
    for together, start in await pool.fetch(NEXT_FREE, *asked(open_, now), grids, lengths):
        office = offices[together]
        found[office] = min(start, found.get(office, start))
    return found


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The great circle between two places, latitude and longitude in degrees."""
    latitude, longitude = math.radians(one[0]), math.radians(one[1])
    to_latitude, to_longitude = math.radians(other[0]), math.radians(other[1])
    across = math.sin((to_latitude - latitude) / 2) ** 2
    along = math.cos(latitude) * math.cos(to_latitude) * math.sin((to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(across + along)))
