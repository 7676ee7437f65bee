"""How what is free is asked of the database: hours once for all lanes that have them, one index, and many offices like one.

Whether the answer is right is `test_slots_model`'s; here the next free time is held against the lists that it holds to its reference.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate, pairwise
from types import SimpleNamespace
from typing import Any, cast

import asyncpg
import pytest

from queue_service.booking.availability import FREE_SLOTS, asked, days_from, slots_of_days
from queue_service.booking.nearby import HOURS, LOOKS, NEXT_FREE, next_free
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import BookingCalendar, Channel, LaneInfo, Wanted
from queue_service.db import Database, Pool
from queue_service.offices.catalogue import Catalogue
from tests.booking.scene import means, place_of
from tests.booking.test_rules import EIGHT, NINE_TO_SIX, ONLINE, PASSPORT, TODAY, TOMORROW, a_calendar
from tests.booking.test_rules import a_lane as the_lane
from tests.support.factories import LATER, AnOffice, a_lane, an_office, booked_online

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_BLOCK = "INSERT INTO lane_taken (lane_id, during, kind) VALUES ($1, tstzrange($2, $3), 'block')"


def said(*lanes: LaneInfo, **rules: Any) -> list[tuple[tuple[int, ...], int]]:
    """Which lanes are spoken of together, and in how many intervals of two days."""
    return [(each.lanes, len(each.hours)) for each in a_calendar(*lanes, **rules).open_together(ONLINE, [TODAY, TOMORROW], EIGHT)]


def test_hours_are_said_once_for_all_lanes_that_have_them() -> None:
    alike = [the_lane(number) for number in range(1, 21)]
    assert said(*alike) == [(tuple(range(1, 21)), 2)]
    assert said(*alike[:2], the_lane(3, hours=((540, 780),)), the_lane(4, tomorrow=()), the_lane(5, services=(2,))) == [
        ((1, 2), 2),
        ((3,), 2),
        ((4,), 1),
    ]
    lanes, places, at, opens, *_ = asked(a_calendar(*alike).open_together(ONLINE, [TODAY, TOMORROW], EIGHT), EIGHT)
    assert (list(lanes), set(places), list(at), len(opens)) == (list(range(1, 21)), {0}, [0, 0], 2)


def test_lanes_for_the_hall_are_spoken_of_on_the_days_when_they_are_for_everybody() -> None:
    halls = the_lane(2, channel=Channel.HALL), the_lane(3, channel=Channel.HALL)
    assert said(the_lane(1), *halls, quota_returns=12 * HOUR) == [((1,), 2), ((2, 3), 1)]
    assert said(the_lane(1), *halls, quota_returns=None) == [((1,), 2)]


def test_a_calendar_that_is_changed_forgets_which_lanes_were_alike() -> None:
    calendar = a_calendar(the_lane(1), the_lane(2))
    assert [each.lanes for each in calendar.open_together(ONLINE, [TODAY], EIGHT)] == [(1, 2)]
    changed = replace(calendar, lanes=[the_lane(3, hours=NINE_TO_SIX)])
    assert [each.lanes for each in changed.open_together(ONLINE, [TODAY], EIGHT)] == [(3,)]


async def an_open_office(database: Database, zone: str, hours: Sequence[tuple[int, int]], **rules: Any) -> tuple[AnOffice, list[int]]:
    office = await an_office(database, time_zone=zone, desks=())
    await booked_online(database, office, **rules)
    week = [(weekday, opens, closes) for weekday in range(1, 8) for opens, closes in hours]
    return office, [await a_lane(database, office, hours=week) for _ in range(2)]


@pytest.mark.parametrize("statement", [FREE_SLOTS, NEXT_FREE], ids=["slots of an office", "next free of many"])
async def test_what_is_taken_is_read_from_one_index_in_its_order(database: Database, statement: str) -> None:
    """The constraint's index knows what overlaps, not what follows what: read through it, the parts of a month must be sorted."""
    office, _ = await an_open_office(database, "UTC", [(540, 1080)])
    place = await place_of(means(database), office)
    wanted = place.wanted("passport")
    given = asked(place.calendar.open_together(wanted, days_from(LATER.date(), 30), LATER), LATER)
    visit = [timedelta(minutes=15)] * 2 if statement is FREE_SLOTS else [[timedelta(minutes=15)]] * 2
    plan = "\n".join(row[0] for row in await database.hot.fetch(f"EXPLAIN {statement}", *given, *visit))
    assert plan.count("on lane_taken") == plan.count("using ix_lane_taken_in_order on lane_taken") == 2
    assert plan.count("Index Only Scan") == 2


