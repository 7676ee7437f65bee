"""What the hall administrator sees: every desk, everybody who waits, and every call for help, at once and truthfully."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from queue_service.db import Database
from queue_service.staff.models import Role
from queue_service.tickets.rules import Rank
from tests.support.factories import AClerk, AnOffice, Queued, a_clerk, a_clerk_at, a_desk, a_queue, a_service, a_ticket, an_office
from tests.support.service import Json, Service, bearer, eventually

MINUTE = timedelta(minutes=1)


async def hall(service: Service, who: AClerk, condition: Callable[[Json], Any] = bool) -> Json:
    async def look() -> Json | None:
        answer = await service.get("/api/desk/hall", who.token)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-store"
        return answer.json() if condition(answer.json()) else None

    return dict(await eventually(look))


async def administrator(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)


def due_in(minutes: int, head_start: int = 0) -> Queued:
    now = datetime.now(UTC)
    due = now + minutes * MINUTE
    return Queued(rank=Rank(due, due - head_start * MINUTE, now - 20 * MINUTE), issued_at=now - 20 * MINUTE)


async def test_every_desk_says_who_is_there_and_what_happens(service: Service, database: Database) -> None:
    office = await an_office(
        database,
        a_service("passport", "А"),
        a_service("help", "К"),
        desks=[a_desk("1", ["passport"]), a_desk("2", ["passport"]), a_desk("3", ["passport"]), a_desk("4", ["help"]), a_desk("5")],
    )
    who = await administrator(database, office)
    clerks = {number: await a_clerk_at(database, office, number) for number in ("1", "2", "3", "4")}
    called = await a_ticket(database, office)
    waiting = await a_ticket(database, office)
    await service.called(clerks["1"])
    await service.desk(clerks["2"], "shift/pause", reason="lunch", note="до двух", minutes=30)
    shown = await hall(service, who, lambda screen: screen["counts"]["desks_paused"] == 1 and screen["counts"]["at_desks"] == 1)
    desks = {each["number"]: each for each in shown["desks"]}
    assert {number: each["state"] for number, each in desks.items()} == {
        "1": "called",
        "2": "paused",
        "3": "idle",  # somebody waits for its service
        "4": "free",  # nobody does
        "5": "closed",
    }
    assert (desks["1"]["by"], desks["1"]["ticket"]["id"], desks["1"]["calls"]) == (clerks["1"].name, called, 1)
    assert (desks["2"]["pause_reason"]["ru"], desks["2"]["pause_note"]) == ("Обед", "до двух")
    planned = datetime.fromisoformat(desks["2"]["pause_until"]) - datetime.fromisoformat(desks["2"]["paused_at"])
    assert planned == 30 * MINUTE
    assert (desks["3"]["waiting"], desks["4"]["waiting"], desks["5"]["by"]) == (1, 0, None)
    assert [each["id"] for each in shown["queue"]] == [waiting]
    assert shown["counts"]["desks_open"] == 3
    await service.desk(clerks["1"], "start")
    await hall(service, who, lambda screen: screen["desks"][0]["state"] == "serving" and screen["desks"][0]["ticket"]["started_at"])


async def test_the_queue_stands_in_the_order_of_the_rule_and_the_norms_are_counted(service: Service, database: Database) -> None:
    office = await an_office(database, amber_minutes=5)
    who = await administrator(database, office)
    late, soon, calm, privileged = await a_queue(database, office, [due_in(-3), due_in(4), due_in(30), due_in(40, head_start=60)])
    shown = await hall(service, who, lambda screen: screen["counts"]["waiting"] == 4)
    assert [each["id"] for each in shown["queue"]] == [privileged, late, soon, calm]
    assert (shown["counts"]["amber"], shown["counts"]["breached"], shown["amber_minutes"]) == (1, 1, 5)
    assert shown["services"][0]["waiting"] == 4


async def test_calls_for_help_and_messages_stay_until_they_are_answered(service: Service, database: Database) -> None:
    office = await an_office(database)
    who, clerk = await administrator(database, office), await a_clerk_at(database, office, "1")
    async with service.watch("/live/hall", additional_headers=bearer(who.token)) as screen:
        await screen.until(lambda shown: shown["alarms"] == [])
        alarm = (await service.desk(clerk, "alarm")).json()["id"]
        shown = await screen.until(lambda shown: shown["alarms"])
        assert (shown["alarms"][0]["id"], shown["alarms"][0]["desk"], shown["alarms"][0]["name"]) == (alarm, "1", clerk.name)
        await service.desk(clerk, "messages", text="Кончилась бумага")
        shown = await screen.until(lambda shown: shown["messages"])
        assert (shown["messages"][0]["text"], shown["messages"][0]["desk"]) == ("Кончилась бумага", "1")
        assert (await service.desk(who, f"alarms/{alarm}/acknowledge")).status_code == 204
        assert (await service.desk(who, f"hall/messages/{shown['messages'][0]['id']}/read")).status_code == 204
        await screen.until(lambda shown: not shown["alarms"] and not shown["messages"])


async def test_the_socket_shows_a_notice_as_soon_as_it_is_written(service: Service, database: Database) -> None:
    office = await an_office(database)
    who = await administrator(database, office)
    async with service.watch("/live/hall", additional_headers=bearer(who.token)) as screen:
        await screen.until(lambda shown: shown["notices"] == [])
        await service.desk(who, "hall/notices", ru="Лифт не работает", minutes=5)
        await screen.until(lambda shown: [each["sentence"] for each in shown["notices"]] == [{"ru": "Лифт не работает"}])


async def test_only_the_administrator_and_the_head_watch_the_hall(service: Service, database: Database) -> None:
    office = await an_office(database)
    clerk = await a_clerk_at(database, office, "1")
    async with service.watch("/live/hall", additional_headers=bearer(clerk.token)) as screen:
        assert await screen.closed() == 4401
    head = await a_clerk(database, office, role=Role.OFFICE_HEAD)
    async with service.watch("/live/hall", additional_headers=bearer(head.token)) as screen:
        assert (await screen.next())["account"]["role"] == "office_head"
    assert (await service.get("/api/desk/hall", clerk.token)).status_code == 403
    other = {"Cookie": f"queue_session={head.token}", "Origin": "http://elsewhere.example"}
    async with service.watch("/live/hall", additional_headers=other) as screen:
        assert await screen.closed() == 4401


async def test_no_snapshot_of_the_hall_tells_a_secret_or_another_offices_visitor(service: Service, database: Database) -> None:
    office, other = await an_office(database), await an_office(database)
    who = await administrator(database, office)
    ticket = await a_ticket(database, office)
    await a_ticket(database, other)
    shown = await hall(service, who, lambda screen: screen["counts"]["waiting"])
    assert [each["id"] for each in shown["queue"]] == [ticket]
    assert "secret" not in shown["queue"][0]
