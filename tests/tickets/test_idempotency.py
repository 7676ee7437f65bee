"""A retry after a lost answer gives the ticket that was issued, also when two retries race, and never a second one."""

import asyncio
from collections import Counter
from datetime import date, timedelta

import pytest

from queue_service.db import Database
from queue_service.errors import IdempotencyKeyReused, OfficeClosed
from queue_service.tickets.rules import Need
from queue_service.tickets.take import Taking, Wish
from tests.support.factories import LATER, a_clerk_at, a_desk, a_kiosk, a_privilege, a_service, an_office
from tests.support.service import Service

VIA = ("kiosk", 1)


async def test_a_repeated_key_gives_the_same_ticket(service: Service, database: Database) -> None:
    kiosk = await a_kiosk(database, await an_office(database))
    first, again = [await service.take(kiosk, key="tap") for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (await service.taken(kiosk))["number"] == "А002"


async def test_twenty_racing_repeats_are_one_ticket(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosks = [await a_kiosk(database, office) for _ in range(4)]
    answers = await asyncio.gather(*(service.take(kiosks[each % 4], key="tap") for each in range(20)))
    assert Counter(answer.status_code for answer in answers) == {201: 20}
    assert len({answer.json()["secret"] for answer in answers}) == 1
    assert (await service.taken(kiosks[0]))["number"] == "А002", "a losing repeat used up a number"
    assert await database.hot.fetchval("SELECT count(*) FROM ticket_event WHERE kind = 'issued'") == 2


async def test_the_offices_keys_of_one_moment_lie_together(database: Database) -> None:
    """Office by office each would have a page of its own to find, to split and to write to the log."""
    columns = "SELECT pg_get_indexdef('uq_ticket_idempotency_key'::regclass, place, true) FROM generate_series(1, 2) AS place"
    assert [row[0] for row in await database.hot.fetch(columns)] == ["idempotency_key", "office_id"]


async def test_racing_repeats_use_up_the_daily_limit_once(database: Database) -> None:
    office = await an_office(database, a_service("passport", limit=2))
    catalogue = await office.catalogue(database)
    wish = Wish("passport", None, (), "ru", "tap")
    await asyncio.gather(*(Taking(database.hot).take(catalogue, wish, VIA, LATER) for _ in range(15)))
    assert await database.hot.fetchval("SELECT issued FROM service_day") == 1
    other = await Taking(database.hot).take(catalogue, Wish("passport", None, (), "ru", "other"), VIA, LATER)
    assert other.number == "А002"


@pytest.mark.parametrize(
    "changed",
    [{"service": "visa"}, {"privilege": "veteran"}, {"needs": ["hearing"]}, {"language": "en"}],
    ids=["service", "privilege", "needs", "language"],
)
async def test_the_same_key_for_another_wish_is_refused(service: Service, database: Database, changed: dict[str, object]) -> None:
    office = await an_office(database, a_service("passport"), a_service("visa", "В"))
    kiosk = await a_kiosk(database, office)
    await a_privilege(database, "veteran")
    await service.taken(kiosk, key="tap")
    wish = {"service": "passport", "privilege": None, "needs": [], "language": "ru"} | changed
    answer = await service.http.post(
        "/api/kiosk/tickets", json=wish, headers={"Authorization": f"Bearer {kiosk}", "Idempotency-Key": "tap"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert await database.hot.fetchval("SELECT count(*) FROM ticket") == 1


async def test_two_racing_wishes_under_one_key_are_one_ticket_and_one_refusal(database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("visa", "В"))
    catalogue = await office.catalogue(database)
    for round_ in range(10):
        wishes = [Wish(service, None, (), "ru", f"tap-{round_}") for service in ("passport", "visa")]
        outcomes = await asyncio.gather(
            *(Taking(database.hot).take(catalogue, wish, VIA, LATER) for wish in wishes), return_exceptions=True
        )
        refusals = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert [type(refusal) for refusal in refusals] == [IdempotencyKeyReused]
    assert await database.hot.fetchval("SELECT count(*) FROM ticket") == 10


async def test_needs_in_another_order_are_the_same_wish(service: Service, database: Database) -> None:
    kiosk = await a_kiosk(database, await an_office(database))
    one = await service.take(kiosk, key="tap", needs=["hearing", "low_vision", "hearing"])
    other = await service.take(kiosk, key="tap", needs=["low_vision", "hearing"])
    assert one.json() == other.json()
    assert await database.hot.fetchval("SELECT needs FROM ticket") == [Need.HEARING, Need.LOW_VISION]


async def test_the_same_key_in_another_office_is_another_ticket(service: Service, database: Database) -> None:
    kiosks = [await a_kiosk(database, await an_office(database)) for _ in range(2)]
    secrets = {(await service.taken(kiosk, key="tap"))["secret"] for kiosk in kiosks}
    assert len(secrets) == 2


async def test_a_repeat_after_the_office_closed_gives_the_ticket_of_a_moment_ago(database: Database) -> None:
    """The first try succeeded just before closing time, and only its answer was lost."""
    weekday = LATER.isoweekday()
    office = await an_office(database, hours=[(weekday, 0, 12 * 60)], time_zone="Europe/Moscow")
    catalogue = await office.catalogue(database)
    wish = Wish("passport", None, (), "ru", "tap")
    taken = await Taking(database.hot).take(catalogue, wish, VIA, LATER - timedelta(seconds=1))
    assert await Taking(database.hot).take(catalogue, wish, VIA, LATER + timedelta(seconds=1)) == taken
    with pytest.raises(OfficeClosed):
        await Taking(database.hot).take(catalogue, Wish("passport", None, (), "ru", "new"), VIA, LATER + timedelta(seconds=1))


async def test_a_repeat_after_the_visitor_was_called_says_so(service: Service, database: Database) -> None:
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    first = await service.taken(kiosk, key="tap")
    await service.called(clerk)
    again = await service.taken(kiosk, key="tap")
    assert (first["state"], again["state"]) == ("waiting", "called")
    assert (again["number"], again["ahead"], again["wait"]) == (first["number"], 0, None)


async def test_a_repeat_gets_its_ticket_also_when_that_was_sent_to_another_service_meanwhile(service: Service, database: Database) -> None:
    """The first answer was lost, a desk called the visitor at once and sent them on."""
    office = await an_office(database, a_service("passport"), a_service("benefit", "В"), desks=[a_desk("1"), a_desk("2")])
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    taken = await service.taken(kiosk, key="lost")
    await service.called(clerk)
    assert (await service.desk(clerk, "transfer", service="benefit")).status_code == 200
    again = await service.take(kiosk, key="lost")
    assert (again.status_code, again.json()["id"], again.json()["service"]) == (201, taken["id"], "benefit")
    assert (await service.take(kiosk, "benefit", key="lost")).json()["code"] == "idempotency_key_reused"


async def test_a_key_is_not_forgotten_overnight(database: Database) -> None:
    office = await an_office(database, time_zone="Europe/Moscow")
    catalogue = await office.catalogue(database)
    wish = Wish("passport", None, (), "ru", "tap")
    today = await Taking(database.hot).take(catalogue, wish, VIA, LATER)
    assert await Taking(database.hot).take(catalogue, wish, VIA, LATER + timedelta(days=1)) == today
    assert await database.hot.fetchval("SELECT max(local_date) FROM ticket") == date(2031, 3, 12)
