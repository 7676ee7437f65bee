"""The hall administrator's commands as the screen sends them: what each does, what it refuses, and what the journal keeps of it."""

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from queue_service.db import Database
from queue_service.desks.find import number_in, same_person, words_of
from queue_service.staff.models import Role
from tests.support.booking import booked, free_slots
from tests.support.factories import (
    AClerk,
    AnOffice,
    a_clerk,
    a_clerk_at,
    a_kiosk,
    a_lane,
    a_privilege,
    a_service,
    a_ticket,
    an_office,
    booked_online,
)
from tests.support.service import Json, Service, bearer, eventually


async def administrator(database: Database, office: AnOffice, role: Role = Role.HALL_ADMINISTRATOR) -> AClerk:
    return await a_clerk(database, office, role=role)


async def act(service: Service, who: AClerk, ticket: int, what: str, **body: Any) -> httpx.Response:
    return await service.desk(who, f"hall/tickets/{ticket}/{what}", **body)


async def acted(service: Service, who: AClerk, ticket: int, what: str, **body: Any) -> Json:
    answer = await act(service, who, ticket, what, **body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def journal(service: Service, who: AClerk, **parameters: str) -> list[Json]:
    answer = await service.get("/api/desk/hall/journal", who.token, **parameters)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["acts"])


async def hall(service: Service, who: AClerk, condition: Callable[[Json], Any] = bool) -> Json:
    """The screen once it says so."""

    async def look() -> Json | None:
        answer = await service.get("/api/desk/hall", who.token)
        assert answer.status_code == 200, answer.text
        return answer.json() if condition(answer.json()) else None

    return dict(await eventually(look))


async def found(service: Service, who: AClerk, text: str) -> Json:
    answer = await service.desk(who, "hall/find", q=text)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


