"""What staff see of bookings and do for a person who stands before them: never a name before the call."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from queue_service.booking import commands
from queue_service.booking.rules import Channel
from queue_service.db import Database
from queue_service.staff.models import Role
from tests.booking.scene import MINUTE, TIME, a_booked_office, book, it_is, means, moment, outbox
from tests.support.factories import LATER, AClerk, AnOffice, a_clerk, a_lane, a_service, an_office, booked_online
from tests.support.service import Service, bearer

TODAY = date(2031, 3, 12)


async def asks(api: Service, clerk: AClerk, path: str, **query: Any) -> httpx.Response:
    return await api.http.get(f"/api/desk/{path}", params=query, headers=bearer(clerk.token))


async def administrator(database: Database, office: AnOffice, role: Role = Role.HALL_ADMINISTRATOR) -> AClerk:
    return await a_clerk(database, office, role=role)


NOON_TO_TWO = [(weekday, 12 * 60, 14 * 60) for weekday in range(1, 7)]


@pytest.mark.parametrize(
    ("day", "service_code", "why"),
    [
        (TODAY - timedelta(days=1), "passport", "past"),
        (TODAY, "passport", "lead_time"),
        (TODAY + timedelta(days=1), "passport", "full"),
        (TODAY + timedelta(days=2), "passport", "closure"),
        (TODAY + timedelta(days=4), "passport", "hours"),  # a Sunday
        (TODAY + timedelta(days=5), "passport", None),
        (TODAY + timedelta(days=5), "long", "too_long"),
        (TODAY + timedelta(days=5), "inside", "kept"),
        (TODAY + timedelta(days=11), "passport", "horizon"),
    ],
)
async def test_staff_are_told_why_a_day_has_no_slots(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch, day: date, service_code: str, why: str | None
) -> None:
    office = await an_office(
        database,
        *map(a_service, ("passport", "long", "inside")),
        time_zone="Europe/Moscow",
        closed_on=[(TODAY + timedelta(days=2), "Санитарный день")],
    )
    await booked_online(database, office, "passport", horizon=10, lead=180)
    await booked_online(database, office, "long", horizon=10, duration=240)
    await booked_online(database, office, "inside", horizon=10, quota_returns_minutes=None)
    await a_lane(database, office, ["passport", "long"], hours=NOON_TO_TWO)
    await a_lane(database, office, ["inside"], hours=NOON_TO_TWO, channel=Channel.HALL)
    booking = means(database)
    for number in range(8):  # tomorrow from noon to two
        await book(database, booking, office, datetime(2031, 3, 13, 9, 0, tzinfo=UTC) + number * 15 * MINUTE)
    it_is(LATER, monkeypatch)
    answer = await asks(service, await administrator(database, office), "slots", service=service_code, date=day)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["date"], told["why"]) == (day.isoformat(), why)
    assert bool(told["slots"]) == (why is None)
    assert len(told["lanes"]) == 1
    if why == "full":
        assert told["lanes"][0]["taken_minutes"] == 120
    if why == "kept":
        assert (told["lanes"][0]["channel"], told["lanes"][0]["open_to_us"]) == ("hall", False)
    if why != "kept":
        citizen = await service.http.get(
            f"/api/public/offices/{office.slug}/slots", params={"service": service_code, "from": day.isoformat(), "days": 1}
        )
        assert citizen.json()["days"][0]["why"] == why, "staff and citizens are told the same"


async def test_the_days_list_has_no_names(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office, booking = await a_booked_office(database, lanes=2), means(database)
    later, sooner = [await book(database, booking, office, at) for at in (TIME + 15 * MINUTE, TIME)]
    cancelled = await book(database, booking, office, TIME)
    async with database.session() as db:
        await commands.cancel(db, booking, cancelled.secret, LATER)
    await book(database, booking, office, TIME + timedelta(days=1))
    await book(database, booking, await a_booked_office(database), TIME)
    it_is(LATER, monkeypatch)
    for role in (Role.CLERK, Role.HALL_ADMINISTRATOR, Role.OFFICE_HEAD):
        answer = await asks(service, await administrator(database, office, role), "bookings")
        assert [each["reference"] for each in answer.json()] == [sooner.reference, later.reference]
        assert set(answer.json()[0]) == {"reference", "service", "starts_at", "state", "applications"}
        for personal in ("Анна", "Смирнова", "mail.ru", sooner.secret):
            assert personal not in answer.text
    other_day = await asks(service, await administrator(database, office), "bookings", date=TODAY + timedelta(days=1))
    assert len(other_day.json()) == 1


async def test_a_day_of_the_list_is_as_long_as_the_offices_clock_makes_it(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Berlin, 2031: the day of 26 October has 25 hours, that of 30 March 23."""
    office, booking = await a_booked_office(database, time_zone="Europe/Berlin", horizon=365), means(database)
    head = await administrator(database, office, Role.OFFICE_HEAD)
    it_is(LATER, monkeypatch)
    for day, first, last, next_day in (
        (date(2031, 10, 26), (25, 22, 0), (26, 22, 45), (26, 23, 0)),
        (date(2031, 3, 30), (29, 23, 0), (30, 21, 45), (30, 22, 0)),
    ):
        at = [datetime(2031, day.month, number, hour, minute, tzinfo=UTC) for number, hour, minute in (first, last, next_day)]
        for each in at:
            await book(database, booking, office, each)
        listed = (await asks(service, head, "bookings", date=day)).json()
        assert [moment(each["starts_at"]) for each in listed] == at[:2]


