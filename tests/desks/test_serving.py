"""Start and finish see the hall as it is when their turn has come, not as it was when they were sent."""

import asyncio
from typing import cast

from queue_service.db import Database, Pool
from queue_service.desks.call_next import call_next
from queue_service.desks.serving import Result, finish, start_serving
from tests.support.factories import LATER, Queued, a_clerk_at, a_queue, an_office
from tests.support.service import eventually

WAITS_FOR_A_LOCK = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


async def test_a_start_that_waited_for_the_desks_call_finds_who_was_called(database: Database) -> None:
    office = await an_office(database)
    catalogue, clerk = await office.catalogue(database), await a_clerk_at(database, office, "1")
    (ticket,) = await a_queue(database, office, [Queued(issued_at=LATER)])
    async with database.hot.acquire() as desk, desk.transaction():
        await call_next(cast("Pool", desk), catalogue, clerk.account_id, None, LATER)  # and is not committed yet
        starting = asyncio.create_task(start_serving(database.hot, clerk.account_id, None, LATER))
        await eventually(lambda: database.hot.fetchval(WAITS_FOR_A_LOCK))
    served, reason = await starting
    assert (served.id, served.state, reason["rule"]) == (ticket, "serving", "due")


async def test_a_finish_that_waited_for_another_finish_and_call_ends_nobodys_visit(database: Database) -> None:
    office = await an_office(database)
    catalogue, clerk = await office.catalogue(database), await a_clerk_at(database, office, "1")
    first, second = await a_queue(database, office, [Queued(issued_at=LATER)] * 2)
    await call_next(database.hot, catalogue, clerk.account_id, None, LATER)
    await start_serving(database.hot, clerk.account_id, None, LATER)
    async with database.hot.acquire() as desk, desk.transaction():
        pool = cast("Pool", desk)
        await finish(pool, catalogue, clerk.account_id, Result(), "one press", LATER)
        await call_next(pool, catalogue, clerk.account_id, None, LATER)
        await start_serving(pool, clerk.account_id, None, LATER)
        again = asyncio.create_task(finish(database.hot, catalogue, clerk.account_id, Result(), "one press", LATER))
        await eventually(lambda: database.hot.fetchval(WAITS_FOR_A_LOCK))
    assert (await again)[0].id == first
    rows = await database.hot.fetch("SELECT id, state FROM ticket")
    assert {row["id"]: row["state"] for row in rows} == {first: "served", second: "serving"}
    assert await database.hot.fetchval("SELECT served FROM shift WHERE account_id = $1", clerk.account_id) == 1
