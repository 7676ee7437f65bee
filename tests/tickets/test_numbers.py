"""Numbers: from 001 each local day, per letter, without gaps and without doubles, whatever happens at once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from queue_service.db import Database
from queue_service.errors import DailyLimitReached, DomainError
from queue_service.offices.catalogue import Catalogue
from queue_service.tickets.rules import Need
from queue_service.tickets.take import TakenTicket, Taking, Wish
from tests.support.factories import LATER, AnOffice, a_service, an_office

VIA = ("kiosk", 1)


def a_wish(service: str = "passport", key: str = "key") -> Wish:
    return Wish(service, None, (), "ru", key)


async def take(database: Database, catalogue: Catalogue, key: str, *, service: str = "passport", now: datetime = LATER) -> TakenTicket:
    """By a worker of its own: nobody shares its transaction."""
    return await Taking(database.hot).take(catalogue, a_wish(service, key), VIA, now)


Workers = Callable[[], Taking]


@pytest.fixture(params=["together", "each alone"])
def worker(request: pytest.FixtureRequest, database: Database) -> Workers:
    """One worker, whose visitors share transactions, or a worker for each of them."""
    one = Taking(database.hot)
    return (lambda: one) if request.param == "together" else (lambda: Taking(database.hot))


async def test_services_of_one_group_share_a_letter_and_count_together(database: Database) -> None:
    office = await an_office(database, a_service("passport", "А"), a_service("visa", "А"), a_service("question", "В"))
    catalogue = await office.catalogue(database)
    wanted = ["passport", "visa", "question", "passport", "question"]
    numbers = [(await take(database, catalogue, str(each), service=service)).number for each, service in enumerate(wanted)]
    assert numbers == ["А001", "А002", "В001", "А003", "В002"]


async def test_offices_count_apart(database: Database) -> None:
    for _ in range(2):
        office = await an_office(database)
        assert (await take(database, await office.catalogue(database), "same key")).number == "А001"


@pytest.mark.parametrize("zone", ["Europe/Kaliningrad", "Europe/Moscow", "Asia/Kamchatka", "America/Sao_Paulo"])
async def test_numbers_begin_anew_at_the_offices_own_midnight(database: Database, zone: str) -> None:
    office = await an_office(database, time_zone=zone)
    catalogue = await office.catalogue(database)
    midnight = catalogue.schedule.local_midnight(LATER + timedelta(days=1))
    moments = [LATER, midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=1)]
    taken = [await take(database, catalogue, str(each), now=now) for each, now in enumerate(moments)]
    assert [each.number for each in taken] == ["А001", "А002", "А001", "А002"]


async def test_two_offices_may_have_different_dates_at_one_moment(database: Database) -> None:
    now = datetime(2031, 3, 12, 21, 30, tzinfo=UTC)  # 23:30 in Kaliningrad, 00:30 of the 13th in Moscow
    dates = {}
    for zone in ("Europe/Kaliningrad", "Europe/Moscow"):
        office = await an_office(database, time_zone=zone)
        ticket = await take(database, await office.catalogue(database), "key", now=now)
        dates[zone] = await database.hot.fetchval("SELECT local_date FROM ticket WHERE id = $1", ticket.id)
    assert {zone: day.day for zone, day in dates.items()} == {"Europe/Kaliningrad": 12, "Europe/Moscow": 13}


async def test_after_999_comes_1000(database: Database) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    first = await take(database, catalogue, "first")
    await database.hot.execute("UPDATE ticket_counter SET last_number = 998 WHERE office_id = $1", office.id)
    assert [(await take(database, catalogue, key)).number for key in ("a", "b", "c")] == ["А999", "А1000", "А1001"]
    assert first.number == "А001"


async def test_a_hundred_at_once_get_a_hundred_numbers(database: Database, worker: Workers) -> None:
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    taken = await asyncio.gather(*(worker().take(catalogue, a_wish(key=str(each)), VIA, LATER) for each in range(100)))
    assert sorted(each.number for each in taken) == [f"А{number:03d}" for number in range(1, 101)]


async def test_wishes_of_many_offices_letters_and_days_share_a_transaction(database: Database) -> None:
    """Each series counts by itself, in the order in which they came, and each ticket is what its visitor asked for."""
    offices = [await an_office(database, a_service("passport", "А"), a_service("visa", "В", chain=("passport",))) for _ in range(3)]
    catalogues = [await office.catalogue(database) for office in offices]
    worker = Taking(database.hot)
    wishes = [
        (catalogue, Wish(service, None, needs, language, f"{service} {nth}"), LATER + nth * timedelta(days=1))
        for nth in range(2)
        for catalogue in catalogues
        for service, needs, language in (("passport", (), "ru"), ("visa", (Need.HEARING, Need.LOW_VISION), "en"), ("visa", (), "ru"))
    ]
    wishes = [(catalogue, replace(wish, key=f"{wish.key} {each}"), now) for each, (catalogue, wish, now) in enumerate(wishes)]
    taken = await asyncio.gather(*(worker.take(catalogue, wish, VIA, now) for catalogue, wish, now in wishes))
    assert [each.number for each in taken] == ["А001", "В001", "В002"] * 6
    for (catalogue, wish, now), ticket in zip(wishes, taken, strict=True):
        row = await database.hot.fetchrow("SELECT * FROM ticket WHERE id = $1", ticket.id)
        assert row is not None
        kept = (row["office_id"], row["secret"], row["language"], tuple(row["needs"]), row["idempotency_key"], row["issued_at"])
        assert kept == (catalogue.id, ticket.secret, wish.language, wish.needs, wish.key, now)
        assert tuple(row["next_services"]) == catalogue.services[wish.service].chain
        event = await database.hot.fetchrow("SELECT office_id, kind, at, details FROM ticket_event WHERE ticket_id = $1", ticket.id)
        assert tuple(event or ()) == (catalogue.id, "issued", now, {"via": "kiosk", "by": 1})


async def test_a_repeat_among_others_of_its_transaction_takes_no_number(database: Database) -> None:
    office = await an_office(database)
    catalogue, worker = await office.catalogue(database), Taking(database.hot)
    keys = ["first", "second", "tap", "tap", "third", "tap", "fourth"]
    taken = await asyncio.gather(*(worker.take(catalogue, a_wish(key=key), VIA, LATER) for key in keys))
    assert len({each.id for each in taken}) == 5
    assert await issued(database, office) == [1, 2, 3, 4, 5]


async def test_a_failed_issue_gives_its_number_back(database: Database) -> None:
    """The counter, the ticket and its journal row stand or fall together."""
    office = await an_office(database)
    catalogue = await office.catalogue(database)
    await take(database, catalogue, "first")
    with pytest.raises(Exception, match="needs_known"):
        await Taking(database.hot).take(catalogue, Wish("passport", None, ("dragon",), "ru", "x"), VIA, LATER)  # type: ignore[arg-type]
    assert (await take(database, catalogue, "second")).number == "А002"
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE office_id = $1", office.id) == 2


async def issued(database: Database, office: AnOffice) -> list[int]:
    rows = await database.hot.fetch("SELECT number FROM ticket WHERE office_id = $1 ORDER BY number", office.id)
    return [row["number"] for row in rows]


async def test_the_daily_limit_is_exact_when_everybody_comes_at_once(database: Database, worker: Workers) -> None:
    office = await an_office(database, a_service("passport", limit=25), a_service("visa"))
    catalogue = await office.catalogue(database)

    async def try_to_take(each: int) -> str:
        try:
            await worker().take(catalogue, a_wish(key=str(each)), VIA, LATER)
        except DailyLimitReached:
            return "refused"
        return "taken"

    outcomes = await asyncio.gather(*(try_to_take(each) for each in range(60)))
    assert (outcomes.count("taken"), outcomes.count("refused")) == (25, 35)
    assert await issued(database, office) == list(range(1, 26)), "a refusal used up a number"
    assert (await take(database, catalogue, "visa", service="visa")).number == "А026", "the limit is the service's, not the letter's"


async def test_the_daily_limit_ends_with_the_local_day(database: Database) -> None:
    office = await an_office(database, a_service("passport", limit=1), time_zone="Europe/Moscow")
    catalogue = await office.catalogue(database)
    await take(database, catalogue, "first")
    with pytest.raises(DailyLimitReached) as refusal:
        await take(database, catalogue, "second")
    assert refusal.value.retry_after == 12 * 3600, "it is noon in Moscow: try again at midnight"
    assert (await take(database, catalogue, "second", now=LATER + timedelta(hours=12))).number == "А001"


async def test_a_repeat_after_the_limit_was_reached_still_gives_its_ticket(database: Database) -> None:
    office = await an_office(database, a_service("passport", limit=1))
    catalogue = await office.catalogue(database)
    first = await take(database, catalogue, "mine")
    assert await take(database, catalogue, "mine") == first
    with pytest.raises(DomainError):
        await take(database, catalogue, "yours")


async def test_the_database_itself_refuses_a_doubled_number(database: Database) -> None:
    office = await an_office(database)
    await take(database, await office.catalogue(database), "key")
    with pytest.raises(Exception, match="uq_ticket_number"):
        await database.hot.execute(
            """
            INSERT INTO ticket (office_id, local_date, letter, number, secret, service_id, state, source, language, needs, late,
                                issued_at, due_at, rank_at, rank_from, calls)
            SELECT office_id, local_date, letter, number, 'other', service_id, state, source, language, needs, late,
                   issued_at, due_at, rank_at, rank_from, calls FROM ticket WHERE office_id = $1
            """,
            office.id,
        )
