"""Free slots as each process remembers them: read at once after silence, at most every fifth of a second in a storm.

The INSERT decides who gets a slot, so a list that is 240 ms old is harmless, and a month of slots costs the database the same whether ten
or ten thousand people look at it. Refuses to serve what is older: a change that was heard of is read as soon as the pace allows.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from queue_service.booking.availability import DayOfSlots, FreeSlot, slots_of_days
from queue_service.booking.rules import BookingCalendar, Wanted
from queue_service.db import Pool

PACE_SECONDS = 0.2
"""Between reads of one list while bookings pour in (performance.md)."""
BURST = 5
"""Reads ahead of the pace: somebody who books and looks again sees the truth at once."""
LEEWAY_SECONDS = 0.04
"""How long a list that is due is still served while it is read anew, so that nobody waits for the database: with the pace that makes
240 ms, and 250 are promised (performance.md)."""
LONGEST_LIFE_SECONDS = 1.0
"""Without any change heard of, holds still lapse and the lead time moves on."""
MOST_LISTS = 2_000
"""Offices × services × first days that people look at; a list is some kilobytes."""

Key = tuple[int, Wanted, date, int]


@dataclass(slots=True)
class SlotList:
    """What somebody looks at: the free slots of some days for one wish."""

    calendar: BookingCalendar
    days: Sequence[DayOfSlots] = ()
    heard: int = -1
    read_at: float = 0.0
    ahead: float = float(BURST)
    """Reads that may still come before the pace allows."""
    reading: asyncio.Task[None] | None = None
    begun: int = 0
    """Reads begun so far."""
    shown: int = 0
    """Which of them the days are from."""
    in_order: Sequence[FreeSlot] = ()
    """The slots of all days, for whoever looks for the nearest."""
    rendered: bytes | None = None
    """The days as JSON, once somebody has asked for it."""


class Snapshots:
    """The lists of one process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._lists: dict[Key, SlotList] = {}
        self._heard: Counter[int] = Counter()

    def slots_changed(self, office_id: int) -> None:
        self._heard[office_id] += 1

    def everything_changed(self) -> None:
        self._lists.clear()

    async def of(self, calendar: BookingCalendar, wanted: Wanted, days: Sequence[date], now: datetime) -> SlotList:
        key = (calendar.office_id, wanted, days[0], len(days))
        known = self._lists.get(key)
        if known is None or known.calendar is not calendar:
            if len(self._lists) >= MOST_LISTS:
                self._lists.clear()
            known = self._lists[key] = SlotList(calendar)
        asked = known.begun
        # A read that began after the question is as fresh as any: else slow reads would be overtaken by changes for ever.
        while known.shown <= asked and (left := self._left(known)) <= 0:
            if known.reading is None or known.reading.done():
                known.reading = asyncio.create_task(self._read(known, wanted, days, now))
                known.reading.add_done_callback(_somebody_asks_again)
            if left > -LEEWAY_SECONDS:
                break
            await asyncio.shield(known.reading)
        return known

    def _left(self, known: SlotList) -> float:
        """For how many seconds the list is good; for how many it has not been, where that is below zero."""
        if known.heard < 0:
            return -math.inf
        age = time.monotonic() - known.read_at
        if known.heard == self._heard[known.calendar.office_id]:
            return LONGEST_LIFE_SECONDS - age
        return PACE_SECONDS - age if known.ahead < 1 else -math.inf

    async def _read(self, known: SlotList, wanted: Wanted, days: Sequence[date], now: datetime) -> None:
        heard, started = self._heard[known.calendar.office_id], time.monotonic()
        known.begun += 1
        found = await slots_of_days(self._pool, known.calendar, wanted, days, now)
        known.ahead = min(float(BURST), known.ahead + (started - known.read_at) / PACE_SECONDS) - 1
        known.days, known.heard, known.read_at = found, heard, started
        known.in_order = [slot for day in found for slot in day.slots]
        known.rendered, known.shown = None, known.begun

    async def days(self, calendar: BookingCalendar, wanted: Wanted, days: Sequence[date], now: datetime) -> Sequence[DayOfSlots]:
        """The days with their free slots."""
        return (await self.of(calendar, wanted, days, now)).days


def _somebody_asks_again(reading: asyncio.Task[None]) -> None:
    """A read that nobody waited for may fail; the next who asks begins another, and in the end somebody waits and is told."""
    if not reading.cancelled():
        reading.exception()
