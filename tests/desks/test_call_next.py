"""Call-next for one desk: who may call, what a retry gives, and what happens when two things happen at once."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.desks import commands
from queue_service.desks.call_next import call_next
from queue_service.desks.rules import PauseReason
from queue_service.errors import DeskBusy, DomainError, ShiftClosed, ShiftPaused
from queue_service.tickets.explanation import why_called
from tests.support.factories import (
    LATER,
    AClerk,
    Queued,
    a_clerk,
    a_clerk_at,
    a_desk,
    a_kiosk,
    a_queue,
    a_service,
    a_ticket,
    an_office,
)
from tests.support.service import PATIENCE_SECONDS, Service


async def test_the_called_ticket_tells_the_clerk_what_to_know(service: Service, database: Database) -> None:
    office = await an_office(database, no_show_min_calls=2, no_show_min_seconds=20)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    taken = await service.taken(kiosk, needs=["hearing"], language="en")
    called = await service.called(clerk)
    assert {name: called[name] for name in ("id", "number", "state", "service", "source", "calls", "needs", "language", "late")} == {
        "id": taken["id"],
        "number": "А001",
        "state": "called",
        "service": "passport",
        "source": "walk_in",
        "calls": 1,
        "needs": ["hearing"],
        "language": "en",
        "late": False,
    }
    assert called["documents"] == [{"ru": "паспорт по-русски", "en": "паспорт in English"}]
    assert called["privilege"] is None
    assert called["started_at"] is None
    assert called["no_show_allowed_at"] is None, "one more call is needed first"
    assert abs(datetime.fromisoformat(called["called_at"]) - datetime.now(UTC)) < timedelta(seconds=30)
    assert called["why"]["ru"].startswith("Вызван следующим: срок вызова самый ранний из ожидавших (срок ")


async def test_nobody_waits(service: Service, database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("benefit"), desks=[a_desk("1", ["passport"])])
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office, "benefit")
    await a_ticket(database, await an_office(database))
    answer = await service.desk(clerk, "call-next")
    assert (answer.status_code, answer.content) == (204, b"")


async def refusal(service: Service, clerk: AClerk) -> tuple[int, str]:
    answer = await service.desk(clerk, "call-next")
    return answer.status_code, answer.json()["code"]


async def test_a_clerk_without_a_desk_cannot_call(service: Service, database: Database) -> None:
    office = await an_office(database)
    await a_ticket(database, office)
    assert await refusal(service, await a_clerk(database, office)) == (409, "shift_closed")


async def test_a_clerk_on_a_break_cannot_call(service: Service, database: Database) -> None:
    office = await an_office(database)
    await a_ticket(database, office)
    clerk = await a_clerk_at(database, office, "1")
    await service.desk(clerk, "shift/pause", reason="lunch")
    assert await refusal(service, clerk) == (409, "shift_paused")


async def test_a_clerk_with_a_visitor_cannot_call_another(service: Service, database: Database) -> None:
    office = await an_office(database)
    await a_queue(database, office, [Queued(), Queued()])
    clerk = await a_clerk_at(database, office, "1")
    await service.called(clerk)
    assert await refusal(service, clerk) == (409, "desk_busy")
    await service.desk(clerk, "start")
    assert await refusal(service, clerk) == (409, "desk_busy")


async def test_a_retry_gets_the_ticket_it_called_whatever_became_of_it(service: Service, database: Database) -> None:
    office = await an_office(database)
    await a_queue(database, office, [Queued(), Queued()])
    clerk = await a_clerk_at(database, office, "1")
    first, again = [(await service.desk(clerk, "call-next", key="press")).json() for _ in range(2)]
    assert first == again
    await service.desk(clerk, "start")
    await service.desk(clerk, "finish")
    later = (await service.desk(clerk, "call-next", key="press")).json()
    assert (later["id"], later["state"], later["why"]) == (first["id"], "served", first["why"])
    assert (await service.desk(clerk, "call-next", key="another press")).json()["id"] != first["id"]


async def test_racing_retries_call_one_ticket(service: Service, database: Database) -> None:
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    for press in range(5):
        await a_queue(database, office, [Queued(), Queued()])
        answers = await asyncio.gather(*(service.desk(clerk, "call-next", key=f"press-{press}") for _ in range(6)))
        assert Counter(answer.status_code for answer in answers) == {200: 6}
        assert len({answer.json()["id"] for answer in answers}) == 1
        await service.desk(clerk, "start")
        await service.desk(clerk, "finish")
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'called'") == 5


async def test_a_double_click_calls_one_ticket(service: Service, database: Database) -> None:
    """Two wishes under two keys: the second one hears that the desk is busy, and nobody is called for nothing."""
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    for _ in range(5):
        await a_queue(database, office, [Queued(), Queued()])
        answers = await asyncio.gather(*(service.desk(clerk, "call-next") for _ in range(4)))
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 3}
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"desk_busy"}
        await service.desk(clerk, "start")
        await service.desk(clerk, "finish")


async def test_who_is_being_taken_by_another_is_passed_over_not_waited_for(database: Database) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    clerk = await a_clerk_at(database, office, "1")
    busy, free = await a_queue(database, office, [Queued(), Queued()])
    async with database.hot.acquire() as other, other.transaction():
        await other.execute("SELECT FROM ticket WHERE id = $1 FOR UPDATE", busy)
        async with asyncio.timeout(PATIENCE_SECONDS):
            called = await call_next(database.hot, catalogue, clerk.account_id, None, LATER)
    assert called is not None
    assert called[0].id == free


async def test_when_the_only_visitor_is_being_taken_nobody_is_left_and_nothing_is_wrong(database: Database) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    clerk = await a_clerk_at(database, office, "1")
    busy = await a_ticket(database, office)
    async with database.hot.acquire() as other, other.transaction():
        await other.execute("SELECT FROM ticket WHERE id = $1 FOR UPDATE", busy)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await call_next(database.hot, catalogue, clerk.account_id, None, LATER) is None
    called = await call_next(database.hot, catalogue, clerk.account_id, None, LATER)
    assert called is not None


async def outcome(command: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await command
    except DomainError as error:
        return type(error)


@pytest.mark.parametrize("ending", ["close", "pause"])
async def test_a_desk_that_closes_while_it_calls_has_no_visitor_or_stays_open(database: Database, ending: str) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)

    async def end(clerk: AClerk) -> None:
        async with database.session() as db:
            if ending == "close":
                await commands.close_shift(db, clerk.account_id, LATER)
            else:
                await commands.pause_shift(db, clerk.account_id, PauseReason.LUNCH, None, LATER)

    refused = ShiftClosed if ending == "close" else ShiftPaused
    for _ in range(15):
        clerk = await a_clerk_at(database, office, "1")
        await a_ticket(database, office)
        call, ended = await asyncio.gather(outcome(call_next(database.hot, catalogue, clerk.account_id, None, LATER)), outcome(end(clerk)))
        assert (call is refused and ended is None) or (isinstance(call, tuple) and ended is DeskBusy)
        at_a_desk = await database.hot.fetchval("SELECT count(*) FROM ticket WHERE state = 'called'")
        assert at_a_desk == (0 if call is refused else 1)
        await database.hot.execute("UPDATE ticket SET state = 'left'")
        await database.hot.execute("UPDATE shift SET closed_at = $1, paused_at = NULL, pause_reason = NULL", LATER)


@pytest.mark.parametrize(("queue", "told"), [(1, "ждали: 0"), (20, "ждали: 19"), (31, "ждали: 30"), (100, "ждали: больше 30")])
async def test_the_clerk_hears_how_many_others_waited(database: Database, queue: int, told: str) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    clerk = await a_clerk_at(database, office, "1")
    await a_queue(database, office, [Queued()] * queue)
    called = await call_next(database.hot, catalogue, clerk.account_id, None, LATER)
    assert called is not None
    assert told in why_called(called[1], called[0].due_at, catalogue.schedule.time_zone)["ru"]


async def test_the_database_itself_refuses_a_second_visitor_at_a_desk(database: Database) -> None:
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    tickets = await a_queue(database, office, [Queued(), Queued()])
    with pytest.raises(Exception, match="uq_ticket_at_desk"):
        await database.hot.execute(
            "UPDATE ticket SET state = 'called', desk_id = $2, clerk_id = $3 WHERE id = ANY ($1)",
            tickets,
            office.desks["1"],
            clerk.account_id,
        )
