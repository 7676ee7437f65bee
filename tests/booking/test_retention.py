"""Names and contacts end with their days: exactly once whoever looks, with evidence in the same transaction, and statistics count on."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from queue_service.booking import commands, waitlist
from queue_service.booking.confirming import remember_form
from queue_service.booking.errors import BookingErased, NoSuchBooking
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.queries import appointment_by_secret
from queue_service.booking.retention import BATCH, HOURLY_MINUTE, destroy_due
from queue_service.booking.rules import AppointmentState
from queue_service.db import Database
from queue_service.staff.housekeeping import keep_accounts
from queue_service.tickets.check_in import check_in
from tests.booking.scene import MINUTE, TIME, a_booked_office, book, hold, means, place_of, somebody
from tests.support.factories import LATER, AnOffice, a_clerk_at, a_ticket
from tests.support.service import eventually

DAY = timedelta(days=1)
MIDNIGHT = LATER.replace(hour=21)
"""Of the office's zone, at the end of the tests' day: three hours before UTC's."""


async def evidence(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.hot.fetch("SELECT category, office_id, count, reason, actor FROM destruction ORDER BY id")
    return [tuple(row) for row in rows]


async def kept(database: Database) -> int:
    """Bookings that still know whose they are."""
    count: int = await database.hot.fetchval(
        "SELECT count(*) FROM appointment"
        " WHERE name_sealed IS NOT NULL OR contact_sealed IS NOT NULL OR contact_hash IS NOT NULL OR person IS NOT NULL"
    )
    return count


@pytest.mark.parametrize("days", [1, 30])
async def test_names_are_kept_through_the_offices_days_and_go_at_the_midnight_after_them(database: Database, days: int) -> None:
    office = await a_booked_office(database, policy={"retention_days": days})
    booked = await book(database, means(database), office)
    last_moment = MIDNIGHT + days * DAY - timedelta(seconds=1)
    await destroy_due(database.hot, last_moment)
    assert (await kept(database), await evidence(database)) == (1, [])
    done = await destroy_due(database.hot, last_moment + timedelta(seconds=1))
    # With the last booking the hash goes by which a contact's bookings are counted; it is no office's.
    assert done == {"appointment": 1, "contact": 1}
    assert await evidence(database) == [("appointment", office.id, 1, "retention", "system"), ("contact", None, 1, "retention", "system")]
    row = await database.hot.fetchrow("SELECT * FROM appointment")
    assert row is not None
    assert [row[name] for name in ("name_sealed", "contact_sealed", "contact_hash", "person")] == [None] * 4
    assert (row["erased_at"], row["starts_at"], row["service_id"]) == (
        last_moment + timedelta(seconds=1),
        TIME,
        office.services["passport"],
    )
    with pytest.raises(BookingErased, match="удалены"):
        await appointment_by_secret(database.hot, booked.secret)
    with pytest.raises(NoSuchBooking):
        await appointment_by_secret(database.hot, row["secret"] + "x")


async def test_each_office_has_its_own_days_and_its_own_evidence(database: Database) -> None:
    booking = means(database)
    short, long = [await a_booked_office(database, policy={"retention_days": days}) for days in (1, 5)]
    for office in (short, long):
        await book(database, booking, office)
    await destroy_due(database.hot, MIDNIGHT + 2 * DAY)
    assert [each[:3] for each in await evidence(database)] == [("appointment", short.id, 1), ("contact", None, 1)]
    await destroy_due(database.hot, MIDNIGHT + 9 * DAY)
    assert [each[:3] for each in await evidence(database)] == [
        ("appointment", short.id, 1),
        ("contact", None, 1),
        ("appointment", long.id, 1),
        ("contact", None, 1),
    ]
    assert await database.hot.fetchval("SELECT count(*) FROM booking_contact") == 0


async def test_many_workers_destroy_each_record_once(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 1})
    booking = means(database)
    first = await book(database, booking, office)
    many = 2 * BATCH + 7
    await database.hot.execute(
        """
        INSERT INTO appointment (secret, reference, office_id, service_id, state, starts_at, ends_at, applications, language, name_sealed,
                                 contact_sealed, contact_hash, created_at, extended, moves, sequence, code_attempts, via)
        SELECT 'secret-' || n, lpad(n::text, 8, '0'), office_id, service_id, 'missed', starts_at, ends_at, 1, 'ru', name_sealed,
               contact_sealed, contact_hash, created_at, false, 0, 0, 0, 'citizen'
          FROM appointment, generate_series(2, $2) AS n WHERE id = $1
        """,
        first.id,
        many,
    )
    done = await asyncio.gather(*(destroy_due(database.hot, MIDNIGHT + 9 * DAY) for _ in range(6)))
    assert sum(each.get("appointment", 0) for each in done) == many
    assert await database.hot.fetchval("SELECT sum(count) FROM destruction WHERE category = 'appointment'") == many
    # A worker that finds every other record locked by its neighbour has less than a batch.
    assert await database.hot.fetchval("SELECT max(count) FROM destruction") <= BATCH
    assert await kept(database) == 0
    assert await destroy_due(database.hot, MIDNIGHT + 9 * DAY) == {}


async def test_what_somebody_is_changing_waits_for_the_next_hour(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 1})
    booked = await book(database, means(database), office)
    async with database.session() as db:
        await commands.locked(db, booked.secret)
        assert await destroy_due(database.hot, MIDNIGHT + 2 * DAY) == {}
    assert await destroy_due(database.hot, MIDNIGHT + 2 * DAY) == {"appointment": 1, "contact": 1}


