"""A visitor gives the ticket up, from the phone or from the ticket page, and only while it waits."""

import asyncio

import pytest

from queue_service.db import Database
from tests.support.factories import a_clerk_at, a_kiosk, an_office
from tests.support.service import Service


async def test_who_leaves_is_not_called(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    leaver, other = await service.taken(kiosk), await service.taken(kiosk)
    answer = await service.http.post(f"/api/public/tickets/{leaver['secret']}/leave")
    assert (answer.status_code, answer.json()["state"]) == (200, "left")
    assert (await service.called(clerk))["number"] == other["number"]
    assert (await service.desk(clerk, "start")).status_code == 200
    assert (await service.desk(clerk, "finish")).status_code == 200
    assert (await service.desk(clerk, "call-next")).status_code == 204


async def test_leaving_again_changes_nothing(service: Service, database: Database) -> None:
    ticket = await service.taken(await a_kiosk(database, await an_office(database)))
    answers = [await service.http.post(f"/api/public/tickets/{ticket['secret']}/leave") for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["left", "left"]
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'left'") == 1


@pytest.mark.parametrize("steps", [[], ["start"], ["start", "finish"]])
async def test_who_has_been_called_cannot_leave_by_phone(service: Service, database: Database, steps: list[str]) -> None:
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    await service.called(clerk)
    for step in steps:
        assert (await service.desk(clerk, step)).status_code == 200
    answer = await service.http.post(f"/api/public/tickets/{ticket['secret']}/leave")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


async def test_a_ticket_that_is_not_there_is_not_found(service: Service) -> None:
    for method, path in (("POST", "/api/public/tickets/none/leave"), ("GET", "/api/public/tickets/none")):
        answer = await service.http.request(method, path)
        assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (404, "not_found", "Такого талона нет.")


async def test_who_leaves_while_being_called_either_left_or_is_called(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    seen = set()
    for _ in range(15):
        ticket = await service.taken(kiosk)
        leave, call = await asyncio.gather(
            service.http.post(f"/api/public/tickets/{ticket['secret']}/leave"), service.desk(clerk, "call-next")
        )
        seen.add((leave.status_code, call.status_code))
        state = await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", ticket["id"])
        assert (leave.status_code, call.status_code, state) in {(200, 204, "left"), (409, 200, "called")}
        if call.status_code == 200:
            await service.desk(clerk, "start")
            await service.desk(clerk, "finish")
    assert seen
