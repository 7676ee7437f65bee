"""The end of a day: per office and by its own clock, once however many look, and the morning after nothing of yesterday is left."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from queue_service.db import Database
from queue_service.desks.housekeeping import day_over_at, end_days
from queue_service.tickets.housekeeping import expire_forgotten
from tests.desks.scene import MINUTE, Scene, a_scene
from tests.desks.soundness import check_sound
from tests.support.factories import ALWAYS, a_desk
from tests.support.service import Service

HOUR = 60 * MINUTE
NINE_TO_SIX = [(weekday, 9 * 60, 18 * 60) for weekday in range(1, 8)]


def at(hour: int, minute: int = 0, day: int = 12, zone: str = "Europe/Moscow") -> datetime:
    """In March 2031; the 12th is a Wednesday."""
    return datetime(2031, 3, day, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)


async def a_day(database: Database, zone: str = "Europe/Moscow", desks: str = "12345", **policy: object) -> Scene:
    """An office from nine to six whose day ends an hour later; it is ten in the morning and all desks are open."""
    scene = await a_scene(
        database,
        desks=tuple(a_desk(number) for number in desks),
        closed=desks,
        **{"time_zone": zone, "hours": NINE_TO_SIX, "day_ends_minutes": 60, **policy},
    )
    scene.now = at(10, zone=zone)
    await scene.refresh()
    await ended(scene, scene.now)  # yesterday
    for desk in desks:
        await scene.opens(desk)
    return scene


async def ended(scene: Scene, now: datetime) -> list[str]:
    """As a worker does it that has just started."""
    return await end_days(scene.database.hot, now)


def over_at_of(scene: Scene, day: date) -> datetime | None:
    return day_over_at(scene.catalogue.schedule, scene.catalogue.policy.day_ends, day)


async def open_desks(scene: Scene) -> int:
    found: int = await scene.database.hot.fetchval("SELECT count(*) FROM shift WHERE office_id = $1 AND closed_at IS NULL", scene.office.id)
    return found


@dataclass
class People:
    """One visitor in every place where the end of a day can find somebody."""

    waiting: int
    called: int
    serving: int
    postponed: int
    with_a_term: int
    missed: int
    served: int

    @property
    def all(self) -> list[int]:
        return list(self.__dict__.values())


async def people_everywhere(scene: Scene) -> People:
    async def at_desk(desk: str) -> int:
        ticket = await scene.takes()
        assert await scene.next(desk) == ticket
        return ticket

    called = await at_desk("1")
    serving = await at_desk("2")
    await scene.starts("2")
    postponed = await at_desk("3")
    await scene.postpones("3")
    with_a_term = await at_desk("3")
    await scene.postpones("3", minutes=720)
    missed = await at_desk("3")
    await scene.gives_up("3")
    served = await at_desk("3")
    await scene.starts("3")
    await scene.finishes("3")
    await scene.pauses("4", minutes=30)
    return People(await scene.takes(), called, serving, postponed, with_a_term, missed, served)


AFTERWARDS = ["expired", "no_show", "served", "expired", "expired", "no_show", "served"]


async def test_everything_that_is_left_over_ends(database: Database) -> None:
    scene = await a_day(database)
    people = await people_everywhere(scene)
    assert await ended(scene, at(19)) == [scene.office.slug]
    assert [await scene.state(ticket) for ticket in people.all] == AFTERWARDS
    assert await open_desks(scene) == 0
    await check_sound(database, scene.office.id)
    for ticket in (people.waiting, people.postponed, people.with_a_term):
        assert await scene.told(ticket, "expired") == {"by": "end_of_day"}
        assert (await scene.ticket(ticket))["ended_at"] == at(19)
    assert await scene.told(people.called, "no_show") == {"by": "end_of_day"}
    paused = await database.hot.fetch(
        "SELECT FROM shift WHERE paused_at IS NOT NULL OR pause_reason IS NOT NULL OR pause_until IS NOT NULL"
    )
    assert paused == []
    reasons = await database.hot.fetch("SELECT reason FROM shift_event WHERE kind = 'closed'")
    assert [row["reason"] for row in reasons] == ["end_of_day"] * 5


async def test_a_service_that_nobody_stopped_is_ended_as_inaccurate_and_not_measured(database: Database) -> None:
    scene = await a_day(database)
    people = await people_everywhere(scene)
    await ended(scene, at(19))
    told = await scene.told(people.serving, "finished")
    assert (told["inaccurate"], told["by"], told["seconds"], told["occupied"]) == (True, "end_of_day", 9 * 3600, 9 * 3600)
    assert (await scene.ticket(people.serving))["inaccurate"] is True
    assert "inaccurate" not in await scene.told(people.served, "finished")


@pytest.mark.parametrize("now", [at(17), at(18), at(18, 59)])
async def test_nothing_ends_before_the_offices_own_hour(database: Database, now: datetime) -> None:
    scene = await a_day(database)
    people = await people_everywhere(scene)
    before = [await scene.state(ticket) for ticket in people.all]
    assert await ended(scene, now) == []
    assert [await scene.state(ticket) for ticket in people.all] == before
    assert await open_desks(scene) == 5


async def test_a_day_ends_once_however_many_workers_look(database: Database) -> None:
    offices = [await a_day(database, desks="12") for _ in range(3)]
    for scene in offices:
        await scene.takes()
        await scene.serves("1")
        await scene.takes()
        await scene.takes()
        await scene.next("2")
    seen = await asyncio.gather(*(ended(offices[0], at(19, second)) for second in range(4)))
    assert sorted(slug for worker in seen for slug in worker) == sorted(scene.office.slug for scene in offices)
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'expired'") == 3
    assert await database.hot.fetchval("SELECT count(*) FROM shift_event WHERE kind = 'closed'") == 6
    assert await ended(offices[0], at(20)) == []
    for scene in offices:
        await check_sound(database, scene.office.id)


async def test_workers_and_clerks_at_the_same_moment(database: Database) -> None:
    """While four workers end the day, every clerk finishes, calls and closes: nobody is stuck and nothing is told twice."""
    for _ in range(5):
        scene = await a_day(database, desks="1234")
        for _ in range(8):
            await scene.takes()
        for desk in "12":
            await scene.next(desk)
            await scene.starts(desk)
        scene.now = at(19)
        acts = [scene.finishes("1"), scene.finishes("2"), scene.serves("3"), scene.closes("4"), *(ended(scene, at(19)) for _ in range(4))]
        results = await asyncio.gather(*acts, return_exceptions=True)
        wrong = [each for each in results if isinstance(each, BaseException) and getattr(each, "status", 500) >= 500]
        assert wrong == []
        await check_sound(database, scene.office.id)
        assert await open_desks(scene) == 0
        assert await database.hot.fetchval("SELECT count(*) FROM ticket WHERE office_id = $1 AND state = 'waiting'", scene.office.id) == 0


async def test_offices_end_their_days_by_their_own_clocks(database: Database) -> None:
    east, west = await a_day(database, "Asia/Vladivostok", desks="1"), await a_day(database, "Europe/Kaliningrad", desks="1")
    for scene in (east, west):
        await scene.takes()
    assert await ended(east, at(19, zone="Asia/Vladivostok")) == [east.office.slug]
    assert (await open_desks(east), await open_desks(west)) == (0, 1)
    assert await ended(east, at(18, 59, zone="Europe/Kaliningrad")) == []
    assert await ended(east, at(19, zone="Europe/Kaliningrad")) == [west.office.slug]
    assert await open_desks(west) == 0


async def test_an_office_that_never_closes_is_left_alone(database: Database) -> None:
    scene = await a_day(database, hours=ALWAYS)
    people = await people_everywhere(scene)
    before = [await scene.state(ticket) for ticket in people.all]
    for hour in range(36):
        assert await ended(scene, scene.now + hour * HOUR) == []
    assert [await scene.state(ticket) for ticket in people.all] == before
    assert await open_desks(scene) == 5


async def test_a_day_without_hours_has_no_end(database: Database) -> None:
    scene = await a_day(database, hours=[(weekday, 540, 1080) for weekday in range(1, 6)])
    assert over_at_of(scene, date(2031, 3, 15)) is None
    assert over_at_of(scene, date(2031, 3, 14)) == at(19, day=14)


async def test_an_early_closing_ends_the_day_early(database: Database) -> None:
    scene = await a_day(database)
    await database.hot.execute(
        "INSERT INTO closure (office_id, local_date, opens, closes, reason) VALUES ($1, $2, 540, 840, $3)",
        scene.office.id,
        date(2031, 3, 12),
        {"ru": "Короткий день"},
    )
    assert await ended(scene, at(14, 59)) == []
    assert await ended(scene, at(15)) == [scene.office.slug]


async def test_a_lunch_break_is_not_the_end(database: Database) -> None:
    scene = await a_day(database, hours=[(weekday, *span) for weekday in range(1, 8) for span in ((540, 720), (840, 1080))])
    assert await ended(scene, at(13, 30)) == []
    assert await ended(scene, at(19)) == [scene.office.slug]


@pytest.mark.parametrize(
    ("day", "over_at"),
    [
        (date(2031, 3, 29), datetime(2031, 3, 29, 18, 0, tzinfo=UTC)),
        (date(2031, 3, 30), datetime(2031, 3, 30, 17, 0, tzinfo=UTC)),  # clocks went forward in the night
        (date(2031, 10, 25), datetime(2031, 10, 25, 17, 0, tzinfo=UTC)),
        (date(2031, 10, 26), datetime(2031, 10, 26, 18, 0, tzinfo=UTC)),  # and back
    ],
)
async def test_where_clocks_change_the_end_is_by_the_clock_on_the_wall(database: Database, day: date, over_at: datetime) -> None:
    scene = await a_day(database, "Europe/Berlin", desks="1")
    assert over_at_of(scene, day) == over_at
    await ended(scene, over_at - 5 * HOUR)
    assert await ended(scene, over_at - MINUTE) == []
    assert await ended(scene, over_at) == [scene.office.slug]


@pytest.mark.parametrize("night", [date(2031, 3, 29), date(2031, 10, 25)])
async def test_a_day_that_ends_in_the_hour_that_the_clocks_skip_or_repeat_ends_once(database: Database, night: date) -> None:
    """Open until half past midnight is not possible; until midnight with two hours more is."""
    scene = await a_day(database, "Europe/Berlin", desks="1", hours=[(weekday, 540, 1440) for weekday in range(1, 8)], day_ends_minutes=150)
    over_at = over_at_of(scene, night)
    assert over_at is not None
    await ended(scene, over_at - 5 * HOUR)
    slugs = [await ended(scene, over_at + step * 10 * MINUTE) for step in range(-18, 18)]
    assert [len(each) for each in slugs] == [0] * 18 + [1] + [0] * 17


async def test_who_opened_a_desk_after_the_end_stays(database: Database) -> None:
    """The clerk of the evening inventory, or of the next day: the worker was late."""
    scene = await a_day(database, desks="12")
    await scene.closes("2")
    scene.now = at(19, 5)
    await scene.opens("2")
    assert await ended(scene, at(19, 10)) == [scene.office.slug]
    rows = await database.hot.fetch("SELECT desk_id FROM shift WHERE closed_at IS NULL")
    assert [row["desk_id"] for row in rows] == [scene.office.desks["2"]]


async def test_a_late_worker_ends_yesterday_and_not_today(database: Database) -> None:
    scene = await a_day(database, desks="12")
    yesterday = await scene.takes()
    await scene.closes("2")
    scene.now = at(9, 30, day=13)
    await scene.opens("2")
    serving, today = await scene.takes(), await scene.takes()
    await scene.calls("2", serving, "сначала сегодняшние")
    await scene.starts("2")
    assert await ended(scene, at(9, 40, day=13)) == [scene.office.slug]
    assert [await scene.state(ticket) for ticket in (yesterday, serving, today)] == ["expired", "serving", "waiting"]
    assert await open_desks(scene) == 1
    await check_sound(database, scene.office.id)


async def test_the_morning_after_works(database: Database) -> None:
    scene = await a_day(database)
    people = await people_everywhere(scene)
    await ended(scene, at(19))
    await expire_forgotten(database.hot, at(0, 5, day=13))
    scene.now = at(9, day=13)
    await scene.keeps_time()
    assert [await scene.state(ticket) for ticket in people.all] == AFTERWARDS, "a term of yesterday brings nobody back"
    assert await ended(scene, scene.now) == []
    for desk in "12345":
        await scene.opens(desk)
    first = await scene.takes()
    assert (await scene.ticket(first))["number"] == 1
    assert await scene.serves("1") == first
    await scene.takes()
    assert await ended(scene, at(19, day=13)) == [scene.office.slug], "and so does its end"
    assert await open_desks(scene) == 0
    await check_sound(database, scene.office.id)


async def test_a_forgotten_desk_of_a_day_off_is_closed_with_the_next_day(database: Database) -> None:
    """Somebody came on a Saturday: no hours, no end; Monday's is."""
    scene = await a_day(database, desks="1", hours=[(weekday, 540, 1080) for weekday in range(1, 6)])
    await ended(scene, at(19))
    scene.now = at(12, day=15)
    await scene.opens("1")
    assert await ended(scene, at(12, day=16)) == []
    assert await open_desks(scene) == 1
    assert await ended(scene, at(19, day=17)) == [scene.office.slug]
    assert await open_desks(scene) == 0


async def test_the_visitor_reads_that_the_day_is_over(service: Service, database: Database) -> None:
    scene = await a_day(database, desks="1")
    ticket = await scene.takes()
    await ended(scene, at(19))
    shown = (await service.get(f"/api/public/tickets/{(await scene.ticket(ticket))['secret']}")).json()
    assert (shown["state"], shown["ahead"], shown["wait"]) == ("expired", None, None)
    assert shown["why"]["ru"]
