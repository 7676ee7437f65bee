"""What goes against the order, and every look at personal data, stands in the record: who, from where, what and why, and never whose."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from queue_service.db import Database
from queue_service.staff.models import Role
from queue_service.timing import clock
from tests.support.booking import a_contact, booked, free_slots
from tests.support.factories import AClerk, AnOffice, a_clerk, a_clerk_at, a_desk, a_lane, a_privilege, a_ticket, an_office, booked_online
from tests.support.service import Json, Service, bearer

NAME = "Евпраксия Долгорукова"


@dataclass
class Hall:
    service: Service
    database: Database
    office: AnOffice
    clerk: AClerk
    administrator: AClerk

    async def does(self, path: str, who: AClerk | None = None, **body: Any) -> Json:
        answer = await self.service.desk(who or self.administrator, path, **body)
        assert answer.status_code < 300, answer.text
        return dict(answer.json()) if answer.content else {}

    async def written(self, act: str) -> list[Mapping[str, Any]]:
        rows = await self.database.hot.fetch("SELECT * FROM audit_record WHERE act = $1 ORDER BY id", act)
        assert NAME.split()[0] not in str([dict(row) for row in rows])
        return [dict(row) for row in rows]

    async def looks(self, who: AClerk | None = None) -> Json:
        answer = await self.service.get("/api/desk/visitor", (who or self.clerk).token)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def arrives(self, name: str = NAME) -> Json:
        """A booking for the next time but one (the next may be over in a moment), checked in by hand."""
        slots = await free_slots(self.service, self.office, days=1)
        booking = await booked(self.service, self.office, slots[1], contact=a_contact(), name=name)
        answer = await self.service.http.post(
            "/api/desk/check-ins", json={"code": booking["reference"]}, headers=bearer(self.administrator.token)
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@pytest.fixture
async def hall(service: Service, database: Database) -> Hall:
    office = await an_office(database, desks=(a_desk("1"), a_desk("2")), no_show_min_calls=1, no_show_min_seconds=0)
    await booked_online(database, office, check_in_opens_minutes=720, freed_delay_minutes=0)
    await a_lane(database, office)
    clerk = await a_clerk_at(database, office, "1")
    return Hall(service, database, office, clerk, await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR))


async def test_every_act_of_the_hall_is_written_down_once_with_its_reason(hall: Hall) -> None:
    await a_privilege(hall.database)
    ticket = await a_ticket(hall.database, hall.office)
    on = f"hall/tickets/{ticket}"
    await hall.does(f"{on}/needs", needs=["hearing"])
    await hall.does(f"{on}/privilege", privilege="veteran")
    await hall.does(f"{on}/first", reason="Скорая ждёт")
    await hall.does(f"{on}/postpone", reason="documents")
    await hall.does(f"{on}/resume")
    await hall.does(f"{on}/leave", reason="Ушёл сам")
    await hall.does("hall/services/passport/close", reason="Нет бланков")
    await hall.does("hall/services/passport/open")
    await hall.does("hall/desks/1/end", reason="Забыл закрыть")
    rows = await hall.database.hot.fetch("SELECT act, subject, actor, actor_id, address, office_id, reason FROM audit_record ORDER BY id")
    assert [(row["act"], row["subject"], row["reason"]) for row in rows] == [
        ("ticket.needs_changed", f"ticket:{ticket}", None),
        ("ticket.privilege_changed", f"ticket:{ticket}", None),
        ("ticket.reordered", f"ticket:{ticket}", "Скорая ждёт"),
        ("ticket.postponed", f"ticket:{ticket}", "documents"),
        ("ticket.resumed", f"ticket:{ticket}", None),
        ("ticket.sent_away", f"ticket:{ticket}", "Ушёл сам"),
        ("service.closed_for_today", "service:passport", "Нет бланков"),
        ("service.reopened", "service:passport", None),
        ("desk.ended", "desk:1", "Забыл закрыть"),
    ]
    who = hall.administrator
    assert {(row["actor"], row["actor_id"], row["address"], row["office_id"]) for row in rows} == {
        (who.login, who.account_id, "127.0.0.1", hall.office.id)
    }
    (needs,) = await hall.written("ticket.needs_changed")
    assert (needs["before"], needs["after"]["value"]) == ({"value": []}, ["hearing"])


async def test_a_call_by_number_is_written_down_and_the_ordinary_one_is_not(hall: Hall) -> None:
    await a_ticket(hall.database, hall.office)
    ticket = await a_ticket(hall.database, hall.office)
    await hall.does("call", hall.clerk, ticket=ticket, reason="Ошибся окном")
    (row,) = await hall.written("ticket.called_out_of_order")
    assert (row["subject"], row["reason"], row["actor"], row["after"]["rule"]) == (
        f"ticket:{ticket}",
        "Ошибся окном",
        hall.clerk.login,
        "by_hand",
    )
    await hall.does("start", hall.clerk)
    await hall.does("finish", hall.clerk)
    await hall.does("call-next", hall.clerk)
    assert await hall.database.hot.fetchval("SELECT count(*) FROM audit_record") == 1


async def test_a_refused_act_leaves_no_record(hall: Hall) -> None:
    ticket = await a_ticket(hall.database, hall.office)
    answer = await hall.service.desk(hall.administrator, f"hall/tickets/{ticket}/first", reason="")
    assert answer.status_code == 422
    assert await hall.database.hot.fetchval("SELECT count(*) FROM audit_record") == 0


async def test_a_name_is_shown_only_at_the_desk_that_has_called_and_each_call_is_one_record(hall: Hall) -> None:
    other = await a_clerk_at(hall.database, hall.office, "2")
    arrived = await hall.arrives()
    for who in (hall.clerk, other, hall.administrator):
        before = await hall.service.get("/api/desk/visitor", who.token)
        assert (before.status_code, NAME in before.text) == (409, False)
    called = await hall.does("call-next", hall.clerk)
    assert (called["id"], NAME in str(called)) == (arrived["id"], False)
    for _ in range(3):
        assert await hall.looks() == {"number": called["number"], "name": NAME}
    assert (await hall.service.get("/api/desk/visitor", other.token)).status_code == 409
    (row,) = await hall.written("visitor.name_seen")
    assert row["subject"].startswith("booking:")
    assert (row["actor"], row["address"], row["after"]) == (hall.clerk.login, "127.0.0.1", {"number": called["number"]})
    await hall.does("return", hall.clerk)
    await hall.does("call-next", hall.clerk)
    await hall.looks()
    assert len(await hall.written("visitor.name_seen")) == 2
    await hall.database.hot.execute("UPDATE appointment SET name_sealed = NULL")
    assert (await hall.looks())["name"] is None


async def test_a_walk_in_has_no_name_to_be_seen(hall: Hall) -> None:
    await a_ticket(hall.database, hall.office)
    await hall.does("call-next", hall.clerk)
    assert (await hall.looks())["name"] is None
    assert await hall.written("visitor.name_seen") == []


async def test_before_the_call_no_name_is_in_any_answer_for_staff(hall: Hall) -> None:
    await hall.arrives()
    await a_ticket(hall.database, hall.office)
    today = clock().date()
    for path in (
        "/api/desk/queue",
        "/api/desk/hall",
        "/api/desk/bookings",
        "/api/desk/hall/journal",
        "/api/desk/slots?service=passport",
        f"/api/desk/bookings?date={today + timedelta(days=1)}",
        "/desk",
        "/desk/hall",
        "/desk/bookings",
    ):
        for who in (hall.clerk, hall.administrator):
            answer = await hall.service.http.get(path, headers=bearer(who.token))
            assert answer.status_code in (200, 303, 403), path
            for word in (*NAME.split(), "anna-", "mail.ru"):
                assert word not in answer.text, f"{path} says {word}"
    ticket = (await hall.service.get("/api/desk/queue", hall.clerk.token)).json()["queue"][0]["id"]
    assert NAME not in (await hall.service.get(f"/api/desk/hall/tickets/{ticket}", hall.administrator.token)).text


async def test_a_search_by_name_answers_without_one_and_is_written_down(hall: Hall) -> None:
    await hall.arrives()
    answer = await hall.service.desk(hall.administrator, "hall/find", q="долгор")
    assert len(answer.json()["bookings"]) == 1
    assert NAME.split()[1] not in answer.text
    (row,) = await hall.written("visitor.searched_by_name")
    assert (row["after"], row["subject"]) == ({"searched": 1, "found": 1}, f"office:{hall.office.slug}")
    assert "долгор" not in str(row)
    # The visitor's own number and code open no name.
    await hall.service.desk(hall.administrator, "hall/find", q="А001")
    assert len(await hall.written("visitor.searched_by_name")) == 1


async def test_a_booking_that_staff_enter_is_written_down_without_the_name(hall: Hall) -> None:
    slots = await free_slots(hall.service, hall.office, days=2)
    await hall.does("appointments", service="passport", starts_at=slots[-1], name=NAME)
    (row,) = await hall.written("booking.entered")
    assert row["subject"].startswith("booking:")
    assert (row["actor"], row["after"]) == (hall.administrator.login, {"service": "passport"})
