"""Whom a change leaves without their time: exactly those, told in the same transaction, and they choose anew without its counting."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queue_service.administration.editing import Edit, FallOut, edit
from queue_service.administration.rules import Taken, standing
from queue_service.booking import commands
from queue_service.booking.errors import NoMovesLeft
from queue_service.booking.models import Appointment
from queue_service.db import Database
from queue_service.offices.configuration import Configuration, judged
from queue_service.offices.yaml_form import Document
from tests.administration.scene import HEAD, MONDAY, change, load, stands, two_offices
from tests.administration.test_editing import made_office
from tests.booking.scene import book, hold, it_is, means, outbox, somebody
from tests.support.service import PATIENCE_SECONDS, Service

LANE = ("offices", "central", "lanes", "Паспорта")
TEN = MONDAY + timedelta(days=1, hours=1)
"""Ten in the morning of Tuesday, in St Petersburg."""
NOON = TEN + timedelta(hours=2)


@pytest.fixture
async def city(database: Database) -> dict[str, Any]:
    """Two lanes for passports from nine to one on Mondays and Tuesdays; no booking may be moved."""
    made = two_offices()
    first = made["offices"][0]
    first["lanes"] = [first["lanes"][0] | {"exceptions": []}]
    first["booking"] = {"moves_limit": 0, "freed_delay_minutes": 0}
    first["public_holidays"] = False
    await load(database, made)
    return made


def hours(closes: str, days: tuple[int, ...] = (1, 2)) -> list[dict[str, Any]]:
    return [{"days": list(days), "from": "09:00", "to": closes}]


async def booked(database: Database, at: datetime, **more: Any) -> Appointment:
    return await book(database, means(database), await made_office(database), at, now=MONDAY, **more)


async def displaced(database: Database) -> list[int]:
    return [row["id"] for row in await database.hot.fetch("SELECT id FROM appointment WHERE displaced_at IS NOT NULL ORDER BY id")]


@pytest.mark.usefixtures("city")
async def test_nothing_is_saved_while_people_would_be_left_without_their_time(database: Database) -> None:
    early, late = await booked(database, TEN), await booked(database, NOON)
    seen = await stands(database, LANE)
    with pytest.raises(FallOut) as refused:
        await change(database, LANE, seen, {**seen, "hours": hours("12:00")})
    (fallen,) = refused.value.bookings
    assert (fallen.reference, fallen.starts_at, fallen.held) == (late.reference, NOON, False)
    assert set(refused.value.extra["bookings"][0]) == {"office", "service", "starts_at", "reference"}  # type: ignore[index]
    assert await stands(database, LANE) == seen
    assert await displaced(database) == []
    await change(database, LANE, seen, {**seen, "hours": hours("12:20")})
    assert early.id != late.id


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize("what", ["closure", "office hours", "exception", "lane away", "service away"])
async def test_every_way_to_lose_a_time_is_seen(database: Database, what: str) -> None:
    of = await booked(database, TEN)
    seen, office = await stands(database, LANE), await stands(database, ("offices", "central"))
    day = "2031-03-11"
    edits: dict[str, tuple[Any, Any, Any]] = {
        "closure": (
            ("offices", "central", "closures"),
            office["closures"],
            [*office["closures"], {"date": day, "reason": {"ru": "Ремонт"}, "from": None, "to": None}],
        ),
        "office hours": (("offices", "central", "opening_hours"), office["opening_hours"], [{"days": [1], "from": "09:00", "to": "18:00"}]),
        "exception": (LANE, seen, {**seen, "exceptions": [{"date": day, "from": "11:00", "to": "13:00"}]}),
        "lane away": (LANE, seen, None),
        "service away": (
            ("offices", "central", "services", "passport"),
            {"desks": ["1", "2"], "help_out": [], "override": {"typical_minutes": 20}},
            {"desks": ["1", "2"], "help_out": [], "override": {"typical_minutes": 20, "booking": None}},
        ),
    }
    place, was, wish = edits[what]
    if what == "service away":  # a lane that takes nothing is a mistake, so it goes with its service
        place, was, wish = ("offices", "central"), {"lanes": office["lanes"], "overrides": office["overrides"]}, None
        wish = {"lanes": [], "overrides": {"passport": {"typical_minutes": 20, "booking": None}}}
    with pytest.raises(FallOut) as refused:
        await change(database, place, was, wish)
    assert [each.appointment_id for each in refused.value.bookings] == [of.id]


@pytest.mark.usefixtures("city")
async def test_accepting_tells_them_in_the_same_transaction_and_a_hold_lapses(database: Database) -> None:
    booking = means(database)
    of = await booked(database, NOON, person=somebody(language="ru"))
    held = await hold(booking, await made_office(database), NOON, MONDAY)
    seen = await stands(database, LANE)
    saved = await change(database, LANE, seen, {**seen, "hours": hours("11:00")}, accept=True, booking=booking)
    assert saved.displaced == 1
    assert await displaced(database) == [of.id]
    (letter,) = await outbox(database, "displaced")
    assert (letter.state, letter.facts.link) == ("pending", f"https://queue.example.ru/a/{of.secret}")
    assert {each.state for each in await outbox(database, "confirmation", "reminder_early", "reminder_day")} <= {"withdrawn", "sent"}
    assert await database.hot.fetchval("SELECT state FROM appointment WHERE secret = $1", held.secret) == "expired"
    record = await database.hot.fetchrow("SELECT subject, reason FROM audit_record")
    assert record is not None
    assert (record["subject"], record["reason"]) == ("offices/central/lanes/Паспорта", "offered new times: 1")
    # Who was told is not listed again, and an unrelated change is free.
    seen = await stands(database, LANE)
    await change(database, LANE, seen, {**seen, "hours": hours("10:00")})


@pytest.mark.usefixtures("city")
async def test_a_move_that_the_office_caused_does_not_count(database: Database, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    of = await booked(database, NOON)
    booking = means(database)
    async with database.session() as db:
        with pytest.raises(NoMovesLeft):
            await commands.move(db, booking, of.secret, TEN, MONDAY)
    seen = await stands(database, LANE)
    await change(database, LANE, seen, {**seen, "hours": hours("11:00")}, accept=True, booking=booking)
    it_is(MONDAY, monkeypatch)
    page = (await service.http.get(f"/a/{of.secret}")).text
    assert "Ваше время отменено отделением: выберите новое" in page
    offered = [each.split('"')[0] for each in page.split('name="starts_at" value="')[1:]]
    assert len(offered) == 3
    answer = await service.http.post(f"/a/{of.secret}/move", data={"starts_at": offered[-1]}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/a/{of.secret}?said=moved")
    row = await database.hot.fetchrow("SELECT starts_at, moves, displaced_at FROM appointment WHERE id = $1", of.id)
    assert row is not None
    assert (row["starts_at"], row["moves"], row["displaced_at"]) == (datetime.fromisoformat(offered[-1]), 0, None)
    assert "отменено отделением" not in (await service.http.get(f"/a/{of.secret}")).text
    async with database.session() as db:
        with pytest.raises(NoMovesLeft):
            await commands.move(db, means(database), of.secret, TEN - timedelta(minutes=40), MONDAY)


@pytest.mark.usefixtures("city")
async def test_tickets_and_bookings_go_on_while_a_change_is_open(database: Database) -> None:
    office = await made_office(database)
    held = await hold(means(database), office, TEN, MONDAY)
    seen = await stands(database, ("catalogue", "services", "passport"))
    async with database.session() as db, asyncio.timeout(PATIENCE_SECONDS):
        wish = {**seen, "typical_minutes": 21, "name": {"ru": "Иначе"}}
        await edit(db, Edit(("catalogue", "services", "passport"), seen, wish), HEAD, MONDAY)
        await booked(database, NOON)
        assert held.secret
        await database.hot.execute(
            "INSERT INTO ticket (office_id, local_date, letter, number, secret, service_id, state, source, language, needs, late,"
            " issued_at, due_at, rank_at, rank_from, calls)"
            " VALUES ($1, '2031-03-10', 'А', 1, 'x', $2, 'waiting', 'walk_in', 'ru', '{}', false, $3, $3, $3, $3, 0)",
            office.id,
            office.services["passport"],
            MONDAY,
        )
    assert (await stands(database, ("catalogue", "services", "passport")))["typical_minutes"] == 21


# --- exactness ----------------------------------------------------------------------------------------------------------

ZONE = ZoneInfo("Europe/Moscow")
times = st.integers(0, 24 * 4).map(lambda quarter: f"{quarter // 4:02d}:{quarter % 4 * 15:02d}")
spans = st.tuples(times, times).filter(lambda both: both[0] < both[1])


@st.composite
def schedules(draw: st.DrawFn) -> dict[str, Any]:
    """An office with one lane; half of the lanes follow the office."""
    city = two_offices()
    office = city["offices"][0]
    opens, closes = draw(spans)
    office["opening_hours"] = [{"days": draw(st.lists(st.integers(1, 7), min_size=1, unique=True)), "from": opens, "to": closes}]
    office["public_holidays"] = False
    closure = draw(st.none() | spans)
    office["closures"] = [
        {"date": "2031-03-12", "reason": {"ru": "Так"}, "from": closure and closure[0], "to": closure and closure[1]}
    ] * draw(st.integers(0, 1))
    opens, closes = draw(spans)
    lane: dict[str, Any] = {"name": "Одна", "services": ["passport"], "exceptions": []}
    if draw(st.booleans()):
        lane["hours"] = [{"days": [1, 2, 3, 4, 5, 6, 7], "from": opens, "to": closes}]
    exception = draw(st.none() | spans)
    lane["exceptions"] = [{"date": "2031-03-13", "from": exception and exception[0], "to": exception and exception[1]}] * draw(
        st.integers(0, 1)
    )
    office["lanes"] = [lane]
    return city


def naive(city: dict[str, Any], day: date, minute: int) -> bool:
    """Whether one minute of one day is open, straight from the words of the file."""
    office, shown = city["offices"][0], f"{minute // 60:02d}:{minute % 60:02d}"

    def within(row: dict[str, Any]) -> bool:
        return row["from"] is not None and row["from"] <= shown < row["to"]

    closed = [each for each in office["closures"] if each["date"] == day.isoformat()]
    week = [each for each in office["opening_hours"] if day.isoweekday() in each["days"]]
    lane = office["lanes"][0]
    excepted = [each for each in lane["exceptions"] if each["date"] == day.isoformat()]
    own = [each for each in lane.get("hours") or office["opening_hours"] if day.isoweekday() in each["days"]]
    return any(map(within, closed or week)) and any(map(within, excepted or own))


def parsed(city: dict[str, Any]) -> Configuration:
    configuration, found = judged(Document.of(city))
    assert not found
    return configuration


@given(city=schedules(), starts=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 95), st.integers(1, 8)), min_size=1, max_size=20))
@settings(max_examples=60)
def test_who_keeps_their_time_is_what_the_file_says_minute_by_minute(city: dict[str, Any], starts: list[tuple[int, int, int]]) -> None:
    configuration = parsed(city)
    monday = datetime(2031, 3, 10, tzinfo=ZONE)
    taken, expected = [], set()
    for number, (day, quarter, length) in enumerate(starts):
        begins = monday + timedelta(days=day, minutes=15 * quarter)
        ends = begins + timedelta(minutes=15 * length)
        taken.append(Taken(number, "Одна", "passport", begins.astimezone(UTC), ends.astimezone(UTC)))
        moments = [begins + timedelta(minutes=5 * step) for step in range(3 * length)]
        if all(naive(city, moment.date(), moment.hour * 60 + moment.minute) for moment in moments):
            expected.add(number)
    assert standing(configuration, configuration.offices[0], taken, MONDAY) == expected
