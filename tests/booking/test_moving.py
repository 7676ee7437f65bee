"""Moving and cancelling: the new place first, the old one back after a while that nobody knows."""

from datetime import datetime

import pytest

from queue_service.booking import commands
from queue_service.booking.errors import NoMovesLeft, NotChangeable, SamePersonTwice, SlotTaken
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking
from queue_service.db import Database
from tests.booking.scene import MINUTE, SECOND, TIME, a_booked_office, book, free_at, hold, it_is, means, moment, outbox, somebody
from tests.support.booking import booked, free_slots
from tests.support.factories import LATER
from tests.support.service import Service

LATEST = 10 * MINUTE
"""The default delay of a freed slot is up to this."""
SOONEST = 20 * SECOND
"""And at least this: the waitlist is asked meanwhile."""


async def move(database: Database, booking: Booking, of: Appointment, starts_at: datetime, now: datetime = LATER) -> Appointment:
    async with database.session() as db:
        return await commands.move(db, booking, of.secret, starts_at, now)


async def cancel(database: Database, booking: Booking, of: Appointment, now: datetime = LATER) -> Appointment:
    async with database.session() as db:
        return await commands.cancel(db, booking, of.secret, now)


async def present(database: Database, of: Appointment) -> tuple[str, datetime, int]:
    row = await database.hot.fetchrow("SELECT state, starts_at, moves FROM appointment WHERE id = $1", of.id)
    assert row is not None
    return row["state"], row["starts_at"], row["moves"]


async def test_a_booking_is_moved_twice_and_then_no_more(service: Service, database: Database) -> None:
    office = await a_booked_office(database)
    slots = (await free_slots(service, office))[8:12]
    known = await booked(service, office, slots[0])
    answers = [await service.http.post(f"/api/public/appointments/{known['secret']}/move", json={"starts_at": slot}) for slot in slots[1:4]]
    assert [answer.status_code for answer in answers] == [200, 200, 409]
    assert [answer.json()["moves_left"] for answer in answers[:2]] == [1, 0]
    assert answers[2].json()["code"] == "no_moves_left"
    shown = (await service.http.get(f"/api/public/appointments/{known['secret']}")).json()
    assert (shown["starts_at"], shown["state"]) == (slots[2], "booked")


