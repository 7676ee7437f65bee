"""A desk has one clerk and a clerk has one desk, whoever clicks first and how often."""

import asyncio
from collections import Counter

import pytest
from sqlalchemy import text

from queue_service.db import Database
from queue_service.events import setup_changed
from queue_service.staff.models import Role
from tests.support.factories import AClerk, a_clerk, a_clerk_at, a_desk, a_kiosk, a_service, a_ticket, an_office
from tests.support.service import Service, eventually

TWO_DESKS = [a_desk("1"), a_desk("2")]


async def open_desk(service: Service, clerk: AClerk, number: str | int) -> tuple[int, str]:
    """Status and, of a refusal, its code; else the desk."""
    answer = await service.desk(clerk, "shift", "PUT", desk=number)
    return answer.status_code, answer.json().get("code") or answer.json()["desk"]


async def open_shifts(database: Database) -> int:
    count: int = await database.hot.fetchval("SELECT count(*) FROM shift WHERE closed_at IS NULL")
    return count


async def kinds(database: Database) -> list[str]:
    return [row["kind"] for row in await database.hot.fetch("SELECT kind FROM shift_event ORDER BY id")]


async def test_a_clerk_opens_a_desk(service: Service, database: Database) -> None:
    clerk = await a_clerk(database, await an_office(database))
    answer = await service.desk(clerk, "shift", "PUT", desk="1")
    assert answer.status_code == 200
    assert {name: answer.json()[name] for name in ("desk", "state", "paused_at", "pause_reason", "pause_note")} == {
        "desk": "1",
        "state": "open",
        "paused_at": None,
        "pause_reason": None,
        "pause_note": None,
    }
    assert await kinds(database) == ["opened"]


async def test_the_number_may_be_sent_as_a_number(service: Service, database: Database) -> None:
    clerk = await a_clerk(database, await an_office(database))
    assert await open_desk(service, clerk, 1) == (200, "1")


async def test_two_clerks_cannot_share_a_desk(service: Service, database: Database) -> None:
    office = await an_office(database)
    first, second = await a_clerk(database, office), await a_clerk(database, office)
    assert await open_desk(service, first, "1") == (200, "1")
    assert await open_desk(service, second, "1") == (409, "desk_taken")
    assert await open_shifts(database) == 1


async def test_of_eight_clerks_at_once_one_gets_the_desk(service: Service, database: Database) -> None:
    office = await an_office(database)
    clerks = [await a_clerk(database, office) for _ in range(8)]
    outcomes = await asyncio.gather(*(open_desk(service, clerk, "1") for clerk in clerks))
    assert Counter(outcomes) == {(200, "1"): 1, (409, "desk_taken"): 7}
    assert await open_shifts(database) == 1


async def test_a_clerk_who_opens_another_desk_leaves_the_first(service: Service, database: Database) -> None:
    office = await an_office(database, desks=TWO_DESKS)
    clerk, other = await a_clerk_at(database, office, "1"), await a_clerk(database, office)
    assert await open_desk(service, clerk, "2") == (200, "2")
    assert await open_desk(service, other, "1") == (200, "1")
    assert await kinds(database) == ["closed", "opened", "opened"]


async def test_a_clerk_who_cannot_have_the_other_desk_keeps_the_first(service: Service, database: Database) -> None:
    office = await an_office(database, desks=TWO_DESKS)
    clerk = await a_clerk_at(database, office, "1")
    await a_clerk_at(database, office, "2")
    assert await open_desk(service, clerk, "2") == (409, "desk_taken")
    assert await database.hot.fetchval("SELECT desk_id FROM shift WHERE account_id = $1 AND closed_at IS NULL", clerk.account_id)
    assert await kinds(database) == []


async def test_a_clerk_who_asks_for_two_desks_at_once_has_one(service: Service, database: Database) -> None:
    office = await an_office(database, desks=TWO_DESKS)
    for _ in range(5):
        clerk = await a_clerk(database, office)
        outcomes = await asyncio.gather(open_desk(service, clerk, "1"), open_desk(service, clerk, "2"))
        assert 200 in {status for status, _ in outcomes}
        assert {status for status, _ in outcomes} <= {200, 409}
        assert await open_shifts(database) == 1
        assert (await service.desk(clerk, "shift", "DELETE")).status_code == 204


