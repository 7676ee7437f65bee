"""A booking from the hold to the hall, through HTTP."""

from datetime import UTC, datetime, timedelta
from typing import Any

from queue_service.db import Database
from tests.support.booking import booked, free_slots, held
from tests.support.factories import AnOffice, a_kiosk, a_lane, an_office, booked_online
from tests.support.service import Service, bearer


async def an_office_with_a_lane(database: Database, lanes: int = 1, **rules: Any) -> AnOffice:
    office = await an_office(database)
    await booked_online(database, office, **rules)
    for _ in range(lanes):
        await a_lane(database, office)
    return office


async def test_a_slot_is_held_confirmed_and_then_no_longer_free(service: Service, database: Database) -> None:
    office = await an_office_with_a_lane(database)
    slot = (await free_slots(service, office))[8]
    hold = await held(service, office, slot)
    assert hold["state"] == "held"
    assert slot not in await free_slots(service, office)
    confirmed = await service.http.post(
        f"/api/public/appointments/{hold['secret']}/confirm", json={"name": "Анна Смирнова", "contact": "anna@mail.ru"}
    )
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "booked")
    again = await service.http.post("/api/public/appointments", json={"office": office.slug, "service": "passport", "starts_at": slot})
    assert (again.status_code, again.json()["code"]) == (409, "slot_taken")
    assert len(again.json()["alternatives"]) == 5


async def test_a_booking_checks_in_once_and_becomes_a_ticket(service: Service, database: Database) -> None:
    office = await an_office_with_a_lane(database, check_in_opens_minutes=720)
    kiosk = await a_kiosk(database, office)
    slot = (await free_slots(service, office))[2]
    booking = await booked(service, office, slot)
    answers = [
        await service.http.post("/api/kiosk/check-ins", json={"code": code}, headers=bearer(kiosk))
        for code in (booking["url"], booking["secret"], booking["reference"], f"{booking['reference'][:4]} {booking['reference'][4:]}")
    ]
    assert [answer.status_code for answer in answers] == [201] * 4, answers[0].text
    assert len({answer.json()["id"] for answer in answers}) == 1
    ticket = answers[0].json()
    starts_at = datetime.fromisoformat(slot)
    assert ticket["source"] == "booked"
    assert datetime.fromisoformat(ticket["due_at"]) == starts_at + timedelta(minutes=15)
    shown = (await service.http.get(f"/api/public/appointments/{booking['secret']}")).json()
    assert (shown["state"], shown["ticket"]["number"]) == ("checked_in", ticket["number"])
    assert starts_at > datetime.now(UTC)


async def test_a_move_takes_the_new_time_and_gives_up_the_old_one(service: Service, database: Database) -> None:
    office = await an_office_with_a_lane(database, freed_delay_minutes=0)
    first, second = (await free_slots(service, office))[8:10]
    booking = await booked(service, office, first)
    moved = await service.http.post(f"/api/public/appointments/{booking['secret']}/move", json={"starts_at": second})
    assert (moved.status_code, moved.json()["starts_at"]) == (200, second), moved.text
    free = await free_slots(service, office)
    assert first in free
    assert second not in free
    cancelled = await service.http.post(f"/api/public/appointments/{booking['secret']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled"), cancelled.text
    assert second in await free_slots(service, office)
