"""What is free: one query per request, `range_agg(open) - range_agg(taken)` per lane, then starts on the fixed grid.

Opening ranges come from the pure calendar; the database subtracts, because only it knows what is taken. Refuses to be the judge: a slot
shown here is taken by the INSERT of `hold`, or not at all.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import msgspec

from queue_service.booking.rules import BookingCalendar, NoSlots, OpenTogether, Wanted
from queue_service.db import Connection, Pool

GAPS = """
WITH open AS (           -- hours that several lanes have together, as computed from their calendars
    SELECT together, phase, range_agg(tstzrange(opens, closes)) AS hours
      FROM unnest($3::int[], $4::timestamptz[], $5::timestamptz[], $6::int[]) AS given (together, opens, closes, phase)
     GROUP BY together, phase
), gap AS (              -- ix_lane_taken_in_order: a lane's parts never overlap, so one at most reaches from before into the first hours
    SELECT together, phase, unnest(hours - coalesce(taken.during, '{}')) AS free
      FROM unnest($1::bigint[], $2::int[]) AS lane (id, together)
      JOIN open USING (together)
     CROSS JOIN LATERAL (SELECT range_agg(during) AS during
                           FROM lane_taken
                          WHERE lane_id = lane.id
                            AND during >= coalesce((SELECT before.during FROM lane_taken AS before
                                                     WHERE before.lane_id = lane.id AND before.during < tstzrange($7, NULL)
                                                     ORDER BY before.during DESC LIMIT 1), tstzrange(NULL, $7))
                            AND during < tstzrange($8, NULL)
                            AND (expires_at IS NULL OR expires_at > $9)  -- an expired hold is free though nobody has deleted it yet
                            AND (kind <> 'freed' OR NOT $10)
                            AND ($11::bigint IS NULL OR appointment_id IS DISTINCT FROM $11)) AS taken
)
"""
FREE_SLOTS = (
    GAPS
    + """, start AS (    -- the first point of the grid in the gap, and the others; counted from the phase, in whole microseconds
    SELECT generate_series(date_bin($12, lower(free) + $12 - interval '1 microsecond', to_timestamp(phase)),
                           upper(free) - $13::interval, $12::interval) AS start
      FROM gap
), slot AS (
    SELECT start, count(*)::int AS free FROM start GROUP BY start
)
SELECT array_agg(start ORDER BY start), array_agg(free ORDER BY start) FROM slot
"""
)


class FreeSlot(msgspec.Struct, frozen=True):
    """A thousand are made at once, five times a second: a Struct is made and encoded in a fifth of a dataclass's time."""

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


def asked(open_: Sequence[OpenTogether], now: datetime, beyond: Beyond = NOBODY) -> tuple[Any, ...]:
    """The parameters of GAPS; `together` is a place in `open_`."""
    lanes = [(lane, place) for place, each in enumerate(open_) for lane in each.lanes]
    hours = [(place, *span) for place, each in enumerate(open_) for span in each.hours]
    places, opens, closes, phases = zip(*hours, strict=True)
    return (*zip(*lanes, strict=True), places, opens, closes, phases, min(opens), max(closes), now, beyond.freed, beyond.own)


def within(open_: Sequence[OpenTogether], look: tuple[datetime, datetime], length: timedelta) -> list[OpenTogether]:
    """What a visit can use that begins in the look, which ends before its second moment."""
    begins, ends = look
    last = ends + length
    found = []
    for each in open_:
        hours = [(max(opens, begins), min(closes, last), phase) for opens, closes, phase in each.hours if opens < last and closes > begins]
        if hours:
            found.append(OpenTogether(each.lanes, hours))
    return found


def days_from(first: date, count: int) -> list[date]:
    return [first + timedelta(days=offset) for offset in range(count)]


async def slots_of_days(
    pool: Pool | Connection, calendar: BookingCalendar, wanted: Wanted, days: Sequence[date], now: datetime, beyond: Beyond = NOBODY
) -> list[DayOfSlots]:
    """The days, which follow each other, each with its free slots in their order, or with the reason why it has none."""
    rules = calendar.services.get(wanted.service_id)
    starts: Sequence[datetime] = ()
    free: Sequence[int] = ()
    if rules is not None and days:
        following = days[-1] + timedelta(days=1)  # a visit may begin before midnight and end after it
        length = rules.length(wanted.applications)
        look = calendar.midnight(days[0]), calendar.midnight(following)
        open_ = within(calendar.open_together(wanted, [*days, following], now), look, length)
        if open_:
            row = await pool.fetchrow(FREE_SLOTS, *asked(open_, now, beyond), rules.grid, length)
            assert row is not None
            starts, free = row[0] or (), row[1] or ()
    slots = list(map(FreeSlot, starts, free))
    edges = [0, *(bisect_left(starts, calendar.midnight(day + timedelta(days=1))) for day in days)]
    found = [slots[begin:end] for begin, end in pairwise(edges)]
    return [
        DayOfSlots(day, own, None if own else calendar.why_nothing(wanted, day, now) or NoSlots.FULL)
        for day, own in zip(days, found, strict=True)
    ]
