"""The journal: one row per transition, by whom and why, never rewritten."""

from datetime import timedelta

import asyncpg
import pytest

from queue_service.db import Database
from queue_service.desks import commands as desk
from queue_service.desks.call_next import call_next
from queue_service.desks.serving import Result, finish, start_serving
from queue_service.tickets.commands import leave_queue
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.take import Taking, Wish
from tests.support.factories import LATER, a_clerk_at, a_privilege, a_ticket, an_office
from tests.support.postgres import execute_as_owner
from tests.tickets.journal import story

SECOND = timedelta(seconds=1)


async def test_a_visit_is_told_from_the_kiosk_to_the_end(database: Database) -> None:
    office = await an_office(database, no_show_min_calls=1, no_show_min_seconds=0)
    catalogue = await office.catalogue(database)
    clerk = await a_clerk_at(database, office, "1")
    taken = await Taking(database.hot).take(catalogue, Wish("passport", None, (), "ru", "key"), ("kiosk", 7), LATER)
    await call_next(database.hot, catalogue, clerk.account_id, None, LATER + SECOND)
    async with database.session() as db:
        await desk.recall(db, clerk.account_id, LATER + 2 * SECOND)
    await start_serving(database.hot, clerk.account_id, None, LATER + 3 * SECOND)
    await finish(database.hot, catalogue, clerk.account_id, Result(), None, LATER + 63 * SECOND)

    rows = await story(database, taken.id)

    assert [(row["kind"], (row["at"] - LATER).total_seconds()) for row in rows] == [
        ("issued", 0),
        ("called", 1),
        ("recalled", 2),
        ("started", 3),
        ("finished", 63),
    ]
    assert [row["office_id"] for row in rows] == [office.id] * 5
    assert [row["desk_id"] for row in rows] == [None] + [office.desks["1"]] * 4
    assert [row["clerk_id"] for row in rows] == [None] + [clerk.account_id] * 4
    issued, called, recalled, _, finished = (row["details"] for row in rows)
    assert issued == {"via": "kiosk", "by": 7}
    assert (called["rule"], called["waiting"]) == ("due", 0)
    assert recalled == {"calls": 2}
    assert finished == {"service": office.services["passport"], "seconds": 60, "occupied": 62}


async def test_leaving_and_expiring_are_told_too(database: Database) -> None:
    office = await an_office(database)
    left, expired = await a_ticket(database, office), await a_ticket(database, office)
    secret = await database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", left)
    async with database.session() as db:
        await leave_queue(db, secret, LATER + SECOND)
        await leave_queue(db, secret, LATER + 2 * SECOND)
    await expire_forgotten(database.hot, LATER + timedelta(days=1))
    assert [row["kind"] for row in await story(database, left)] == ["issued", "left"], "leaving twice is leaving once"
    assert [row["kind"] for row in await story(database, expired)] == ["issued", "expired"]


@pytest.mark.parametrize("change", ["kind = 'served'", "at = now()", "details = '{}'", "ticket_id = ticket_id"])
async def test_the_journal_refuses_to_be_rewritten(database: Database, change: str) -> None:
    """The service has no right to, and the database's owner meets a trigger."""
    await a_ticket(database, await an_office(database))
    rewrite = f"UPDATE ticket_event SET {change}"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await database.hot.execute(rewrite)
    with pytest.raises(asyncpg.PostgresError, match="the journal is append-only"):
        await execute_as_owner(database, rewrite)


async def test_the_call_says_which_rule_made_it_next(database: Database) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    clerk = await a_clerk_at(database, office, "1")
    await a_privilege(database, "veteran")
    await Taking(database.hot).take(catalogue, Wish("passport", None, (), "ru", "first"), ("kiosk", 1), LATER)
    catalogue = await office.catalogue(database)
    wish = Wish("passport", "veteran", (), "ru", "second")
    privileged = await Taking(database.hot).take(catalogue, wish, ("kiosk", 1), LATER + SECOND)
    called = await call_next(database.hot, catalogue, clerk.account_id, None, LATER + 2 * SECOND)
    assert called is not None
    assert called[0].id == privileged.id
    assert called[1]["rule"] == "privilege"
    assert called[1]["waiting"] == 1