async def test_a_move_that_lost_leaves_the_old_time_booked(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office, booking = await a_booked_office(database), means(database)
    it_is(LATER, monkeypatch)
    known, other = [await book(database, booking, office, at) for at in (TIME, TIME + 15 * MINUTE)]
    lost = await service.http.post(f"/api/public/appointments/{known.secret}/move", json={"starts_at": other.starts_at.isoformat()})
    assert (lost.status_code, lost.json()["code"], len(lost.json()["alternatives"])) == (409, "slot_taken", 5)
    assert await present(database, known) == ("booked", TIME, 0)
    off_the_grid = TIME + 7 * MINUTE
    lost = await service.http.post(f"/api/public/appointments/{known.secret}/move", json={"starts_at": off_the_grid.isoformat()})
    assert (lost.status_code, lost.json()["code"], len(lost.json()["alternatives"])) == (409, "slot_not_offered", 5)
    assert TIME not in await free_at(booking, office, LATER)
    assert [each.kind for each in await outbox(database, appointment_id=known.id)] == ["confirmation"]


async def test_moving_to_the_time_it_has_costs_no_move(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office)
    same = await move(database, booking, known, TIME)
    assert (same.moves, same.sequence) == (0, 0)
    assert await outbox(database, "change") == []


async def test_in_a_full_lane_a_visit_moves_by_less_than_its_length(database: Database) -> None:
    """Only its own part is in the way; what is left of it returns as late as any freed part."""
    office, booking = await a_booked_office(database, duration=30), means(database)
    known = await book(database, booking, office)
    before = await book(database, booking, office, TIME - 30 * MINUTE)
    moved = await move(database, booking, known, TIME + 15 * MINUTE)
    assert (moved.starts_at, moved.ends_at, moved.moves) == (TIME + 15 * MINUTE, TIME + 45 * MINUTE, 1)
    rows = await database.hot.fetch("SELECT kind, lower(during) AS begins, upper(during) AS ends, expires_at FROM lane_taken ORDER BY 2")
    assert [(row["kind"], row["begins"], row["ends"]) for row in rows] == [
        ("booking", before.starts_at, before.ends_at),
        ("freed", TIME, TIME + 15 * MINUTE),
        ("booking", moved.starts_at, moved.ends_at),
    ]
    assert LATER + SOONEST <= rows[1]["expires_at"] <= LATER + LATEST
    # Back by a quarter, over what it had left a moment ago: that is free to nobody, the mover included, until it returns.
    with pytest.raises(SlotTaken):
        await move(database, booking, moved, TIME)
    assert (await move(database, booking, moved, TIME, LATER + LATEST)).starts_at == TIME


async def test_moves_stop_at_the_time_and_after_a_cancellation(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office)
    with pytest.raises(NotChangeable):
        await move(database, booking, known, TIME + 15 * MINUTE, TIME)
    assert (await move(database, booking, known, TIME + 15 * MINUTE, TIME - SECOND)).moves == 1
    await cancel(database, booking, known, TIME)
    with pytest.raises(NotChangeable):
        await move(database, booking, known, TIME + 30 * MINUTE, TIME)


async def test_an_office_may_allow_fewer_moves(database: Database) -> None:
    office, booking = await a_booked_office(database, moves_limit=0), means(database)
    known = await book(database, booking, office)
    with pytest.raises(NoMovesLeft):
        await move(database, booking, known, TIME + 15 * MINUTE)


async def test_nobody_moves_to_a_time_at_which_they_are_booked_elsewhere(database: Database) -> None:
    here, there, booking = await a_booked_office(database), await a_booked_office(database), means(database)
    anna = somebody("Анна Смирнова", "anna@mail.ru")
    known = await book(database, booking, here, TIME, anna)
    await book(database, booking, there, TIME + 60 * MINUTE, anna)
    with pytest.raises(SamePersonTwice):
        await move(database, booking, known, TIME + 60 * MINUTE)
    assert await present(database, known) == ("booked", TIME, 0)
    assert TIME + 60 * MINUTE in await free_at(booking, here, LATER)


async def test_a_freed_slot_returns_after_a_while_that_nobody_knows(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    times = [TIME + 15 * MINUTE * number for number in range(12)]
    bookings = [await book(database, booking, office, at) for at in times]
    for each in bookings:
        await cancel(database, booking, each)
    rows = await database.hot.fetch("SELECT lower(during) AS at, expires_at - $1 AS delay FROM lane_taken WHERE kind = 'freed'", LATER)
    delays = {row["at"]: row["delay"] for row in rows}
    assert set(delays) == set(times)
    assert min(delays.values()) >= SOONEST
    assert max(delays.values()) <= LATEST
    assert len(set(delays.values())) == len(times)
    for at, delay in delays.items():
        assert at not in await free_at(booking, office, LATER + delay - SECOND)
        with pytest.raises(SlotTaken):
            await hold(booking, office, at, LATER + delay - SECOND)
        assert at in await free_at(booking, office, LATER + delay)
    assert (await hold(booking, office, times[0], LATER + LATEST)).id
    await keep_booking(database.hot, LATER + LATEST)
    assert await database.hot.fetchval("SELECT count(*) FROM lane_taken WHERE kind = 'freed'") == 0


async def test_the_place_that_was_moved_away_from_returns_late_too(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    await move(database, booking, await book(database, booking, office), TIME + 60 * MINUTE)
    assert TIME not in await free_at(booking, office, LATER + SOONEST - SECOND)
    assert TIME in await free_at(booking, office, LATER + LATEST)


async def test_an_office_may_return_slots_at_once(database: Database) -> None:
    office, booking = await a_booked_office(database, freed_delay_minutes=0), means(database)
    await cancel(database, booking, await book(database, booking, office))
    assert TIME in await free_at(booking, office, LATER)


async def test_cancelling_twice_is_cancelling_once(service: Service, database: Database) -> None:
    office = await a_booked_office(database)
    known = await booked(service, office, (await free_slots(service, office))[8])
    address = f"/api/public/appointments/{known['secret']}"
    # Mail scanners follow links: looking changes nothing.
    for looked_at in (address, f"/a/{known['secret']}", f"/a/{known['secret']}/cancel", f"{address}/calendar.ics"):
        assert (await service.http.get(looked_at)).status_code == 200
    assert (await service.http.get(address)).json()["state"] == "booked"
    first, again = [await service.http.post(f"{address}/cancel") for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()["state"]) == (200, 200, "cancelled")
    assert first.json() == again.json()
    assert len(await outbox(database, "cancellation")) == 1


async def test_what_has_begun_is_not_cancelled(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office, booking = await a_booked_office(database), means(database)
    known = await book(database, booking, office)
    it_is(TIME, monkeypatch)
    refused = await service.http.post(f"/api/public/appointments/{known.secret}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "not_changeable")
    shown = (await service.http.get(f"/api/public/appointments/{known.secret}")).json()
    assert (shown["state"], moment(shown["starts_at"])) == ("booked", TIME)


async def test_a_form_that_is_given_up_frees_its_slot_at_once(database: Database) -> None:
    """It was never a booking, so there is nothing to resell."""
    office, booking = await a_booked_office(database), means(database)
    form = await hold(booking, office)
    async with database.session() as db:
        given_up = await commands.cancel(db, booking, form.secret, LATER)
    assert given_up.state == "cancelled"
    assert TIME in await free_at(booking, office, LATER)
    assert await outbox(database) == []
