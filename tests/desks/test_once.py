"""An act of a desk that arrives twice is done once, and never to the next visitor."""

import asyncio

import pytest

from queue_service.db import Database
from queue_service.desks.once import REMEMBERED
from tests.support.factories import AClerk, a_clerk_at, a_kiosk, an_office
from tests.support.service import Json, Service


async def at_work(service: Service, database: Database, visitors: int = 2) -> AClerk:
    """A clerk who has called the first of so many."""
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    for _ in range(visitors):
        await service.taken(kiosk)
    await service.called(clerk)
    return clerk


async def state_of(database: Database, ticket: Json) -> str:
    return str(await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket["id"]))


async def test_a_finish_that_arrives_a_second_time_does_not_end_the_visit_of_the_next_visitor(service: Service, database: Database) -> None:
    """A worker stood still with the request, the clerk pressed again and went on at another worker, and the first one came back."""
    clerk = await at_work(service, database)
    await service.desk(clerk, "start", key="start-1")
    finished = await service.desk(clerk, "finish", key="finish-1")
    following = await service.called(clerk)
    await service.desk(clerk, "start", key="start-2")
    late = await service.desk(clerk, "finish", key="finish-1")
    assert (late.status_code, late.json()["id"], late.json()["state"]) == (200, finished.json()["id"], "served")
    assert await state_of(database, following) == "serving"


async def test_twenty_repeats_at_once_are_one_act(service: Service, database: Database) -> None:
    clerk = await at_work(service, database)
    answers = await asyncio.gather(*(service.desk(clerk, "recall", key="again") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["calls"] for answer in answers} == {2}


@pytest.mark.parametrize(("action", "body"), [("return", {}), ("postpone", {"reason": "documents"}), ("no-show", {})])
async def test_a_repeat_is_answered_with_its_own_ticket(service: Service, database: Database, action: str, body: Json) -> None:
    clerk = await at_work(service, database)
    await database.hot.execute("UPDATE office SET no_show_min_calls = 1, no_show_min_seconds = 0")
    service.app.state.catalogues.drop()
    first = await service.desk(clerk, action, key="one", **body)
    assert first.status_code == 200, first.text
    second = await service.desk(clerk, action, key="one", **body)
    assert (second.status_code, second.json()["id"]) == (200, first.json()["id"])


async def test_a_refused_act_is_not_remembered(service: Service, database: Database) -> None:
    clerk = await at_work(service, database)
    assert (await service.desk(clerk, "finish", key="same")).status_code == 409
    await service.desk(clerk, "start", key="start")
    assert (await service.desk(clerk, "finish", key="same")).status_code == 200


async def test_a_shift_remembers_its_last_acts_and_no_more(service: Service, database: Database) -> None:
    clerk = await at_work(service, database)
    for number in range(REMEMBERED + 3):
        await service.desk(clerk, "recall", key=f"recall-{number}")
    kept = await database.hot.fetchval("SELECT jsonb_array_length(last_acts) FROM shift WHERE account_id = $1", clerk.account_id)
    assert kept == REMEMBERED