async def test_a_browser_that_comes_back_finds_its_desk_as_it_was(service: Service, database: Database) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    before = (await service.desk(clerk, "shift/pause", reason="lunch")).json()
    again = await service.desk(clerk, "shift", "PUT", desk="1")
    assert again.json() == before
    assert await kinds(database) == ["paused"]


async def test_a_double_click_on_a_desk_is_one_click(service: Service, database: Database) -> None:
    office = await an_office(database)
    for _ in range(5):
        clerk = await a_clerk(database, office)
        outcomes = await asyncio.gather(*(open_desk(service, clerk, "1") for _ in range(3)))
        assert Counter(outcomes) == {(200, "1"): 3}
        await service.desk(clerk, "shift", "DELETE")
    assert await kinds(database) == ["opened", "closed"] * 5


@pytest.mark.parametrize("number", ["3", "0", "", "1'", 10**30])
async def test_a_desk_that_is_not_there_cannot_be_opened(service: Service, database: Database, number: str | int) -> None:
    clerk = await a_clerk(database, await an_office(database))
    assert await open_desk(service, clerk, number) == (404, "not_found")


async def test_a_desk_of_another_office_cannot_be_opened(service: Service, database: Database) -> None:
    await an_office(database, desks=TWO_DESKS)
    clerk = await a_clerk(database, await an_office(database, desks=[a_desk("1")]))
    assert await open_desk(service, clerk, "2") == (404, "not_found")


async def test_who_has_no_office_has_no_desk(service: Service, database: Database) -> None:
    admin = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    for action, method in (("shift", "PUT"), ("call-next", "POST"), ("queue", "GET")):
        answer = await service.desk(admin, action, method, **({"desk": "1"} if method == "PUT" else {}))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), action


async def test_a_clerk_closes_the_desk_and_a_closed_one_stays_closed(service: Service, database: Database) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    assert [(await service.desk(clerk, "shift", "DELETE")).status_code for _ in range(2)] == [204, 204]
    assert await kinds(database) == ["closed"]
    assert (await service.desk(clerk, "call-next")).json()["code"] == "shift_closed"


@pytest.mark.parametrize("action", ["pause", "resume"])
async def test_there_is_no_break_without_a_shift(service: Service, database: Database, action: str) -> None:
    clerk = await a_clerk(database, await an_office(database))
    answer = await service.desk(clerk, f"shift/{action}", reason="lunch")
    assert (answer.status_code, answer.json()["code"]) == (409, "shift_closed")


async def test_a_break_has_a_reason_and_a_note_and_ends(service: Service, database: Database) -> None:
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    paused = (await service.desk(clerk, "shift/pause", reason="technical", note="нет бумаги")).json()
    assert (paused["state"], paused["pause_reason"], paused["pause_note"]) == ("paused", "technical", "нет бумаги")
    assert paused["paused_at"]
    assert (await service.desk(clerk, "call-next")).json()["code"] == "shift_paused"
    resumed = (await service.desk(clerk, "shift/resume")).json()
    assert (resumed["state"], resumed["paused_at"], resumed["pause_reason"], resumed["pause_note"]) == ("open", None, None, None)
    assert (await service.desk(clerk, "call-next")).status_code == 200
    rows = await database.hot.fetch("SELECT kind, reason, note FROM shift_event ORDER BY id")
    assert [tuple(row) for row in rows] == [("paused", "technical", "нет бумаги"), ("resumed", None, None)]


async def test_a_second_pause_changes_the_reason_and_not_the_beginning(service: Service, database: Database) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    first = (await service.desk(clerk, "shift/pause", reason="break")).json()
    second = (await service.desk(clerk, "shift/pause", reason="lunch")).json()
    assert (second["paused_at"], second["pause_reason"]) == (first["paused_at"], "lunch")


