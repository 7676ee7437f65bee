"""What a process remembers of free slots: the truth at once when it is calm, a list 240 ms old at most in a storm, and few reads.

The clock is the test's own, so nothing waits; the reads are counted, and in the last tests they are the database's.
"""

import asyncio
import gc
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from queue_service.booking import snapshots
from queue_service.booking.availability import DayOfSlots, FreeSlot, days_from
from queue_service.booking.calendar import load_calendar
from queue_service.booking.hold import Wish, hold_slot, slot_at
from queue_service.booking.rules import AppointmentState, BookingCalendar, Channel, OfficeRules, Wanted
from queue_service.booking.snapshots import BURST, LEEWAY_SECONDS, MOST_LISTS, PACE_SECONDS, Snapshots
from queue_service.db import Database, Pool
from queue_service.offices.rules import Schedule
from tests.support.factories import LATER, a_lane, an_office, booked_online
from tests.support.service import PATIENCE_SECONDS

WANTED = Wanted(1, 1, Channel.ONLINE)
DAYS = days_from(LATER.date(), 30)
NO_POOL: Pool = None  # type: ignore[assignment]  # the reads are the test's own


def a_calendar(office: int = 1) -> BookingCalendar:
    return BookingCalendar(office, Schedule(ZoneInfo("Europe/Moscow"), [], []), OfficeRules(), {}, [])