async def test_a_form_that_was_never_sent_is_forgotten_a_day_later(database: Database) -> None:
    office = await a_booked_office(database)
    booking = means(database)
    held = await hold(booking, office)
    async with database.session() as db:
        await remember_form(db, booking, held.secret, LATER, name="Анна Смирнова", contact="anna@mail.ru")
    await keep_booking(database.hot, LATER + 10 * MINUTE)
    await destroy_due(database.hot, LATER + 20 * timedelta(hours=1))
    assert await kept(database) == 1, "its person may still choose another time and go on"
    assert await destroy_due(database.hot, LATER + 2 * DAY) == {"form": 1}
    assert await kept(database) == 0


async def test_the_waitlist_forgets_who_has_left_it_and_who_waited_in_vain(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 3})
    booking = means(database)
    place = await place_of(booking, office)
    today = place.calendar.today(LATER)
    entries = []
    for last in (today, today + 20 * DAY, today + 20 * DAY):
        async with database.session() as db:
            entries.append(await waitlist.join(db, booking, place, waitlist.Joining("passport", today, last), somebody(), LATER))
    async with database.session() as db:
        await waitlist.leave(db, booking, entries[1].secret, LATER)
    assert await destroy_due(database.hot, MIDNIGHT + 3 * DAY - MINUTE) == {}
    gone: Counter[str] = Counter()

    async def both() -> bool:
        # A row that somebody has just locked, a service that offers freed slots for example, is left to the next look.
        gone.update(await destroy_due(database.hot, MIDNIGHT + 3 * DAY))
        return gone["waitlist"] >= 2

    await eventually(both)
    assert gone == {"waitlist": 2}
    assert await database.hot.fetchval("SELECT array_agg(secret) FROM waitlist_entry") == [entries[2].secret]


async def test_free_words_of_staff_go_with_the_names_that_may_be_in_them(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 2})
    clerk = await a_clerk_at(database, office, "1", opened_at=LATER)
    ticket = await a_ticket(database, office, issued_at=LATER)
    pool = database.hot
    await pool.execute("DELETE FROM staff_session")
    await pool.execute("UPDATE ticket SET comment = 'для Смирновой' WHERE id = $1", ticket)
    await pool.execute(
        "INSERT INTO hall_message (office_id, sent_by, sentence, sent_at) VALUES ($1, $2, 'Смирнова ждёт', $3)",
        office.id,
        clerk.account_id,
        LATER,
    )
    await pool.execute("INSERT INTO shift_event (shift_id, kind, at, note) SELECT id, 'closed', $1, 'ушёл к Смирновой' FROM shift", LATER)
    assert await destroy_due(pool, MIDNIGHT + 2 * DAY - MINUTE) == {}
    done = await destroy_due(pool, MIDNIGHT + 2 * DAY)
    assert done == {"comment": 1, "hall_message": 1, "shift_note": 1}
    assert await pool.fetchval("SELECT count(*) FROM ticket WHERE comment IS NOT NULL") == 0
    assert await pool.fetchval("SELECT count(*) FROM shift_event WHERE note IS NOT NULL") == 0


async def test_where_staff_signed_in_from_goes_when_the_session_is_over(database: Database) -> None:
    office = await a_booked_office(database)
    await a_clerk_at(database, office, "1")
    pool = database.hot
    ends: datetime = await pool.fetchval("SELECT expires_at FROM staff_session")
    assert await destroy_due(pool, ends) == {}
    await keep_accounts(pool, ends + DAY)
    assert await destroy_due(pool, ends + DAY) == {"session": 1}, "by nobody else, who would leave no evidence"
    assert [each[:3] for each in await evidence(database)] == [("session", office.id, 1)]


async def test_statistics_count_a_visit_whose_name_is_gone(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 1})
    booking = means(database)
    booked = await book(database, booking, office)
    await check_in(booking, office.id, booked.secret, ("staff", 1), TIME)
    before = await counted(database, office)
    await destroy_due(database.hot, MIDNIGHT + 9 * DAY)
    assert await kept(database) == 0
    assert await counted(database, office) == before


async def counted(database: Database, office: AnOffice) -> list[tuple[Any, ...]]:
    """What figures are made of: bookings by state and time, tickets, their journal."""
    rows = await database.hot.fetch(
        """
        SELECT appointment.state, starts_at, via, ticket.state, ticket.source, ticket.booked_for, ticket_event.kind, ticket_event.details
          FROM appointment JOIN ticket ON appointment_id = appointment.id JOIN ticket_event ON ticket_id = ticket.id
         WHERE appointment.office_id = $1 ORDER BY ticket_event.id
        """,
        office.id,
    )
    assert rows
    return [tuple(row) for row in rows]


async def test_the_housekeeping_looks_once_an_hour(database: Database) -> None:
    office = await a_booked_office(database, policy={"retention_days": 1})
    booked = await book(database, means(database), office)
    hour = MIDNIGHT + 9 * DAY
    await keep_booking(database.hot, hour.replace(minute=HOURLY_MINUTE - 1))
    assert await kept(database) == 1
    await keep_booking(database.hot, hour.replace(minute=HOURLY_MINUTE))
    assert await kept(database) == 0
    assert await database.hot.fetchval("SELECT state FROM appointment WHERE id = $1", booked.id) == AppointmentState.MISSED
