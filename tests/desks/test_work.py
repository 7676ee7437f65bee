"""What a clerk does with the visitor who was called: recall, start, finish, no-show, return."""

from datetime import datetime, timedelta

import pytest

from queue_service.db import Database
from tests.support.factories import AClerk, AnOffice, Queued, a_clerk_at, a_desk, a_queue, a_ticket, an_office
from tests.support.service import PATIENCE_SECONDS, Service

ACTIONS = ("recall", "start", "finish", "no-show", "return")


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database, desks=[a_desk("1"), a_desk("2")], no_show_min_calls=2, no_show_min_seconds=0)


@pytest.fixture
async def clerk(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk_at(database, office, "1")


@pytest.mark.parametrize("action", ACTIONS)
async def test_an_idle_desk_has_nobody_to_act_on(service: Service, clerk: AClerk, action: str) -> None:
    answer = await service.desk(clerk, action)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_current_ticket")


@pytest.mark.parametrize("action", ACTIONS)
async def test_a_closed_desk_acts_on_nobody(service: Service, clerk: AClerk, action: str) -> None:
    await service.desk(clerk, "shift", "DELETE")
    answer = await service.desk(clerk, action)
    assert (answer.status_code, answer.json()["code"]) == (409, "shift_closed")


@pytest.mark.parametrize(
    ("steps", "action", "state"),
    [
        ([], "recall", "called"),
        ([], "start", "serving"),
        ([], "finish", None),
        ([], "return", "waiting"),
        (["start"], "recall", None),
        (["start"], "start", None),
        (["start"], "finish", "served"),
        (["start"], "no-show", None),
        (["start"], "return", None),
        (["recall"], "no-show", "no_show"),
    ],
)
async def test_a_visitor_moves_as_the_table_says(
    service: Service, database: Database, office: AnOffice, clerk: AClerk, steps: list[str], action: str, state: str | None
) -> None:
    ticket = await a_ticket(database, office)
    await service.called(clerk)
    for step in steps:
        assert (await service.desk(clerk, step)).status_code == 200
    before = await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket)
    answer = await service.desk(clerk, action)
    if state is None:
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
        state = before
    else:
        assert (answer.status_code, answer.json()["state"]) == (200, state)
    assert await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket) == state


async def test_a_recall_is_another_call_of_the_same_visit(service: Service, database: Database, office: AnOffice, clerk: AClerk) -> None:
    await a_ticket(database, office)
    called = await service.called(clerk)
    recalled = (await service.desk(clerk, "recall")).json()
    assert (called["calls"], recalled["calls"]) == (1, 2)
    assert recalled["called_at"] == called["called_at"], "the visitor's minutes to come run from the first call"
    assert recalled["no_show_allowed_at"] == called["called_at"]


async def test_a_no_show_needs_its_calls_and_says_so(service: Service, database: Database, office: AnOffice, clerk: AClerk) -> None:
    await a_ticket(database, office)
    await service.called(clerk)
    answer = await service.desk(clerk, "no-show")
    assert (answer.status_code, answer.json()["code"]) == (409, "too_early_for_no_show")
    assert answer.json()["detail"] == "Неявку можно отметить после 2-го вызова. Повторите вызов."
    await service.desk(clerk, "recall")
    assert (await service.desk(clerk, "no-show")).json()["state"] == "no_show"
    assert (await service.desk(clerk, "call-next")).status_code == 204, "the desk is free again"


async def test_a_no_show_needs_its_seconds_and_says_how_many(service: Service, database: Database) -> None:
    office = await an_office(database, no_show_min_calls=1, no_show_min_seconds=600)
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    called = await service.called(clerk)
    allowed = datetime.fromisoformat(called["no_show_allowed_at"]) - datetime.fromisoformat(called["called_at"])
    assert allowed == timedelta(seconds=600)
    answer = await service.desk(clerk, "no-show")
    assert answer.json()["code"] == "too_early_for_no_show"
    assert 600 - PATIENCE_SECONDS <= int(answer.headers["Retry-After"]) <= 600
    assert f"через {answer.headers['Retry-After']} с" in answer.json()["detail"]


async def test_who_was_sent_back_keeps_the_place_in_the_queue(
    service: Service, database: Database, office: AnOffice, clerk: AClerk
) -> None:
    first, _ = await a_queue(database, office, [Queued(), Queued()])
    before = await service.called(clerk)
    returned = (await service.desk(clerk, "return")).json()
    assert (returned["state"], returned["called_at"], returned["calls"]) == ("waiting", None, 0)
    row = await database.hot.fetchrow("SELECT desk_id, clerk_id, called_at, calls, started_at, ended_at FROM ticket WHERE id = $1", first)
    assert row is not None
    assert tuple(row) == (None, None, None, 0, None, None)
    again = await service.called(clerk)
    assert (again["id"], again["due_at"]) == (before["id"], before["due_at"])


async def test_the_desk_counts_whom_it_served(service: Service, database: Database, office: AnOffice, clerk: AClerk) -> None:
    await a_queue(database, office, [Queued(), Queued(), Queued()])
    for _ in range(2):
        await service.called(clerk)
        await service.desk(clerk, "start")
        finished = (await service.desk(clerk, "finish")).json()
        assert finished["started_at"]
    row = await database.hot.fetchrow("SELECT served, serving_seconds FROM shift")
    assert row is not None
    assert row["served"] == 2


async def test_one_clerk_cannot_act_on_the_visitor_of_another(
    service: Service, database: Database, office: AnOffice, clerk: AClerk
) -> None:
    other = await a_clerk_at(database, office, "2")
    await a_ticket(database, office)
    await service.called(clerk)
    for action in ACTIONS:
        assert (await service.desk(other, action)).json()["code"] == "no_current_ticket"


async def test_a_finished_visit_stays_finished(service: Service, database: Database, office: AnOffice, clerk: AClerk) -> None:
    await a_ticket(database, office)
    await service.called(clerk)
    await service.desk(clerk, "start")
    assert (await service.desk(clerk, "finish")).status_code == 200
    assert (await service.desk(clerk, "finish")).json()["code"] == "no_current_ticket"
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'finished'") == 1
    assert await database.hot.fetchval("SELECT ended_at IS NOT NULL FROM ticket")