@pytest.mark.parametrize("body", [{"reason": "holiday"}, {"reason": None}, {"reason": "lunch", "note": "x" * 201}])
async def test_a_break_without_a_known_reason_is_malformed(service: Service, database: Database, body: dict[str, str]) -> None:
    clerk = await a_clerk_at(database, await an_office(database), "1")
    answer = await service.http.post("/api/desk/shift/pause", json=body, headers={"Authorization": f"Bearer {clerk.token}"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


async def test_nobody_goes_while_a_visitor_is_at_the_desk(service: Service, database: Database) -> None:
    office = await an_office(database, desks=TWO_DESKS)
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    await service.called(clerk)
    attempts = [
        await service.desk(clerk, "shift/pause", reason="lunch"),
        await service.desk(clerk, "shift", "DELETE"),
        await service.desk(clerk, "shift", "PUT", desk="2"),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in attempts] == [(409, "desk_busy")] * 3
    await service.desk(clerk, "start")
    assert (await service.desk(clerk, "shift", "DELETE")).json()["code"] == "desk_busy"
    await service.desk(clerk, "finish")
    assert (await service.desk(clerk, "shift", "DELETE")).status_code == 204


async def test_each_clerk_calls_for_the_desk_they_sit_at(service: Service, database: Database) -> None:
    services = [a_service("passport"), a_service("benefit")]
    office = await an_office(database, *services, desks=[a_desk("1", ["passport"]), a_desk("2", ["benefit"])])
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office, "benefit")
    assert (await service.desk(clerk, "call-next")).status_code == 204
    await open_desk(service, clerk, "2")
    assert (await service.called(clerk))["service"] == "benefit"


@pytest.mark.parametrize(("index", "same"), [("uq_shift_open_desk", "desk_id"), ("uq_shift_open_account", "account_id")])
async def test_the_database_itself_refuses_a_second_open_shift(database: Database, index: str, same: str) -> None:
    office = await an_office(database, desks=TWO_DESKS)
    for number in "12":
        await a_clerk_at(database, office, number)
    with pytest.raises(Exception, match=index):
        await database.hot.execute(f"UPDATE shift SET {same} = (SELECT min({same}) FROM shift)")


async def test_a_desk_switched_off_under_a_clerk_keeps_its_visitor_in_sight(service: Service, database: Database) -> None:
    office = await an_office(database, desks=(a_desk("1"), a_desk("2")))
    kiosk = await a_kiosk(database, office)
    clerk = await a_clerk_at(database, office, "1")
    ticket = await service.taken(kiosk)
    await service.called(clerk)
    async with database.session() as db:
        await (await db.connection()).execute(text("UPDATE desk SET active = false WHERE id = :id"), {"id": office.desks["1"]})
        await setup_changed(db, office.id)

    async def without_the_desk() -> bool:
        snapshot = (await service.get("/api/desk/queue", clerk.token)).json()
        return [desk["number"] for desk in snapshot["desks"]] == ["2"]

    await eventually(without_the_desk)
    board = (await service.get(f"/api/public/offices/{office.slug}/board")).json()
    assert [(call["ticket"], call["desk"]) for call in board["calls"]] == [(ticket["number"], "1")]
    for action in ("start", "finish"):
        assert (await service.desk(clerk, action)).status_code == 200, action
    assert (await service.desk(clerk, "shift/pause", reason="lunch")).status_code == 200
    assert (await service.desk(clerk, "shift/resume")).json()["desk"] == "1"
    assert (await service.desk(clerk, "shift", "DELETE")).status_code == 204
    assert (await service.desk(clerk, "shift", "PUT", desk="1")).status_code == 404


async def test_who_was_moved_to_another_office_has_neither_shift_nor_screen_in_the_old_one(service: Service, database: Database) -> None:
    office, other = await an_office(database), await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    await a_ticket(database, office)
    await service.called(clerk)
    async with service.watch(f"/live/desk?token={clerk.token}") as screen:
        await screen.next()
        await database.hot.execute("UPDATE account SET office_id = $1 WHERE id = $2", other.id, clerk.account_id)
        service.app.state.sessions.drop()
        await a_ticket(database, office)
        assert await screen.closed() == 4401
    for action in ("start", "recall", "transfer"):
        refused = await service.desk(clerk, action, **({"desk": "1"} if action == "transfer" else {}))
        assert (refused.status_code, refused.json()["code"]) == (409, "shift_closed")
