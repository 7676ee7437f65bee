"""A city file's lanes become rows, once and again: what is new appears, what changed changes, what is gone is switched off."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import yaml
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.calendar import load_calendar
from queue_service.booking.loading import load_city
from queue_service.booking.models import BookingPolicy, OfficeBooking
from queue_service.booking.rules import BookingCalendar, Channel, OfficeRules, Wanted
from queue_service.db import Database
from queue_service.events import SETUP_CHANGED
from queue_service.offices import configuration as file
from queue_service.offices.catalogue import load_catalogue
from queue_service.offices.configuration import parse_configuration
from tests.offices.test_configuration import SHIPPED, a_city
from tests.support.factories import LATER, a_lane, an_office, booked_online
from tests.support.service import PATIENCE_SECONDS

TABLES = ("booking_policy", "office_booking", "lane", "lane_hours", "lane_exception", "lane_service")


async def load(database: Database, city: dict[str, Any]) -> None:
    text = yaml.safe_dump(city, allow_unicode=True)
    async with database.session() as db:
        await load_city(db, parse_configuration(text), "town.yaml", "digest", LATER)


async def the_calendar(database: Database, slug: str = "central", now: datetime = LATER) -> BookingCalendar:
    async with database.hot.acquire() as connection:
        office = await connection.fetchval("SELECT id FROM office WHERE slug = $1", slug)
        return await load_calendar(connection, await load_catalogue(connection, office, now), now)


async def lane_ids(database: Database) -> dict[str, int]:
    return {lane.name: lane.id for lane in (await the_calendar(database)).lanes}


async def everything(database: Database) -> list[Any]:
    return [sorted(await database.hot.fetch(f"SELECT * FROM {table}"), key=str) for table in TABLES]


@pytest.fixture
def city() -> dict[str, Any]:
    """One office that books passports: a pair of lanes with an exception in 2031, and one for the hall."""
    city = a_city()
    city["catalogue"]["services"][0]["booking"] = {"grid_minutes": 10, "per_application_minutes": 5}
    pair, hall = city["offices"][0]["lanes"]
    pair["exceptions"] = [{"date": "2031-03-15", "from": "10:00", "to": "14:00"}, {"date": "2031-03-17"}]
    hall["channel"] = "hall"
    del hall["hours"]
    return city


async def test_the_factories_make_what_the_calendar_reads(database: Database) -> None:
    office = await an_office(database)
    await booked_online(database, office, grid=30, verify_contact=True)
    await booked_online(database, office, duration=20)
    day = date(2031, 3, 15)
    lane = await a_lane(database, office, hours=[(1, 540, 600)], channel=Channel.HALL, exceptions=[(day, None, None)])
    calendar = await the_calendar(database, office.slug)
    assert [(each.id, each.channel, each.week, each.exceptions) for each in calendar.lanes] == [
        (lane, Channel.HALL, {1: ((540, 600),)}, {day: ()})
    ]
    assert calendar.rules.verify_contact
    assert calendar.services[office.services["passport"]].duration == timedelta(minutes=20)


async def test_lanes_are_loaded_as_their_file_says(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    calendar = await the_calendar(database)
    (passport,) = calendar.services
    first, second, hall = calendar.lanes
    assert [lane.name for lane in calendar.lanes] == ["Паспорта", "Паспорта 2", "Зал"]
    assert first.week == second.week == {1: ((540, 780),), 2: ((540, 780),)}
    assert first.exceptions == second.exceptions == {date(2031, 3, 15): ((600, 840),), date(2031, 3, 17): ()}
    assert hall.week == dict.fromkeys(range(1, 6), ((540, 1080),)), "the office's own hours"
    assert (first.channel, hall.channel) == (Channel.BOTH, Channel.HALL)
    assert {lane.services for lane in calendar.lanes} == {frozenset({passport})}
    rules = calendar.services[passport]
    assert (rules.grid, rules.per_application, rules.lead) == (timedelta(minutes=10), timedelta(minutes=5), timedelta(hours=1))
    assert rules.duration == timedelta(minutes=20), "the typical one of this office, because nobody says another"
    assert calendar.rules == replace(OfficeRules(), hold=timedelta(minutes=7), quota_returns=None)


def test_the_files_defaults_are_the_tables() -> None:
    in_the_file = file.OfficeBooking()
    for name, known in OfficeBooking.model_fields.items():
        if name not in ("office_id", "quota_returns_minutes"):
            assert getattr(in_the_file, name) == known.default, name
    assert timedelta(minutes=in_the_file.quota_returns_minutes or 0) == OfficeRules().quota_returns
    assert {name for name in BookingPolicy.model_fields if name != "service_id"} == set(file.ServiceBooking.__struct_fields__)


async def test_a_lane_for_all_takes_what_is_booked_and_nothing_else(database: Database, city: dict[str, Any]) -> None:
    city["offices"][0]["lanes"] = [{"name": "Единая", "services": "all"}]
    await load(database, city)
    calendar = await the_calendar(database)
    (lane,) = calendar.lanes
    assert lane.services == set(calendar.services)
    assert len(lane.services) == 1
    city["offices"][0]["overrides"]["consultation"] = {"booking": {"duration_minutes": 40}}
    await load(database, city)
    calendar = await the_calendar(database)
    (lane,) = calendar.lanes
    assert lane.services == set(calendar.services)
    assert sorted(rules.duration for rules in calendar.services.values()) == [timedelta(minutes=20), timedelta(minutes=40)]


async def test_loading_the_same_again_changes_nothing(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    before = await everything(database)
    assert all(before), "no table is compared empty"
    await load(database, city)
    assert await everything(database) == before


async def test_what_a_newer_file_changes_is_changed_under_the_same_id(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    ids = await lane_ids(database)
    pair, hall = city["offices"][0]["lanes"]
    pair |= {"count": 3, "exceptions": pair["exceptions"][:1], "hours": [{"days": [3], "from": "10:00", "to": "11:00"}]}
    hall["channel"] = "both"
    city["offices"][0]["booking"] = {"hold_minutes": 9}
    await load(database, city)
    now = await lane_ids(database)
    assert {name: now[name] for name in ids} == ids
    assert set(now) - set(ids) == {"Паспорта 3"}
    calendar = await the_calendar(database)
    assert calendar.lanes[0].week == {3: ((600, 660),)}
    assert list(calendar.lanes[0].exceptions) == [date(2031, 3, 15)]
    assert {lane.channel for lane in calendar.lanes} == {Channel.BOTH}
    assert (calendar.rules.hold, calendar.rules.quota_returns) == (timedelta(minutes=9), timedelta(hours=12))


async def test_a_lane_that_is_gone_is_switched_off_and_what_is_booked_in_it_stays(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    ids = await lane_ids(database)
    await database.hot.execute(
        "INSERT INTO lane_taken (lane_id, during, kind) VALUES ($1, tstzrange($2, $3), 'block')",
        ids["Зал"],
        LATER,
        LATER + timedelta(minutes=10),
    )
    lanes = city["offices"][0]["lanes"]
    city["offices"][0]["lanes"] = lanes[:1]
    await load(database, city)
    assert list(await lane_ids(database)) == ["Паспорта", "Паспорта 2"]
    assert await database.hot.fetchval("SELECT lane_id FROM lane_taken") == ids["Зал"]
    city["offices"][0]["lanes"] = lanes
    await load(database, city)
    assert await lane_ids(database) == ids, "it comes back as itself"


async def test_a_service_that_is_no_longer_booked_has_no_rules(database: Database, city: dict[str, Any]) -> None:
    await load(database, city)
    del city["catalogue"]["services"][0]["booking"]
    city["offices"][0]["lanes"] = []
    await load(database, city)
    calendar = await the_calendar(database)
    assert (calendar.services, calendar.lanes) == ({}, [])


async def test_every_process_hears_of_it_and_only_when_it_is_true(database: Database, city: dict[str, Any]) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection = await asyncpg.connect(database.url)
    try:
        await connection.add_listener(SETUP_CHANGED, lambda *message: heard.put_nowait(message[-1]))
        async with AsyncSession(database.engine) as db:
            await load_city(db, parse_configuration(yaml.safe_dump(city, allow_unicode=True)), "town.yaml", "digest", LATER)
            await db.rollback()
        assert await database.hot.fetchval("SELECT count(*) FROM lane") == 0
        await load(database, city)
        assert await asyncio.wait_for(heard.get(), PATIENCE_SECONDS) == ""
        assert heard.empty(), "the load that was rolled back is heard of by nobody"
    finally:
        await connection.close()


async def test_the_shipped_city_can_be_booked(database: Database) -> None:
    """Each office opens each of its lanes' services to somebody within two weeks, and the printed one any hour to everybody."""
    now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
    configuration = parse_configuration(SHIPPED.read_text(encoding="utf-8"))
    async with database.session() as db:
        await load_city(db, configuration, SHIPPED.name, "digest", now)
    for office in configuration.offices:
        calendar = await the_calendar(database, office.slug, now)
        in_lanes = frozenset[int]().union(*(lane.services for lane in calendar.lanes))
        assert in_lanes <= set(calendar.services)
        assert len(in_lanes) >= 25, office.slug
        for service in in_lanes:
            days = [calendar.today(now) + timedelta(days=each) for each in range(15)]
            channels = (Channel.ONLINE, Channel.HALL)
            assert any(calendar.opening(Wanted(service, 1, channel), days, now) for channel in channels), (office.slug, service)
    calendar = await the_calendar(database, configuration.offices[0].slug, now)
    for service in calendar.services:
        weekend = [date(2026, 11, day) for day in (27, 28, 29)]
        hours = calendar.opening(Wanted(service, 1, Channel.ONLINE), weekend, now)
        assert hours
        for lane in {each.lane_id for each in hours}:
            assert sum((each.closes - each.opens for each in hours if each.lane_id == lane), timedelta()) == timedelta(days=3)


async def test_a_factory_that_says_none_writes_none(database: Database) -> None:
    office = await an_office(database)
    await booked_online(database, office, quota_returns_minutes=None)
    assert (await the_calendar(database, office.slug)).rules.quota_returns is None
    assert await database.hot.fetchval("SELECT public_holidays FROM office") is None
