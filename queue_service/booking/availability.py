"""What is free: one query per request, `range_agg(open) - range_agg(taken)` per lane, then starts on the fixed grid.

Opening ranges come from the pure calendar; the database subtracts, because only it knows what is taken. Refuses to be the judge: a slot
shown here is taken by the INSERT of `hold`, or not at all.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

import asyncpg

from queue_service.booking.rules import BookingCalendar, NoSlots, OpenRange, Wanted
from queue_service.db import Connection, Pool

FREE_SLOTS = """
WITH open AS (           -- the hours of each lane, as computed from its calendar
    SELECT lane_id, phase, range_agg(tstzrange(opens, closes)) AS hours
      FROM unnest($1::int[], $2::timestamptz[], $3::timestamptz[], $4::int[]) AS given (lane_id, opens, closes, phase)
     GROUP BY lane_id, phase
), taken AS (            -- ex_lane_taken_once, by lane and time; an expired hold is free though nobody has deleted it yet
    SELECT lane_id, range_agg(during) AS during
      FROM lane_taken
     WHERE int8range(lane_id, lane_id, '[]') && ANY ($5::int8range[])
       AND during && tstzrange($6, $7)
       AND (expires_at IS NULL OR expires_at > $8)
       AND (kind <> 'freed' OR NOT $11)
       AND ($12::bigint IS NULL OR appointment_id IS DISTINCT FROM $12)
     GROUP BY lane_id
), gap AS (
    SELECT phase, unnest(hours - coalesce(taken.during, '{}')) AS free
      FROM open LEFT JOIN taken USING (lane_id)
), start AS (           -- counted in steps of the grid from the epoch; date_part is a float, extract a slow numeric
    SELECT phase, generate_series(ceil((date_part('epoch', lower(free)) - phase) / $10::float8)::bigint,
                                  floor((date_part('epoch', upper(free)) - phase - date_part('epoch', $9::interval)) / $10)::bigint) AS step
      FROM gap
)
SELECT to_timestamp(step * $10 + phase) AS start, count(*)::int AS free
  FROM start
 GROUP BY step, phase HAVING to_timestamp(step * $10 + phase) < $13
 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class FreeSlot:
    starts_at: datetime
    free: int
    """Lanes that could take the visit."""


@dataclass(frozen=True, slots=True)
class DayOfSlots:
    date: date
    slots: Sequence[FreeSlot]
    why: NoSlots | None
    """Why there are none."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What somebody may see as free that is not free to all."""

    freed: bool = False
    """Parts that were given up and have not returned yet: for the waitlist."""
    own: int | None = None
    """The appointment that is to be moved: its own part is no obstacle."""


NOBODY = Beyond()


def ranges_by_lane(lanes: Sequence[int]) -> list["asyncpg.Range[int]"]:
    """The lanes as the exclusion constraint's index knows them; neighbours as one range, because each is a search of its own."""
    runs: list[tuple[int, int]] = []
    for lane in lanes:
        if runs and runs[-1][1] == lane - 1:
            runs[-1] = runs[-1][0], lane
        else:
            runs.append((lane, lane))
    return [asyncpg.Range(first, last, upper_inc=True) for first, last in runs]


async def free_slots(
    pool: Pool | Connection,
    ranges: Sequence[OpenRange],
    before: datetime,
    steps: tuple[timedelta, timedelta],
    now: datetime,
    beyond: Beyond = NOBODY,
) -> list[FreeSlot]:
    """Every start within `ranges` and earlier than `before` at which some lane is free; `steps` are the visit's length and the grid."""
    if not ranges:
        return []
    length, grid = steps
    rows = await pool.fetch(
        FREE_SLOTS,
        [each.lane_id for each in ranges],
        [each.opens for each in ranges],
        [each.closes for each in ranges],
        [each.phase for each in ranges],
        ranges_by_lane(sorted({each.lane_id for each in ranges})),
        min(each.opens for each in ranges),
        max(each.closes for each in ranges),
        now,
        length,
        grid.total_seconds(),
        beyond.freed,
        beyond.own,
        before,
    )
    return [FreeSlot(row["start"], row["free"]) for row in rows]


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(count)]


async def slots_of_days(
    pool: Pool | Connection, calendar: BookingCalendar, wanted: Wanted, days: Sequence[date], now: datetime, beyond: Beyond = NOBODY
) -> list[DayOfSlots]:
    """The days, which follow each other, each with its free slots in their order, or with the reason why it has none."""
    rules = calendar.services.get(wanted.service_id)
    slots: list[FreeSlot] = []
    if rules is not None and days:
        following = days[-1] + timedelta(days=1)  # a visit may begin before midnight and end after it
        ranges = calendar.opening(wanted, [*days, following], now)
        steps = rules.length(wanted.applications), rules.grid
        slots = await free_slots(pool, ranges, calendar.midnight(following), steps, now, beyond)
    starts = [slot.starts_at for slot in slots]
    edges = [0, *(bisect_left(starts, calendar.midnight(day + timedelta(days=1))) for day in days)]
    found = [slots[begin:end] for begin, end in pairwise(edges)]
    return [
        DayOfSlots(day, own, None if own else calendar.why_nothing(wanted, day, now) or NoSlots.FULL)
        for day, own in zip(days, found, strict=True)
    ]
