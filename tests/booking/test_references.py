"""A reference is one booking's as long as somebody can ask for it; ten million are enough for a city's years because they come back."""

from datetime import timedelta

import pytest

from queue_service.booking import commands
from queue_service.booking import hold as holding
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.queries import appointment_by_reference
from queue_service.booking.retention import destroy_due
from queue_service.booking.rules import reference_of
from queue_service.db import Database
from tests.booking.scene import MINUTE, TIME, a_booked_office, book, hold, means
from tests.support.factories import LATER

FIRST, SECOND, THIRD = (reference_of(number) for number in (1_023_301, 1_023_302, 1_023_303))
QUARTER = 15 * MINUTE


def chance_gives(monkeypatch: pytest.MonkeyPatch, *references: str) -> None:
    """To every hold, in this order."""
    monkeypatch.setattr(holding, "new_references", lambda: list(references))


async def test_what_is_in_use_is_passed_over(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office, booking = await a_booked_office(database), means(database)
    chance_gives(monkeypatch, FIRST, SECOND, THIRD)
    given = [(await hold(booking, office, TIME + nth * QUARTER)).reference for nth in range(3)]
    assert given == [FIRST, SECOND, THIRD]


async def test_a_destroyed_bookings_reference_is_somebody_elses(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office, booking = await a_booked_office(database, policy={"retention_days": 1}), means(database)
    chance_gives(monkeypatch, FIRST, SECOND)
    old = await book(database, booking, office)
    assert old.reference == FIRST
    later = LATER + timedelta(days=3)
    await keep_booking(database.hot, later)
    assert (await hold(booking, office, TIME + timedelta(days=3), later)).reference == SECOND, "a missed visit can still be asked for"
    await destroy_due(database.hot, later)
    assert await appointment_by_reference(database.hot, FIRST) is None
    new = await hold(booking, office, TIME + timedelta(days=3) + QUARTER, later)
    assert new.reference == FIRST
    found = await appointment_by_reference(database.hot, FIRST)
    assert found is not None
    assert (found.id, found.id != old.id) == (new.id, True)


@pytest.mark.parametrize("taken", [False, True])
async def test_a_hold_that_comes_back_keeps_its_reference_if_nobody_has_got_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    office, booking = await a_booked_office(database), means(database)
    chance_gives(monkeypatch, FIRST, SECOND)
    lapsed = await hold(booking, office)
    later = LATER + 10 * MINUTE
    await keep_booking(database.hot, later)
    if taken:
        assert (await hold(booking, office, TIME + QUARTER, later)).reference == FIRST
    async with database.session() as db:
        back = await commands.hold_again(db, booking, lapsed.secret, TIME, later)
    assert (back.reference, back.state) == (SECOND if taken else FIRST, "held")
