"""What each audience is shown, as plain GETs: the shapes that screens rely on, and that they tell the truth."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.live.views.board import NEXT_SHOWN
from queue_service.staff.models import Role
from queue_service.tickets.models import label
from queue_service.tickets.rules import Rank, Source
from tests.support.factories import (
    AnOffice,
    Queued,
    a_clerk,
    a_clerk_at,
    a_desk,
    a_kiosk,
    a_privilege,
    a_queue,
    a_service,
    a_ticket,
    an_office,
)
from tests.support.service import Json, Service, eventually

MINUTE = timedelta(minutes=1)


async def shown(service: Service, path: str, condition: Callable[[Json], Any], token: str | None = None, **parameters: str) -> Json:
    """The snapshot once it says so; a process hears of a commit some milliseconds after it."""

    async def look() -> Json | None:
        answer = await service.get(path, token, **parameters)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        snapshot: Json = answer.json()
        return snapshot if condition(snapshot) else None

    return dict(await eventually(look))


async def board(service: Service, office: AnOffice, condition: Callable[[Json], Any] = bool, **parameters: str) -> Json:
    return await shown(service, f"/api/public/offices/{office.slug}/board", condition, **parameters)


def lead(service: str = "passport", *, head_start: int = 0, due: int = 15, came: int = 0) -> Queued:
    """A visitor with this lead, in minutes."""
    issued_at = datetime.now(UTC) - came * MINUTE
    due_at = issued_at + due * MINUTE
    return Queued(service, Rank(due_at, due_at - head_start * MINUTE, issued_at), issued_at)


class TestBoard:
    async def test_an_empty_hall(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2")], ticker=[{"ru": "Добро пожаловать", "en": "Welcome"}])
        board_ = await board(service, office)
        assert board_.pop("version") > 0
        now = datetime.fromisoformat(board_.pop("now"))
        assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)
        closes = board_["open"].pop("closes_at")
        assert datetime.fromisoformat(closes) > now
        assert board_ == {
            "office": {
                "slug": office.slug,
                "name": {"ru": f"{office.slug} по-русски", "en": f"{office.slug} in English"},
                "district": {"ru": "district по-русски", "en": "district in English"},
                "address": {"ru": "address по-русски", "en": "address in English"},
                "time_zone": board_["office"]["time_zone"],
            },
            "zone": None,
            "open": {"now": True, "opens_at": None, "sentence": None, "reason": None},
            "calls": [],
            "next": [],
            "ticker": [{"ru": "Добро пожаловать", "en": "Welcome"}],
            "desks": {"open": 0, "paused": 0, "closed": 2},
            "desk_states": [{"number": number, "state": "closed", "until": None} for number in "12"],
            "settings": {"distance_m": 5, "volume": 80, "rows": 6, "theme": "dark", "gong": True, "languages": ["ru"]},
        }

    async def test_the_newest_call_stands_first_and_a_recall_is_newest_again(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2")])
        first, second = await a_clerk_at(database, office, "1"), await a_clerk_at(database, office, "2")
        await a_queue(database, office, [Queued(), Queued()])
        one, two = (await service.called(first))["number"], (await service.called(second))["number"]

        called = await board(service, office, lambda each: len(each["calls"]) == 2)
        assert [(call["ticket"], call["desk"], call["recall"], call["state"]) for call in called["calls"]] == [
            (two, "2", False, "called"),
            (one, "1", False, "called"),
        ]
        await service.desk(first, "recall")
        recalled = await board(service, office, lambda each: each["calls"][0]["recall"])
        newest, other = recalled["calls"]
        assert (newest["ticket"], newest["desk"]) == (one, "1")
        assert newest["call_id"] > max(call["call_id"] for call in called["calls"]), "a recall is a call of its own"
        assert newest["called_at"] > called["calls"][1]["called_at"]
        assert other == called["calls"][0]

    async def test_who_is_served_stays_on_the_board_and_who_is_done_leaves_it(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        await a_ticket(database, office)
        await service.called(clerk)
        await service.desk(clerk, "start")
        serving = await board(service, office, lambda each: each["calls"] and each["calls"][0]["state"] == "serving")
        assert not serving["calls"][0]["recall"]
        await service.desk(clerk, "finish")
        await board(service, office, lambda each: not each["calls"])

    async def test_next_are_the_first_of_the_queue_in_its_order(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        await a_queue(database, office, [lead(due=20 + number) for number in range(NEXT_SHOWN + 2)])
        privileged = await a_ticket(database, office, rank=lead(head_start=120).rank)
        numbers = await database.hot.fetch("SELECT id, letter, number FROM ticket ORDER BY id")
        labels = [label(row["letter"], row["number"]) for row in numbers]
        queue = await board(service, office, lambda each: labels[-1] in each["next"])
        assert numbers[-1]["id"] == privileged
        assert queue["next"] == [labels[-1], *labels[: NEXT_SHOWN - 1]]

    async def test_a_zone_shows_its_own_desks_calls_and_queue(self, service: Service, database: Database) -> None:
        services = [a_service("passport"), a_service("benefit")]
        desks = [a_desk("1", ["passport"], zone="hall"), a_desk("2", ["benefit"], zone="floor-2")]
        office = await an_office(database, *services, desks=desks)
        clerks = [await a_clerk_at(database, office, number) for number in "12"]
        await a_queue(database, office, [Queued("passport"), Queued("benefit"), Queued("passport")])
        for clerk in clerks:
            await service.called(clerk)
        await board(service, office, lambda each: len(each["calls"]) == 2)
        hall = await board(service, office, zone="hall")
        assert hall["zone"] == {"code": "hall", "name": {"ru": "hall по-русски", "en": "hall in English"}}
        assert [(call["desk"], call["zone"]) for call in hall["calls"]] == [("1", "hall")]
        assert len(hall["next"]) == 1
        assert hall["desks"] == {"open": 1, "paused": 0, "closed": 0}
        upstairs = await board(service, office, zone="floor-2")
        assert [call["desk"] for call in upstairs["calls"]] == ["2"]
        assert upstairs["next"] == []

    async def test_desks_are_counted_as_they_are(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2"), a_desk("3")])
        await a_clerk_at(database, office, "1")
        resting = await a_clerk_at(database, office, "2")
        await service.desk(resting, "shift/pause", reason="lunch")
        await board(service, office, lambda each: each["desks"] == {"open": 1, "paused": 1, "closed": 1})

    async def test_a_desks_break_is_told_with_its_kind_and_its_end(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2"), a_desk("3"), a_desk("4")])
        clerks = {number: await a_clerk_at(database, office, number) for number in "123"}
        await service.desk(clerks["2"], "shift/pause", reason="lunch", minutes=30)
        await service.desk(clerks["3"], "shift/pause", reason="technical")
        board_ = await board(service, office, lambda each: each["desks"]["paused"] == 2)
        states = {each["number"]: each for each in board_["desk_states"]}
        assert [states[number]["state"] for number in "1234"] == ["open", "paused", "technical", "closed"]
        assert datetime.fromisoformat(states["2"]["until"]) - datetime.now(UTC) < 31 * MINUTE
        assert states["3"]["until"] is None
        assert clerks["2"].name not in str(board_), "whose break it is, is nobody's business"

    async def test_a_postponed_visitor_is_called_like_any_other(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        ticket = await a_ticket(database, office)
        number = (await service.called(clerk))["number"]
        assert (await service.desk(clerk, "postpone", reason="form", minutes=10)).status_code == 200
        aside = await board(service, office, lambda each: not each["calls"])
        assert number not in aside["next"], "nobody is told to be ready who is filling in a form"
        assert (await service.desk(clerk, "call", ticket=ticket)).status_code == 200
        again = await board(service, office, lambda each: each["calls"])
        (call,) = again["calls"]
        assert (call["ticket"], call["desk"], call["recall"], call["state"]) == (number, "1", False, "called")

    async def test_the_way_to_an_accessible_desk_bears_its_sign_for_who_needs_it(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1", accessible=True), a_desk("2")])
        first, second = await a_clerk_at(database, office, "1"), await a_clerk_at(database, office, "2")
        chair, walking = await a_queue(database, office, [Queued(), Queued()])
        await database.hot.execute("UPDATE ticket SET needs = '{wheelchair}' WHERE id = $1", chair)
        assert (await service.called(second))["id"] == walking
        assert (await service.called(first))["id"] == chair
        called = await board(service, office, lambda each: len(each["calls"]) == 2)
        assert {call["desk"]: call["accessible"] for call in called["calls"]} == {"1": True, "2": False}

    async def test_a_notice_of_the_hall_stands_first_in_the_ticker_until_its_time(self, service: Service, database: Database) -> None:
        office = await an_office(database, ticker=[{"ru": "Добро пожаловать"}])
        head = await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
        written = await service.desk(head, "hall/notices", ru="Окно 3 временно не принимает", minutes=20)
        assert written.status_code == 201, written.text
        board_ = await board(service, office, lambda each: len(each["ticker"]) == 2)
        assert [line["ru"] for line in board_["ticker"]] == ["Окно 3 временно не принимает", "Добро пожаловать"]
        await service.desk(head, f"hall/notices/{written.json()['id']}", "DELETE")
        await board(service, office, lambda each: len(each["ticker"]) == 1)

    async def test_a_zone_announces_those_who_will_be_called_there(self, service: Service, database: Database) -> None:
        desks = [a_desk("1", zone="hall"), a_desk("2", zone="floor-2"), a_desk("3", zone="floor-2", accessible=True)]
        office = await an_office(database, desks=desks)
        anybody, sent, chair = await a_queue(database, office, [Queued(), Queued(), Queued()])
        hot = database.hot
        await hot.execute("UPDATE ticket SET for_desk_id = $2 WHERE id = $1", sent, office.desks["1"])
        await hot.execute("UPDATE ticket SET needs = '{wheelchair}' WHERE id = $1", chair)
        rows = await hot.fetch("SELECT id, letter, number FROM ticket")
        number = {row["id"]: label(row["letter"], row["number"]) for row in rows}

        async def announced(zone: str, numbers: list[int]) -> None:
            await board(service, office, lambda each: each["next"] == [number[ticket] for ticket in numbers], zone=zone)

        await announced("hall", [anybody, sent, chair])
        await announced("floor-2", [anybody, chair])
        await a_clerk_at(database, office, "1")
        await announced("hall", [anybody, sent, chair])
        await announced("floor-2", [])
        await a_clerk_at(database, office, "3")
        await announced("hall", [anybody, sent])
        await announced("floor-2", [anybody, chair])
        whole = await board(service, office)
        assert whole["next"] == [number[each] for each in (anybody, sent, chair)]

    async def test_there_is_no_board_of_an_office_that_is_not_there(self, service: Service) -> None:
        answer = await service.get("/api/public/offices/atlantis/board")
        assert (answer.status_code, answer.json()["detail"]) == (404, "Такого отделения нет.")

    async def test_nothing_on_the_board_opens_a_ticket_page(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        await a_queue(database, office, [Queued(), Queued()])
        await service.called(clerk)
        secrets = [row["secret"] for row in await database.hot.fetch("SELECT secret FROM ticket")]
        await board(service, office, lambda each: each["calls"])
        answer = await service.get(f"/api/public/offices/{office.slug}/board")
        assert not [secret for secret in secrets if secret in answer.text]


class TestMenu:
    async def test_every_reason_not_to_offer_a_service(self, service: Service, database: Database) -> None:
        services = [
            a_service("passport", "А"),
            a_service("closed", "А", active=False),
            a_service("booked", "В", walk_in=False),
            a_service("gone", "В", limit=1),
        ]
        office = await an_office(database, *services)
        kiosk = await a_kiosk(database, office)
        await service.taken(kiosk, "gone")

        def of(menu: Json) -> dict[str, tuple[str, Any]]:
            listed = (each for group in menu["groups"] for each in group["services"])
            return {each["code"]: (each["availability"], each["reason"] and each["reason"]["ru"]) for each in listed}

        menu = await shown(service, "/api/kiosk/menu", lambda each: of(each)["gone"][0] == "limit_reached", kiosk)
        assert of(menu) == {
            "passport": ("open", None),
            "closed": ("closed", "Сейчас услуга не оказывается"),
            "booked": ("booking_only", "Только по предварительной записи"),
            "gone": ("limit_reached", "Талоны на сегодня закончились"),
        }
        assert [group["letter"] for group in menu["groups"]] == ["А", "В"]
        assert [each["code"] for each in menu["groups"][0]["services"]] == ["passport", "closed"]

    async def test_a_service_that_was_closed_for_today_says_why(self, service: Service, database: Database) -> None:
        office = await an_office(database, a_service("passport"), a_service("benefit"))
        kiosk, head = await a_kiosk(database, office), await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
        assert (await service.desk(head, "hall/services/benefit/close", reason="сломался принтер бланков")).is_success

        def benefit(menu: Json) -> Json:
            return dict(menu["groups"][0]["services"][1])

        menu = await shown(service, "/api/kiosk/menu", lambda each: benefit(each)["availability"] == "closed", kiosk)
        assert benefit(menu)["reason"]["ru"] == "Сегодня услуга больше не оказывается: сломался принтер бланков."
        assert menu["groups"][0]["services"][0]["availability"] == "open"
        assert (await service.desk(head, "hall/services/benefit/open")).is_success
        await shown(service, "/api/kiosk/menu", lambda each: benefit(each)["availability"] == "open", kiosk)

    async def test_a_closed_office_says_so_on_every_service(self, service: Service, database: Database) -> None:
        office = await an_office(database, hours=[])
        menu = (await service.get("/api/kiosk/menu", await a_kiosk(database, office))).json()
        assert menu["open"]["now"] is False
        assert menu["open"]["sentence"] == {"ru": "Отделение сейчас закрыто.", "en": "The office is closed now."}
        (offered,) = menu["groups"][0]["services"]
        assert (offered["availability"], offered["reason"]) == ("office_closed", menu["open"]["sentence"])

    async def test_a_service_tells_what_to_expect_of_it(self, service: Service, database: Database) -> None:
        office = await an_office(database, a_service("passport", typical=10))
        kiosk = await a_kiosk(database, office)
        await a_clerk_at(database, office, "1")
        await a_queue(database, office, [Queued(), Queued()])
        menu = await shown(service, "/api/kiosk/menu", lambda each: each["groups"][0]["services"][0]["ahead"] == 2, kiosk)
        (offered,) = menu["groups"][0]["services"]
        wait = offered.pop("wait")
        assert 0 < wait["low"] <= 20 <= wait["high"] < 40
        assert offered == {
            "code": "passport",
            "name": {"ru": "passport по-русски", "en": "passport in English"},
            "goal": "submit",
            "documents": [{"ru": "паспорт по-русски", "en": "паспорт in English"}],
            "duration_minutes": 10,
            "availability": "open",
            "reason": None,
            "ahead": 2,
        }

    async def test_nobody_guesses_a_wait_when_no_desk_is_open(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2")])
        kiosk, resting = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
        await service.desk(resting, "shift/pause", reason="lunch")
        menu = await shown(service, "/api/kiosk/menu", lambda each: each["groups"][0]["services"][0]["wait"] is None, kiosk)
        assert menu["groups"][0]["services"][0]["ahead"] == 0
        assert (await service.taken(kiosk))["wait"] is None

    async def test_the_dictionaries_are_those_of_today(self, service: Service, database: Database) -> None:
        today = datetime.now(UTC).date()
        await a_privilege(database, "former", until=today - timedelta(days=2))
        await a_privilege(database, "present")
        menu = (await service.get("/api/kiosk/menu", await a_kiosk(database, await an_office(database)))).json()
        assert menu["privileges"] == [
            {
                "code": "present",
                "name": {"ru": "present по-русски", "en": "present in English"},
                "document": {"ru": "удостоверение по-русски", "en": "удостоверение in English"},
            }
        ]
        assert {need["code"] for need in menu["needs"]} == {"low_vision", "hearing", "wheelchair"}
        assert menu["check_in"] is False


class TestPhone:
    async def test_a_ticket_from_its_issue_to_the_end(self, service: Service, database: Database) -> None:
        office = await an_office(database, no_show_min_calls=1)
        kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
        await service.taken(kiosk)
        mine = await service.taken(kiosk, needs=["wheelchair"])
        path = f"/api/public/tickets/{mine['secret']}"

        waiting = await shown(service, path, lambda each: each["ahead"] == 1)
        assert {
            name: waiting[name] for name in ("number", "state", "office", "service", "source", "desk", "called_at", "calls", "late")
        } == {
            "number": mine["number"],
            "state": "waiting",
            "office": office.slug,
            "service": "passport",
            "source": "walk_in",
            "desk": None,
            "called_at": None,
            "calls": 0,
            "late": False,
        }
        assert waiting["desks"] == ["1"]
        assert waiting["needs"] == ["wheelchair"]
        assert waiting["wait"]["low"] <= waiting["wait"]["high"]
        assert datetime.fromisoformat(waiting["due_at"]) - datetime.fromisoformat(waiting["issued_at"]) == 15 * MINUTE
        assert waiting["why"]["ru"].startswith("Талон выдан в ")

        await service.called(clerk)
        await shown(service, path, lambda each: each["ahead"] == 0)
        await service.desk(clerk, "start")
        await service.desk(clerk, "finish")
        await service.called(clerk)
        called = await shown(service, path, lambda each: each["state"] == "called")
        assert (called["ahead"], called["wait"], called["desk"], called["calls"]) == (None, None, "1", 1)
        assert called["called_at"] is not None
        assert called["why"]["ru"].startswith("Вызван следующим: ")

        await service.desk(clerk, "start")
        await shown(service, path, lambda each: each["state"] == "serving")
        await service.desk(clerk, "finish")
        served = await shown(service, path, lambda each: each["state"] == "served")
        assert (served["desk"], served["called_at"], served["ahead"]) == (None, None, None)

    async def test_a_privilege_is_told_with_its_state(self, service: Service, database: Database) -> None:
        await a_privilege(database, "veteran")
        mine = await service.taken(await a_kiosk(database, await an_office(database)), privilege="veteran")
        phone = (await service.get(f"/api/public/tickets/{mine['secret']}")).json()
        assert phone["privilege"] == {
            "code": "veteran",
            "name": {"ru": "veteran по-русски", "en": "veteran in English"},
            "state": "claimed",
        }
        assert "вне очереди" in phone["why"]["ru"]

    async def test_the_ticket_that_has_just_been_issued_knows_its_place(self, service: Service, database: Database) -> None:
        """Also when many are issued at once, and before anybody has told this process of them."""
        office = await an_office(database)
        kiosk = await a_kiosk(database, office)
        await a_clerk_at(database, office, "1")
        issued = [await service.taken(kiosk) for _ in range(12)]
        assert [ticket["ahead"] for ticket in issued] == list(range(12))
        waits = [ticket["wait"]["high"] for ticket in issued]
        assert waits == sorted(waits)

    async def test_the_desks_that_are_promised_are_those_that_may_call(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2", accessible=True), a_desk("3")])
        for number in "123":
            await a_clerk_at(database, office, number)
        anybody, sent, chair = await a_queue(database, office, [Queued(), Queued(), Queued()])
        await database.hot.execute("UPDATE ticket SET for_desk_id = $2 WHERE id = $1", sent, office.desks["3"])
        await database.hot.execute("UPDATE ticket SET needs = '{wheelchair}' WHERE id = $1", chair)
        for ticket, desks in ((anybody, ["1", "2", "3"]), (sent, ["3"]), (chair, ["2"])):
            secret = await database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", ticket)
            assert (await service.get(f"/api/public/tickets/{secret}")).json()["desks"] == desks

    async def test_people_ahead_are_those_before_the_same_desks(self, service: Service, database: Database) -> None:
        services = [a_service("passport", "А"), a_service("benefit", "В")]
        office = await an_office(database, *services, desks=[a_desk("1", ["passport"]), a_desk("2", ["benefit"])])
        kiosk = await a_kiosk(database, office)
        for number in "12":
            await a_clerk_at(database, office, number)
        await a_queue(database, office, [Queued("benefit")] * 3)
        assert (await service.taken(kiosk, "passport"))["ahead"] == 0

        async def counted() -> bool:
            return int((await service.taken(kiosk, "benefit"))["ahead"]) >= 3

        await eventually(counted)


class TestDesk:
    async def test_the_desk_screen(self, service: Service, database: Database) -> None:
        office = await an_office(database, desks=[a_desk("1"), a_desk("2", accessible=True)], no_show_min_calls=2, no_show_min_seconds=30)
        clerk, other = await a_clerk_at(database, office, "1"), await a_clerk_at(database, office, "2")
        late = lead(due=15, came=20)
        await a_queue(database, office, [late, Queued()])
        screen = await shown(service, "/api/desk/queue", lambda each: each["counts"]["waiting"] == 2, clerk.token)
        assert screen["account"] == {"login": clerk.login, "name": clerk.name, "role": "clerk"}
        assert [(each["number"], each["state"], each["by"], each["mine"], each["accessible"]) for each in screen["desks"]] == [
            ("1", "open", clerk.name, True, False),
            ("2", "open", other.name, False, True),
        ]
        assert (screen["shift"]["desk"], screen["shift"]["state"]) == ("1", "open")
        assert screen["current"] is None
        assert [(row["breach"], row["service"]) for row in screen["queue"]] == [(True, "passport"), (False, "passport")]
        assert screen["counts"] == {"waiting": 2, "breached": 1, "served_today": 0, "average_serving_seconds": None}
        assert {reason["code"] for reason in screen["pause_reasons"]} == {"lunch", "break", "technical", "paperwork", "training"}
        assert screen["rules"] == {"no_show_min_calls": 2, "no_show_min_seconds": 30, "auto_call_seconds": None, "amber_minutes": 5}

        called = await service.called(clerk)
        now = await shown(service, "/api/desk/queue", lambda each: each["current"], clerk.token)
        assert now["current"] == called
        assert now["counts"]["waiting"] == 1

    async def test_what_was_served_is_counted_for_the_clerk(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        await a_ticket(database, office)
        await service.called(clerk)
        await service.desk(clerk, "start")
        await service.desk(clerk, "finish")
        await database.hot.execute("UPDATE shift SET serving_seconds = 90")  # however long the machine took to finish
        await database.hot.execute("SELECT pg_notify('office_changed', $1)", str(office.id))
        screen = await shown(service, "/api/desk/queue", lambda each: each["counts"]["average_serving_seconds"] == 90, clerk.token)
        assert screen["counts"]["served_today"] == 1

    async def test_a_clerk_without_a_desk_chooses_one(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        await a_ticket(database, office)
        screen = (await service.get("/api/desk/queue", (await a_clerk(database, office)).token)).json()
        assert (screen["shift"], screen["current"], screen["queue"]) == (None, None, [])
        assert [(each["number"], each["state"]) for each in screen["desks"]] == [("1", "closed")]

    async def test_the_queue_is_shown_in_the_order_in_which_this_desk_would_call_it(self, service: Service, database: Database) -> None:
        services = [a_service("passport"), a_service("benefit"), a_service("question")]
        desk = a_desk("1", ["passport", "benefit"], help_out=["question"])
        office = await an_office(database, *services, desks=[desk], help_out_penalty_minutes=10)
        clerk = await a_clerk_at(database, office, "1")
        now = datetime.now(UTC)
        booked = Rank(now + 12 * MINUTE, now - 48 * MINUTE, now + 7 * MINUTE)
        queue = [
            lead("question", due=5),
            lead("passport", due=20),
            lead("benefit", due=14),
            lead("passport", due=25, head_start=120),
            Queued("benefit", booked, now, source=Source.BOOKED),
        ]
        await a_queue(database, office, queue)
        screen = await shown(service, "/api/desk/queue", lambda each: len(each["queue"]) == len(queue), clerk.token)
        called = []
        for _ in queue:
            called.append((await service.called(clerk))["number"])
            await service.desk(clerk, "start")
            await service.desk(clerk, "finish")
        assert [row["number"] for row in screen["queue"]] == called
        assert screen["queue"][1]["booked_for"] is not None

    @pytest.mark.parametrize("name", ["name", "secret", "idempotency"])
    async def test_a_clerk_is_shown_no_more_of_a_visitor_than_the_visit_needs(
        self, service: Service, database: Database, name: str
    ) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        await a_queue(database, office, [Queued(), Queued()])
        await service.called(clerk)
        screen = await shown(service, "/api/desk/queue", lambda each: each["current"] and each["queue"], clerk.token)
        keys = {*screen["current"], *screen["queue"][0]}
        assert not [key for key in keys if key.startswith(name)]


async def test_offices_are_listed_with_their_hours(service: Service, database: Database) -> None:
    open_, closed = await an_office(database, position=2), await an_office(database, hours=[], position=1)
    listed = (await service.get("/api/public/offices")).json()
    assert [(each["office"]["slug"], each["open"]["now"]) for each in listed] == [(closed.slug, False), (open_.slug, True)]


async def test_an_office_says_what_it_does(service: Service, database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("closed", active=False), desks=[a_desk("1", zone="hall")])
    await a_queue(database, office, [Queued(), Queued()])
    details = await shown_office(service, office)
    assert details["waiting"] == 2
    assert [each["code"] for each in details["services"]] == ["passport"]
    assert details["zones"] == {"hall": {"ru": "hall по-русски", "en": "hall in English"}}


async def shown_office(service: Service, office: AnOffice) -> Json:
    async def look() -> Json | None:
        details: Json = (await service.get(f"/api/public/offices/{office.slug}")).json()
        return details if details["waiting"] else None

    return dict(await eventually(look))


async def test_a_changed_set_up_is_heard_at_once(service: Service, database: Database) -> None:
    """An administrator closes a service; no kiosk issues a ticket for it a moment later."""
    office = await an_office(database)
    kiosk = await a_kiosk(database, office)
    await service.taken(kiosk)
    await database.hot.execute("UPDATE service SET active = false WHERE office_id = $1", office.id)
    await database.hot.execute("SELECT pg_notify('setup_changed', $1)", str(office.id))

    async def refused() -> bool:
        return (await service.take(kiosk)).status_code == 403

    await eventually(refused)


async def test_a_storm_of_looks_is_answered_from_one_reading(service: Service, database: Database) -> None:
    office = await an_office(database)
    answers = await asyncio.gather(*(service.get(f"/api/public/offices/{office.slug}/board") for _ in range(60)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["version"] for answer in answers}) <= 5


async def test_a_ticket_knows_its_place_before_its_notice_has_come(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk = await a_kiosk(database, office)
    for ahead in range(5):
        taken = await service.taken(kiosk)
        assert (await service.get(f"/api/public/tickets/{taken['secret']}")).json()["ahead"] == ahead
