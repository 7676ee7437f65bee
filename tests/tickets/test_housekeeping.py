"""A morning starts with an empty queue, in each office by its own calendar."""

import asyncio
from datetime import UTC, datetime, timedelta

from queue_service.db import Database
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.take import Taking, Wish
from tests.support.factories import LATER, AnOffice, a_clerk_at, a_ticket, an_office


async def states(database: Database, office: AnOffice) -> list[str]:
    rows = await database.hot.fetch("SELECT state FROM ticket WHERE office_id = $1 ORDER BY id", office.id)
    return [row["state"] for row in rows]


async def taken(database: Database, office: AnOffice, now: datetime) -> None:
    await Taking(database.hot).take(await office.catalogue(database), Wish("passport", None, (), "ru", str(now)), ("kiosk", 1), now)


async def test_yesterdays_waiting_tickets_expire_and_todays_do_not(database: Database) -> None:
    office = await an_office(database)
    await taken(database, office, LATER - timedelta(days=1))
    await taken(database, office, LATER)
    assert await expire_forgotten(database.hot, LATER) == 1
    assert await states(database, office) == ["expired", "waiting"]
    assert await expire_forgotten(database.hot, LATER) == 0


async def test_each_office_ends_its_day_at_its_own_midnight(database: Database) -> None:
    now = datetime(2031, 3, 12, 21, 30, tzinfo=UTC)  # 23:30 in Kaliningrad, 00:30 in Moscow
    moscow, kaliningrad = await an_office(database, time_zone="Europe/Moscow"), await an_office(database, time_zone="Europe/Kaliningrad")
    for office in (moscow, kaliningrad):
        await taken(database, office, now - timedelta(hours=5))
    await expire_forgotten(database.hot, now)
    assert await states(database, moscow) == ["expired"]
    assert await states(database, kaliningrad) == ["waiting"]


async def test_an_office_that_works_across_midnight_keeps_its_queue(database: Database) -> None:
    office = await an_office(database, time_zone="Europe/Moscow")
    midnight = datetime(2031, 3, 12, 21, 0, tzinfo=UTC)
    await taken(database, office, midnight - timedelta(hours=1))
    assert await expire_forgotten(database.hot, midnight + timedelta(hours=1)) == 0


async def test_who_was_set_aside_yesterday_expires_too(database: Database) -> None:
    office = await an_office(database)
    await taken(database, office, LATER - timedelta(days=1))
    await database.hot.execute("UPDATE ticket SET state = 'postponed', postpone_reason = 'documents', postponed_until = $1", LATER)
    assert await expire_forgotten(database.hot, LATER) == 1
    assert await states(database, office) == ["expired"]


async def test_a_visitor_at_a_desk_is_left_to_the_clerk(database: Database) -> None:
    office = await an_office(database)
    await a_clerk_at(database, office, "1")
    ticket = await a_ticket(database, office)
    await database.hot.execute(
        "UPDATE ticket SET state = 'serving', desk_id = $2, clerk_id = (SELECT account_id FROM shift) WHERE id = $1",
        ticket,
        office.desks["1"],
    )
    assert await expire_forgotten(database.hot, LATER + timedelta(days=2)) == 0
    assert await states(database, office) == ["serving"]


async def test_workers_that_keep_house_at_once_expire_each_ticket_once(database: Database) -> None:
    office = await an_office(database)
    for minute in range(20):
        await taken(database, office, LATER + timedelta(minutes=minute))
    ended = await asyncio.gather(*(expire_forgotten(database.hot, LATER + timedelta(days=1)) for _ in range(8)))
    assert sum(ended) == 20
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'expired'") == 20