async def desk_books(service: Service, clerk: AClerk, starts_at: datetime = TIME, **changes: Any) -> httpx.Response:
    body: dict[str, Any] = {"service": "passport", "starts_at": starts_at.isoformat(), "name": "Анна Смирнова", **changes}
    return await service.desk(clerk, "appointments", **body)


async def test_the_hall_administrator_books_for_whoever_stands_there(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in an office that verifies contacts, for a person who has none, and beyond what one contact may book from home."""
    office = await a_booked_office(database, lanes=3, verify_contact=True, active_limit=1)
    clerk = await administrator(database, office)
    it_is(LATER, monkeypatch)
    without = await desk_books(service, clerk)
    assert (without.status_code, without.json()["state"], moment(without.json()["starts_at"])) == (201, "booked", TIME)
    assert await outbox(database) == []
    contact = "8 921 123-45-67"
    answers = [await desk_books(service, clerk, TIME + number * 15 * MINUTE, contact=contact) for number in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert [letter.to for letter in await outbox(database, "confirmation")] == ["+79211234567"] * 3
    twice = await desk_books(service, clerk, contact=contact)
    assert (twice.status_code, twice.json()["code"]) == (409, "same_person_twice")


async def test_what_the_desk_could_not_book_is_kept_no_longer_than_a_form(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = await a_booked_office(database, lanes=2)
    clerk = await administrator(database, office)
    it_is(LATER, monkeypatch)
    assert (await desk_books(service, clerk, contact="anna@mail.ru")).status_code == 201
    for refused, status in (
        (await desk_books(service, clerk, name="1"), 422),
        (await desk_books(service, clerk, contact="anna"), 422),
        (await desk_books(service, clerk, contact="anna@mail.ru"), 409),
        (await desk_books(service, clerk, contact="other@mail.ru"), 409),
    ):
        assert refused.status_code == status, refused.text
    it_is(LATER + 5 * MINUTE, monkeypatch)
    assert (await desk_books(service, clerk, contact="other@mail.ru")).status_code == 201
    full = await desk_books(service, clerk, contact="third@mail.ru")
    assert (full.status_code, full.json()["code"], len(full.json()["alternatives"])) == (409, "slot_taken", 5)


async def test_the_desk_books_what_is_kept_for_the_hall(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await a_booked_office(database, lanes=0, quota_returns_minutes=None)
    await a_lane(database, office, channel=Channel.HALL)
    it_is(LATER, monkeypatch)
    body = {"office": office.slug, "service": "passport", "starts_at": TIME.isoformat()}
    assert (await service.http.post("/api/public/appointments", json=body)).json()["code"] == "slot_not_offered"
    assert (await desk_books(service, await administrator(database, office))).status_code == 201


async def test_only_those_who_run_the_hall_book_for_others(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    office = await a_booked_office(database, lanes=5)
    it_is(LATER, monkeypatch)
    answers = {role: (await desk_books(service, await administrator(database, office, role))).status_code for role in Role}
    allowed = {role for role, status in answers.items() if status == 201}
    assert allowed == {Role.HALL_ADMINISTRATOR, Role.OFFICE_HEAD}
    assert {status for role, status in answers.items() if role not in allowed} == {403}
    assert (await service.http.post("/api/desk/appointments", json={})).status_code == 401