class TestActs:
    async def test_put_first_goes_before_everybody_and_says_why(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who = await administrator(database, office)
        await a_ticket(database, office)
        second = await a_ticket(database, office)
        assert (await act(service, who, second, "first", reason="  ")).json()["code"] == "reason_needed"
        assert await journal(service, who) == []
        await acted(service, who, second, "first", reason="Плохо себя чувствует")
        assert (await service.called(await a_clerk_at(database, office, "1")))["id"] == second
        (row,) = await journal(service, who)
        assert (row["kind"], row["who"], row["ticket"], row["reason"]) == ("reordered", who.name, second, {"ru": "Плохо себя чувствует"})

    async def test_set_aside_and_returned(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who = await administrator(database, office)
        ticket = await a_ticket(database, office)
        assert (await act(service, who, ticket, "postpone", reason="no such reason")).json()["code"] == "reason_needed"
        assert (await acted(service, who, ticket, "postpone", reason="documents", minutes=20))["state"] == "postponed"
        assert (await act(service, who, ticket, "postpone", reason="documents")).json()["code"] == "wrong_state"
        shown = await hall(service, who, lambda screen: screen["postponed"])
        assert shown["postponed"][0]["postpone_reason"] == {"ru": "Донесёт документы", "en": "Will bring documents"}
        assert (await acted(service, who, ticket, "resume"))["state"] == "waiting"
        assert (await act(service, who, ticket, "resume")).json()["code"] == "wrong_state"
        assert [row["kind"] for row in await journal(service, who)] == ["resumed", "postponed"]
        assert (await journal(service, who))[1]["reason"]["ru"] == "Донесёт документы"

    async def test_who_did_not_come_is_brought_back(self, service: Service, database: Database) -> None:
        office = await an_office(database, no_show_min_calls=1, no_show_min_seconds=0)
        who, clerk = await administrator(database, office), await a_clerk_at(database, office, "1")
        ticket = await a_ticket(database, office)
        await service.called(clerk)
        assert (await service.desk(clerk, "no-show")).status_code == 200
        assert [each["id"] for each in (await hall(service, who, lambda screen: screen["missed"]))["missed"]] == [ticket]
        assert (await acted(service, who, ticket, "come-back"))["state"] == "waiting"
        assert (await act(service, who, ticket, "come-back")).json()["code"] == "wrong_state"
        assert [row["kind"] for row in await journal(service, who)] == ["came_back"]

    async def test_needs_and_privilege_are_changed_with_before_and_after(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        await a_privilege(database)
        who = await administrator(database, office)
        await a_ticket(database, office)
        ticket = await a_ticket(database, office)
        assert (await acted(service, who, ticket, "needs", needs=["wheelchair"]))["needs"] == ["wheelchair"]
        answer = await act(service, who, ticket, "privilege", privilege="no such category")
        assert answer.json()["code"] == "unknown_privilege"
        assert (await acted(service, who, ticket, "privilege", privilege="veteran"))["privilege"]["state"] == "confirmed"
        assert (await service.called(await a_clerk_at(database, office, "1")))["id"] == ticket
        privileged, needing = await journal(service, who)
        assert (privileged["kind"], privileged["change"]["ru"]) == ("privilege_changed", "нет → veteran по-русски")
        assert (needing["kind"], needing["change"]["ru"]) == ("needs_changed", "нет → на коляске")

    async def test_taken_out_of_the_queue_with_a_reason(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who = await administrator(database, office)
        ticket = await a_ticket(database, office)
        assert (await act(service, who, ticket, "leave")).json()["code"] == "reason_needed"
        assert (await acted(service, who, ticket, "leave", reason="Ушёл, талон отдал"))["state"] == "left"
        assert (await act(service, who, ticket, "first", reason="Передумал")).json()["code"] == "wrong_state"
        assert [(row["kind"], row["reason"]["ru"]) for row in await journal(service, who)] == [("left", "Ушёл, талон отдал")]

    async def test_a_forgotten_desk_is_ended_and_its_visit_is_inaccurate(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who, clerk = await administrator(database, office), await a_clerk_at(database, office, "1")
        await a_ticket(database, office)
        await service.called(clerk)
        await service.desk(clerk, "start")
        assert (await service.desk(who, "hall/desks/1/end", reason="")).json()["code"] == "reason_needed"
        assert (await service.desk(who, "hall/desks/99/end", reason="Забыл закрыть")).status_code == 404
        assert (await service.desk(who, "hall/desks/1/end", reason="Забыл закрыть")).status_code == 204
        await hall(service, who, lambda screen: screen["desks"][0]["state"] == "closed")
        (row,) = await journal(service, who)
        assert (row["kind"], row["who"], row["desk"]) == ("finished", who.name, "1")
        assert (await service.desk(clerk, "recall")).status_code == 409

    async def test_a_service_is_closed_for_today_and_opened_again(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who, kiosk = await administrator(database, office), await a_kiosk(database, office)
        assert (await service.desk(who, "hall/services/passport/close", reason="")).json()["code"] == "reason_needed"
        assert (await service.desk(who, "hall/services/passport/close", reason="Нет связи с ведомством")).status_code == 204
        await hall(service, who, lambda screen: screen["services"][0]["closed_today"] == {"ru": "Нет связи с ведомством"})
        assert (await service.take(kiosk)).json()["code"] == "service_closed"
        assert (await service.desk(who, "hall/services/passport/open")).status_code == 204
        await hall(service, who, lambda screen: screen["services"][0]["closed_today"] is None)
        await service.taken(kiosk)

    async def test_a_notice_runs_on_the_boards_until_it_is_removed(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who = await administrator(database, office)
        assert (await service.desk(who, "hall/notices", ru="  ", minutes=30)).status_code == 400
        made = await service.desk(who, "hall/notices", ru="Лифт не работает", en="The lift is out of order", minutes=30)
        assert made.status_code == 201
        shown = await hall(service, who, lambda screen: screen["notices"])
        assert [(each["id"], each["by"]) for each in shown["notices"]] == [(made.json()["id"], who.name)]
        assert (await service.desk(who, f"hall/notices/{made.json()['id']}", "DELETE")).status_code == 204
        await hall(service, who, lambda screen: not screen["notices"])

    async def test_a_clerks_call_by_hand_stands_in_the_journal(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        who, clerk = await administrator(database, office), await a_clerk_at(database, office, "1")
        await a_ticket(database, office)
        second = await a_ticket(database, office)
        assert (await service.desk(clerk, "call", ticket=second, reason="Вернулся с копией")).status_code == 200
        assert [(row["kind"], row["who"], row["reason"]["ru"]) for row in await journal(service, who)] == [
            ("called", clerk.name, "Вернулся с копией")
        ]

    async def test_a_day_by_the_rule_leaves_the_journal_empty_and_another_day_is_another_list(
        self, service: Service, database: Database
    ) -> None:
        office = await an_office(database)
        who, clerk = await administrator(database, office), await a_clerk_at(database, office, "1")
        ticket = await a_ticket(database, office)
        await service.called(clerk)
        for step in ("start", "finish"):
            assert (await service.desk(clerk, step)).status_code == 200
        assert await journal(service, who) == []
        await acted(service, who, await a_ticket(database, office), "leave", reason="Ушёл")
        assert len(await journal(service, who)) == 1
        assert await journal(service, who, date="2020-01-01") == []
        assert ticket > 0


class TestIssuing:
    async def test_the_same_answer_as_at_the_kiosk_and_who_issued_it(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        await a_privilege(database)
        who, kiosk = await administrator(database, office), await a_kiosk(database, office)
        body: Json = {"service": "passport", "privilege": "veteran", "needs": ["hearing"], "language": "en"}
        key = uuid.uuid4().hex
        issued = await service.desk(who, "tickets", key=key, **body)
        assert issued.status_code == 201, issued.text
        assert issued.json().keys() == (await service.taken(kiosk)).keys()
        assert issued.json()["number"] == "А001"
        again = await service.desk(who, "tickets", key=key, **body)
        assert again.json()["id"] == issued.json()["id"]
        event = await database.hot.fetchval("SELECT details FROM ticket_event WHERE ticket_id = $1", issued.json()["id"])
        assert event == {"via": "staff", "by": who.account_id}

    @pytest.mark.parametrize("role", [Role.CLERK, Role.AUDITOR])
    async def test_not_by_other_duties_and_not_without_a_key(self, service: Service, database: Database, role: Role) -> None:
        office = await an_office(database)
        somebody, who = await administrator(database, office, role), await administrator(database, office)
        assert (await service.desk(somebody, "tickets", key="k", service="passport")).status_code == 403
        assert (await service.desk(who, "tickets", service="passport")).json()["code"] == "idempotency_key_missing"
        assert (await service.desk(who, "tickets", key="k", service="nonsense")).json()["code"] == "unknown_service"
        assert await database.hot.fetchval("SELECT count(*) FROM ticket") == 0


class TestFinding:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("А012", ("А", 12)),
            ("a12", ("А", 12)),
            ("A 012", ("А", 12)),
            ("c-7", ("С", 7)),
            ("12", ("", 12)),
            ("1200", ("", 1200)),
            ("Иванов", None),
            ("Щ012", None),
            ("", None),
        ],
    )
    def test_what_a_typed_number_means(self, typed: str, meant: tuple[str, int] | None) -> None:
        assert number_in(typed) == meant

    @pytest.mark.parametrize(
        ("typed", "same"),
        [
            ("семёнов", True),
            ("СЕМЕНОВ пётр", True),
            ("петр сем", True),
            ("семенов семенов", False),
            ("семенова", False),
            ("иванов", False),
        ],
    )
    def test_whose_name_it_is(self, typed: str, same: bool) -> None:
        assert same_person(words_of(typed), "Пётр Семёнов-Тянский") is same

    async def test_by_number_in_any_letters_and_state(self, service: Service, database: Database) -> None:
        office = await an_office(database, a_service("passport", "А"), a_service("help", "К"))
        who, kiosk = await administrator(database, office), await a_kiosk(database, office)
        ticket, other = await service.taken(kiosk), await service.taken(kiosk, "help")
        for typed in ("А001", "a001", "A1", " а 1 "):
            assert [each["id"] for each in (await found(service, who, typed))["tickets"]] == [ticket["id"]], typed
        assert {each["id"] for each in (await found(service, who, "1"))["tickets"]} == {ticket["id"], other["id"]}
        await acted(service, who, ticket["id"], "leave", reason="Ушёл")
        assert (await found(service, who, "А001"))["tickets"][0]["state"] == "left"
        assert await found(service, who, "А777") == {"tickets": [], "bookings": [], "more": False}
        assert (await service.desk(who, "hall/find", q="яя")).status_code == 400

    async def test_by_booking_code_and_by_name_without_showing_the_name(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        await booked_online(database, office)
        await a_lane(database, office)
        who = await administrator(database, office)
        slot = (await free_slots(service, office, days=1))[1]  # the first may begin before it is booked
        booking = await booked(service, office, slot, name="Пётр Семёнов")
        for typed in (booking["reference"], "семенов", "петр сем"):
            answer = await found(service, who, typed)
            assert [each["reference"] for each in answer["bookings"]] == [booking["reference"]], typed
            assert "емёнов" not in str(answer)
        assert (await found(service, who, "Кузнецова"))["bookings"] == []
        stranger = await administrator(database, await an_office(database))
        assert (await found(service, stranger, booking["reference"]))["bookings"] == []
        assert (await found(service, stranger, "семенов"))["bookings"] == []


COMMANDS: list[tuple[str, str, Json | None]] = [
    ("POST", "tickets/{ticket}/postpone", {"reason": "documents"}),
    ("POST", "tickets/{ticket}/resume", None),
    ("POST", "tickets/{ticket}/come-back", None),
    ("POST", "tickets/{ticket}/first", {"reason": "Почему-то"}),
    ("POST", "tickets/{ticket}/leave", {"reason": "Почему-то"}),
    ("POST", "tickets/{ticket}/needs", {"needs": []}),
    ("POST", "tickets/{ticket}/privilege", {"privilege": None}),
    ("GET", "tickets/{ticket}", None),
]
OF_THE_OFFICE: list[tuple[str, str, Json | None]] = [
    ("POST", "desks/1/end", {"reason": "Почему-то"}),
    ("POST", "services/passport/close", {"reason": "Почему-то"}),
    ("POST", "services/passport/open", None),
    ("POST", "notices", {"ru": "Объявление", "minutes": 5}),
    ("DELETE", "notices/1", None),
    ("POST", "messages/1/read", None),
    ("POST", "find", {"q": "1"}),
    ("GET", "journal", None),
    ("GET", "", None),
]


class TestWhoMay:
    @pytest.mark.parametrize(("method", "path", "body"), [*COMMANDS, *OF_THE_OFFICE])
    async def test_no_clerk(self, service: Service, database: Database, method: str, path: str, body: Json | None) -> None:
        office = await an_office(database)
        clerk = await a_clerk_at(database, office, "1")
        address = f"/api/desk/hall/{path.format(ticket=await a_ticket(database, office))}".rstrip("/")
        answer = await service.http.request(method, address, json=body, headers=bearer(clerk.token))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")

    @pytest.mark.parametrize(("method", "path", "body"), COMMANDS)
    async def test_no_other_offices_ticket(self, service: Service, database: Database, method: str, path: str, body: Json | None) -> None:
        ticket = await a_ticket(database, await an_office(database))
        stranger = await administrator(database, await an_office(database))
        address = f"/api/desk/hall/{path.format(ticket=ticket)}"
        answer = await service.http.request(method, address, json=body, headers=bearer(stranger.token))
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE ticket_id = $1", ticket) == 1

    async def test_the_page_is_for_the_administrator_and_the_head(self, service: Service, database: Database) -> None:
        office = await an_office(database)
        ticket = await a_ticket(database, office)
        codes = {}
        for role in (Role.CLERK, Role.HALL_ADMINISTRATOR, Role.OFFICE_HEAD):
            cookie = {"Cookie": f"queue_session={(await administrator(database, office, role)).token}"}
            paths = ("/desk/hall", f"/desk/hall/tickets/{ticket}/paper")
            answers = await asyncio.gather(*(service.http.get(path, headers=cookie) for path in paths))
            codes[role] = [answer.status_code for answer in answers]
        assert codes == {Role.CLERK: [403, 403], Role.HALL_ADMINISTRATOR: [200, 200], Role.OFFICE_HEAD: [200, 200]}
        assert (await service.http.get("/desk/hall")).headers["location"] == "/desk/login?next=/desk/hall"
        stranger = await administrator(database, await an_office(database))
        cookie = {"Cookie": f"queue_session={stranger.token}"}
        assert (await service.http.get(f"/desk/hall/tickets/{ticket}/paper", headers=cookie)).status_code == 404