class Storm:
    """A database whose answer is how many changes there have been, a clock, and somebody who looks."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 1_000.0
        self.changes = 0
        self.reads: list[float] = []
        self.lasts: Callable[[], float] = lambda: 0.0
        self.changed_at = {0: 0.0}
        self.snapshots = Snapshots(NO_POOL)
        self.calendar = a_calendar()
        patch.setattr(snapshots, "time", SimpleNamespace(monotonic=lambda: self.now))
        patch.setattr(snapshots, "slots_of_days", self._read)

    async def _read(self, _pool: Pool, _calendar: object, _wanted: object, days: Sequence[date], now: datetime) -> list[DayOfSlots]:
        self.reads.append(self.now)
        seen = self.changes
        await asyncio.sleep(0)
        self.now += self.lasts()
        return [DayOfSlots(days[0], [FreeSlot(now, seen)], None)]

    def change(self) -> None:
        self.changes += 1
        self.changed_at[self.changes] = self.now
        self.snapshots.slots_changed(1)

    async def look(self, calendar: BookingCalendar | None = None, wanted: Wanted = WANTED, days: Sequence[date] = DAYS) -> int:
        """Which change the list that is served knows of."""
        (day,) = await self.snapshots.days(calendar or self.calendar, wanted, days, LATER)
        return day.slots[0].free

    async def in_a_storm(self) -> None:
        """Until the burst is over."""
        for _ in range(BURST):
            self.change()
            await self.look()

    @staticmethod
    async def turns() -> None:
        """Of the loop, as many as a read needs that nobody waits for."""
        for _ in range(5):
            await asyncio.sleep(0)


async def broken(*_: object) -> list[DayOfSlots]:
    raise ConnectionError


@pytest.fixture
def storm(monkeypatch: pytest.MonkeyPatch) -> Storm:
    return Storm(monkeypatch)


async def test_while_nothing_changes_nothing_is_read(storm: Storm) -> None:
    for _ in range(9):
        assert await storm.look() == 0
        storm.now += 0.1
    assert len(storm.reads) == 1


async def test_without_a_change_a_list_lives_for_a_second(storm: Storm) -> None:
    """Holds lapse and the lead time moves on without anybody saying so."""
    await storm.look()
    storm.now += snapshots.LONGEST_LIFE_SECONDS + LEEWAY_SECONDS + 0.001
    await storm.look()
    assert len(storm.reads) == 2


async def test_nobody_waits_for_the_list_that_replaces_one_that_is_due(storm: Storm) -> None:
    await storm.in_a_storm()
    known, reads = storm.changes, len(storm.reads)
    storm.change()
    storm.now += PACE_SECONDS
    assert [await storm.look() for _ in range(3)] == [known] * 3, "at once, without the loop's turn that a read takes"
    await storm.turns()
    assert len(storm.reads) == reads + 1, "one read beside all of them"
    assert await storm.look() == storm.changes


async def test_who_comes_when_even_the_leeway_is_over_waits_for_the_truth(storm: Storm) -> None:
    await storm.in_a_storm()
    storm.change()
    storm.now += PACE_SECONDS + LEEWAY_SECONDS + 0.001
    assert await storm.look() == storm.changes
    assert PACE_SECONDS + LEEWAY_SECONDS < 0.25, "what is promised"


async def test_a_read_that_fails_beside_the_askers_is_told_to_the_first_who_must_wait(
    storm: Storm, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await storm.in_a_storm()
    known = storm.changes
    storm.change()
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "slots_of_days", broken)
        storm.now += PACE_SECONDS
        for _ in range(2):
            assert await storm.look() == known
            await storm.turns()
        gc.collect()
        assert not caplog.records, "an exception that nobody retrieved"
        storm.now += LEEWAY_SECONDS + 0.001
        with pytest.raises(ConnectionError):
            await storm.look()
    assert await storm.look() == storm.changes


async def test_who_books_and_looks_again_sees_it_at_once(storm: Storm) -> None:
    await storm.look()
    storm.change()
    assert await storm.look() == 1
    assert storm.reads == [1_000.0, 1_000.0], "in the same moment"


async def test_after_a_calm_second_a_burst_is_served_the_truth_again(storm: Storm) -> None:
    for _ in range(2):
        for _ in range(BURST):
            storm.change()
            assert await storm.look() == storm.changes
        storm.change()
        assert await storm.look() == storm.changes - 1, "the burst is over, the pace is kept"
        storm.now += BURST * PACE_SECONDS


async def test_a_change_in_another_office_reads_nothing(storm: Storm) -> None:
    await storm.look()
    storm.snapshots.slots_changed(2)
    await storm.look()
    assert len(storm.reads) == 1


async def test_in_a_storm_few_reads_serve_a_list_that_is_never_old(storm: Storm) -> None:
    """Ten seconds of a hundred bookings and looks a second: 50 reads and the burst, and nobody sees what is over 250 ms old."""
    began = storm.now
    for _ in range(1_000):
        storm.change()
        seen = await storm.look()
        overtaken = storm.changed_at.get(seen + 1, storm.now)
        assert storm.now - overtaken <= 0.25
        storm.now += 0.01
    seconds = storm.now - began
    assert len(storm.reads) <= seconds / PACE_SECONDS + BURST
    assert len(storm.reads) >= seconds / 0.25, "it is read while it changes, not afterwards"


async def test_when_the_storm_ends_the_last_change_is_seen(storm: Storm) -> None:
    for _ in range(50):
        storm.change()
        await storm.look()
    storm.now += PACE_SECONDS + LEEWAY_SECONDS + 0.001
    assert await storm.look() == storm.changes


async def test_fifty_who_ask_at_once_are_served_by_one_read(storm: Storm) -> None:
    assert await asyncio.gather(*(storm.look() for _ in range(50))) == [0] * 50
    assert len(storm.reads) == 1
    storm.change()
    assert await asyncio.gather(*(storm.look() for _ in range(50))) == [1] * 50
    assert len(storm.reads) == 2


async def test_one_who_leaves_does_not_take_the_read_from_the_others(storm: Storm) -> None:
    first, second = asyncio.create_task(storm.look()), asyncio.create_task(storm.look())
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 0
    assert len(storm.reads) == 1


async def test_a_read_that_fails_is_tried_again_by_the_next(storm: Storm, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, "slots_of_days", broken)
        with pytest.raises(ConnectionError):
            await storm.look()
    assert await storm.look() == 0


async def test_a_change_during_a_read_is_not_taken_for_seen(storm: Storm) -> None:
    def somebody_books() -> float:
        storm.lasts = lambda: 0.0
        storm.change()
        return 0.01

    storm.lasts = somebody_books
    assert await storm.look() == 0, "the read had begun before"
    assert await storm.look() == 1


async def test_a_slow_database_still_answers_in_a_storm(storm: Storm) -> None:
    """A read that took longer than the pace is as fresh as any that this asker could get: nobody waits for a second one."""

    def a_second_in_which_somebody_books() -> float:
        storm.change()
        return 1.5

    storm.lasts = a_second_in_which_somebody_books
    await asyncio.wait_for(storm.look(), PATIENCE_SECONDS)
    assert len(storm.reads) == 1


async def test_a_new_set_up_is_read_at_once(storm: Storm) -> None:
    await storm.look()
    await storm.look(replace(storm.calendar))
    assert len(storm.reads) == 2, "another calendar, other slots"
    storm.snapshots.everything_changed()
    await storm.look(storm.calendar)
    assert len(storm.reads) == 3


async def test_each_wish_has_a_list_of_its_own(storm: Storm) -> None:
    await storm.look()
    await storm.look(wanted=replace(WANTED, applications=2))
    await storm.look(wanted=replace(WANTED, channel=Channel.HALL))
    await storm.look(days=DAYS[1:])
    await storm.look(days=DAYS[:7])
    await storm.look(a_calendar(2))
    assert len(storm.reads) == 6
    await storm.look()
    assert len(storm.reads) == 6


async def test_whatever_is_asked_for_little_is_remembered(storm: Storm) -> None:
    for offset in range(MOST_LISTS + 100):
        await storm.look(days=[LATER.date() + timedelta(days=offset)])
        assert len(storm.snapshots._lists) <= MOST_LISTS
    assert len(storm.reads) == MOST_LISTS + 100


async def test_a_hold_is_gone_from_the_real_list_and_the_list_is_encoded_anew(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "time", SimpleNamespace(monotonic=lambda: 1_000.0))  # no list grows old by itself
    office = await an_office(database, time_zone="UTC")
    await booked_online(database, office)
    await a_lane(database, office)
    async with database.hot.acquire() as connection:
        calendar = await load_calendar(connection, await office.catalogue(database), LATER)
    wanted, lists = Wanted(office.services["passport"], 1, Channel.ONLINE), Snapshots(database.hot)
    known = await lists.of(calendar, wanted, DAYS, LATER)
    first, known.rendered = known.days[0].slots[0], b"[]"
    slot = slot_at(calendar, wanted, first.starts_at, LATER)
    assert slot is not None
    expires = LATER + timedelta(minutes=5)
    await hold_slot(database.hot, office.id, slot, Wish(wanted, "ru", "citizen", AppointmentState.HELD), (expires, expires), LATER)
    assert (await lists.of(calendar, wanted, DAYS, LATER)).days[0].slots[0] == first, "not heard of yet"
    lists.slots_changed(office.id)
    again = await lists.of(calendar, wanted, DAYS, LATER)
    assert first not in again.days[0].slots
    assert again.rendered is None