async def the_first_of_all_days(booking: Booking, place: Place, wanted: Wanted, now: datetime) -> datetime | None:
    days = days_from(place.calendar.today(now), place.calendar.services[wanted.service_id].horizon_days + 1)
    shown = await slots_of_days(booking.pool, place.calendar, wanted, days, now)
    return next((slot.starts_at for day in shown for slot in day.slots), None)


AHEAD = (timedelta(), *accumulate(LOOKS))
"""Where the looks of an office begin that never closes."""
OPEN: list[tuple[str, list[tuple[int, int]], dict[str, Any]]] = [
    ("Europe/Moscow", [(540, 780), (840, 1080)], {"duration": 30}),
    ("Asia/Kathmandu", [(0, 1440)], {"grid": 60, "duration": 90, "lead": 120, "horizon": 3}),
    ("America/New_York", [(0, 120), (1290, 1440)], {"grid": 20, "duration": 60, "horizon": 60}),
    ("UTC", [(600, 620)], {"grid": 10, "horizon": 14}),
]
"""Zone, hours, rules: an ordinary office, one that never closes, one whose visits go on after midnight, one with little to give."""


async def test_the_next_free_time_is_the_first_slot_that_a_list_of_all_days_has(database: Database) -> None:
    """In every look, at its edges and past them; parts lie in each lane without gaps until some time, and at random after it."""
    chance, booking = random.Random(6), means(database)
    made = [await an_open_office(database, zone, hours, **rules) for zone, hours, rules in OPEN]
    places = [await place_of(booking, office) for office, _ in made]
    wishes = [(place, place.wanted("passport")) for place in places]
    looks_with_an_answer = set()
    for nth in range(4 * len(AHEAD)):
        now = LATER + timedelta(minutes=chance.randrange(1440), seconds=chance.choice([0, 0, 7]))
        await database.hot.execute("DELETE FROM lane_taken")
        for place, (_, lanes) in enumerate(made):
            ahead = (*AHEAD[:-1], 62 * DAY)[(nth + place) % len(AHEAD)]
            full = max(now, now + ahead + timedelta(minutes=15 * chance.randrange(-40, 40)))
            for lane in lanes:
                edges = sorted({now - 5 * DAY, full, *(full + timedelta(minutes=5 * chance.randrange(1, 900)) for _ in range(4))})
                taken = [(lane, begins, ends) for begins, ends in zip(edges[::2], edges[1::2], strict=False)]
                await database.hot.executemany(_BLOCK, taken)
        found = await next_free(booking.pool, wishes, now)
        expected = {place.catalogue.id: await the_first_of_all_days(booking, place, wanted, now) for place, wanted in wishes}
        assert found == expected, nth
        looks_with_an_answer |= {sum(at >= now + ahead for ahead in AHEAD) if at else None for at in found.values()}
    assert looks_with_an_answer == {None, 1, 2, 3, 4, 5, 6, 7}


async def windows_read(hours: tuple[tuple[int, int], ...], now: datetime) -> tuple[BookingCalendar, list[tuple[datetime, datetime]]]:
    """Of an office where everything is taken: from when until when each statement looks."""
    spoken: list[tuple[Any, ...]] = []

    class Full:
        async def fetch(self, *statement: Any) -> list[asyncpg.Record]:
            spoken.append(statement)
            return []

    calendar = a_calendar(the_lane(hours=hours), rules=replace(PASSPORT, lead=timedelta(), horizon_days=60))
    place = Place(cast("Catalogue", SimpleNamespace(id=1)), calendar)
    assert await next_free(cast("Pool", Full()), [(place, ONLINE)], now) == {1: None}
    return calendar, [(statement[7], statement[8]) for statement in spoken]


async def test_each_look_begins_where_the_one_before_ended() -> None:
    """And ends a visit's length after its own end: what was full is not read again."""
    calendar, read = await windows_read(((0, 1440),), EIGHT)
    end = calendar.midnight(TODAY + 61 * DAY)
    assert read == [(EIGHT + begins, min(EIGHT + ends + timedelta(minutes=30), end)) for begins, ends in pairwise(AHEAD)]


async def test_a_closed_office_is_looked_at_from_its_next_opening_on() -> None:
    """A whole day of every lane would be read in the evening, when people book, to find tomorrow's first hour."""
    calendar, read = await windows_read(((540, 1080),), EIGHT + timedelta(hours=12))
    opening = calendar.midnight(TODAY + DAY) + timedelta(hours=9)
    assert read[0] == (opening, opening + HOURS + timedelta(minutes=30))
