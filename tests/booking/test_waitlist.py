"""The waitlist: one person at a time, for a short while, by day; then the next.

On a database of its own: the service that other tests run walks every waitlist it sees, with a clock that is not ours.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from queue_service.booking import commands, waitlist
from queue_service.booking.confirming import Person
from queue_service.booking.errors import AlreadyWaiting, HoldExpired, NotChangeable, SlotTaken, TooManyActive
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking
from queue_service.booking.waitlist import ENTRIES_AT_ONCE, Joining, offer_round
from queue_service.db import Database, opened
from queue_service.errors import Malformed
from queue_service.schema import upgrade_now
from tests.booking.scene import MINUTE, SECOND, TIME, a_booked_office, book, free_at, hold, means, outbox, somebody
from tests.support.factories import LATER, AnOffice, a_lane, a_service, an_office, booked_online
from tests.support.postgres import a_database_on, delete_everything

TODAY = date(2031, 3, 12)
HOUR = 60 * MINUTE


@pytest.fixture(scope="module")
def own_database_url(database_url: str) -> Iterator[str]:
    with a_database_on(database_url, "waitlist") as url:
        upgrade_now(url)
        yield url


@pytest.fixture(scope="module")
async def own_database(own_database_url: str) -> AsyncIterator[Database]:
    async with opened(own_database_url) as database:
        yield database


@pytest.fixture
async def database(own_database: Database) -> Database:
    await delete_everything(own_database)
    return own_database


@dataclass
class Scene:
    """An office with one lane that is open from 14:00 to 14:15 only: one place a day."""

    database: Database
    booking: Booking
    office: AnOffice

    async def taken(self, starts_at: datetime = TIME, now: datetime = LATER) -> Appointment:
        return await book(self.database, self.booking, self.office, starts_at, now=now)

    async def waits(self, contact: str, first: date = TODAY, last: date = TODAY, now: datetime = LATER, **what: Any) -> str:
        """The entry's secret."""
        person = Person("Анна Смирнова", contact, "ru")
        place = await self.booking.at_id(self.office.id, now)
        joining = Joining(what.pop("service", "passport"), first, last, **what)
        async with self.database.session() as db:
            return (await waitlist.join(db, self.booking, place, joining, person, now)).secret

    async def gives_up(self, appointment: Appointment, now: datetime = LATER) -> None:
        async with self.database.session() as db:
            await commands.cancel(db, self.booking, appointment.secret, now)

    async def round(self, now: datetime = LATER) -> int:
        return await offer_round(self.database, self.booking, now)

    async def offers(self) -> list[str | None]:
        """Who was offered something, in that order."""
        return [letter.to for letter in await outbox(self.database, "offer")]

    async def offer(self) -> Appointment:
        """The one that stands."""
        secret = await self.database.hot.fetchval("SELECT secret FROM appointment WHERE state = 'offered'")
        async with self.database.session() as db:
            return await commands.locked(db, secret)

    async def state(self, entry: str) -> str:
        return str(await self.database.hot.fetchval("SELECT state FROM waitlist_entry WHERE secret = $1", entry))

    async def answers(self, act: Any, secret: str, now: datetime = LATER) -> Any:
        async with self.database.session() as db:
            return await act(db, self.booking, secret, now)


@pytest.fixture
async def scene(database: Database) -> Scene:
    return await a_scene(database)


async def a_scene(database: Database, **rules: Any) -> Scene:
    office = await an_office(database, time_zone="Europe/Moscow")
    await booked_online(database, office, **rules)
    await a_lane(database, office, hours=[(weekday, 14 * 60, 14 * 60 + 15) for weekday in range(1, 8)])
    return Scene(database, means(database), office)


async def test_a_freed_slot_is_offered_to_the_first_who_waits_and_to_nobody_else(scene: Scene) -> None:
    known = await scene.taken()
    first = await scene.waits("first@mail.ru")
    await scene.waits("second@mail.ru")
    assert await scene.round() == 0
    await scene.gives_up(known)
    assert await scene.round() == 1
    assert await scene.offers() == ["first@mail.ru"]
    offer = await scene.offer()
    assert (offer.starts_at, offer.hold_expires_at, offer.via) == (TIME, LATER + 30 * MINUTE, "waitlist")
    (letter,) = await outbox(scene.database, "offer")
    assert (letter.facts.until, letter.facts.link) == (LATER + 30 * MINUTE, f"https://queue.example.ru/a/{offer.secret}")
    # No broadcast: nobody else hears of it or can have it, however often the list is walked.
    assert await scene.round(LATER + 29 * MINUTE) == 0
    assert await scene.offers() == ["first@mail.ru"]
    for moment in (LATER, LATER + 30 * MINUTE - SECOND):
        assert await free_at(scene.booking, scene.office, moment, days=1) == set()
        with pytest.raises(SlotTaken):
            await hold(scene.booking, scene.office, TIME, moment)
    assert await scene.state(first) == "offered"


async def test_the_waitlist_comes_before_everybody_who_looks_for_a_free_slot(scene: Scene) -> None:
    """From the cancellation to the first round, a citizen who tries at once does not get the slot."""
    known = await scene.taken()
    await scene.waits("first@mail.ru")
    await scene.gives_up(known)
    with pytest.raises(SlotTaken):
        await hold(scene.booking, scene.office, TIME, LATER + 15 * SECOND)
    assert await scene.round(LATER + 15 * SECOND) == 1


async def test_an_offer_is_accepted_by_one_press_and_is_then_a_booking(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    entry = await scene.waits("first@mail.ru")
    await scene.round()
    offer = await scene.offer()
    just_in_time = LATER + 30 * MINUTE - SECOND
    first, again = [await scene.answers(waitlist.accept, offer.secret, just_in_time) for _ in range(2)]
    assert (first.state, again.state, first.hold_expires_at) == ("booked", "booked", None)
    assert await scene.state(entry) == "accepted"
    assert [(each.kind, each.to) for each in await outbox(scene.database, "confirmation", appointment_id=offer.id)] == [
        ("confirmation", "first@mail.ru")
    ]
    assert await scene.round(LATER + HOUR) == 0


async def test_an_offer_that_lapses_goes_to_the_next_and_never_back(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    first, second = await scene.waits("first@mail.ru"), await scene.waits("second@mail.ru")
    await scene.round()
    offer = await scene.offer()
    lapsed = LATER + 30 * MINUTE
    with pytest.raises(HoldExpired):
        await scene.answers(waitlist.accept, offer.secret, lapsed)
    with pytest.raises(SlotTaken):  # not even in the moment between
        await hold(scene.booking, scene.office, TIME, lapsed)
    assert await scene.round(lapsed) == 1
    assert await scene.offers() == ["first@mail.ru", "second@mail.ru"]
    assert (await scene.state(first), await scene.state(second)) == ("waiting", "offered")
    # Nobody is left who has not had it: it returns to everybody, and is not offered to the same person again.
    assert await scene.round(LATER + 60 * MINUTE) == 0
    assert TIME in await free_at(scene.booking, scene.office, LATER + 70 * MINUTE, days=1)
    assert await scene.offers() == ["first@mail.ru", "second@mail.ru"]


async def test_a_declined_offer_goes_to_the_next_at_once(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    first = await scene.waits("first@mail.ru")
    await scene.waits("second@mail.ru")
    await scene.round()
    offer = await scene.offer()
    first_no, second_no = [await scene.answers(waitlist.decline, offer.secret) for _ in range(2)]
    assert (first_no.state, second_no.state) == ("cancelled", "cancelled")
    assert await scene.state(first) == "waiting"
    assert await scene.round(LATER + MINUTE) == 1
    assert await scene.offers() == ["first@mail.ru", "second@mail.ru"]
    with pytest.raises(NotChangeable):
        await scene.answers(waitlist.accept, offer.secret)


async def test_an_offer_that_is_cancelled_like_a_booking_leaves_its_person_on_the_list(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    first = await scene.waits("first@mail.ru")
    await scene.round()
    await scene.gives_up(await scene.offer())
    await scene.round()
    assert await scene.state(first) == "waiting"


async def test_who_was_overtaken_by_a_lapse_that_nobody_swept_still_waits(scene: Scene) -> None:
    """The service was away for a while: the offer lapsed, and a citizen's hold swept it before the list was walked."""
    await scene.gives_up(await scene.taken())
    first = await scene.waits("first@mail.ru", last=TODAY + timedelta(days=1))
    await scene.round()
    away = LATER + 40 * MINUTE
    assert (await hold(scene.booking, scene.office, TIME, away)).id
    assert await scene.round(away) == 1
    assert await scene.state(first) == "offered"
    assert (await scene.offer()).starts_at == TIME + timedelta(days=1)


@pytest.mark.parametrize("how", ["lapse", "decline"])
async def test_who_let_five_offers_pass_is_offered_no_sixth(database: Database, how: str) -> None:
    scene = await a_scene(database, freed_delay_minutes=0)
    await booked_online(database, scene.office, horizon=30)
    entry = await scene.waits("first@mail.ru", last=TODAY + timedelta(days=20))
    now = LATER
    for number in range(5):
        assert await scene.round(now) == 1, number
        if how == "decline":
            await scene.answers(waitlist.decline, (await scene.offer()).secret, now)
        now += timedelta(days=1)
    assert await scene.round(now) == 0
    assert await scene.state(entry) == "expired"
    assert len(await scene.offers()) == 5


async def test_who_let_an_offer_pass_stands_behind_those_who_had_fewer(scene: Scene) -> None:
    known, tomorrow = await scene.taken(), await scene.taken(TIME + timedelta(days=1))
    for name in ("first", "second"):
        await scene.waits(f"{name}@mail.ru", last=TODAY + timedelta(days=1))
    await scene.gives_up(known)
    await scene.round()
    await scene.answers(waitlist.decline, (await scene.offer()).secret)
    await scene.gives_up(tomorrow)
    assert await scene.round() == 2
    assert sorted(filter(None, await scene.offers())) == ["first@mail.ru", "first@mail.ru", "second@mail.ru"]
    rows = await scene.database.hot.fetch("SELECT starts_at, contact_hash FROM appointment WHERE state = 'offered' ORDER BY starts_at")
    assert rows[0]["contact_hash"] == scene.booking.ring.fingerprint("second@mail.ru"), "the earlier one"


async def test_only_days_that_were_asked_for_are_offered(scene: Scene) -> None:
    days = [TIME + timedelta(days=number) for number in range(4)]
    for known in [await scene.taken(day) for day in days]:
        await scene.gives_up(known)
    await scene.waits("third@mail.ru", TODAY + timedelta(days=2), TODAY + timedelta(days=2))
    await scene.waits("far@mail.ru", TODAY + timedelta(days=300), TODAY + timedelta(days=310))
    assert await scene.round() == 1
    assert (await scene.offer()).starts_at == days[2]
    assert await scene.offers() == ["third@mail.ru"]


async def test_a_slot_too_near_to_be_answered_in_time_is_not_offered(scene: Scene) -> None:
    known = await scene.taken()
    await scene.waits("first@mail.ru")
    await scene.gives_up(known, TIME - 30 * MINUTE)
    assert await scene.round(TIME - 30 * MINUTE) == 0
    assert await scene.round(TIME - 31 * MINUTE) == 1


async def test_only_slots_long_enough_for_the_applications_are_offered(database: Database) -> None:
    office = await an_office(database, time_zone="Europe/Moscow")
    await booked_online(database, office, per_application=15)
    await a_lane(database, office, hours=[(3, 14 * 60, 14 * 60 + 30)])
    scene = Scene(database, means(database), office)
    quarters = [await scene.taken(TIME), await scene.taken(TIME + 15 * MINUTE)]
    await scene.waits("three@mail.ru", applications=3)
    await scene.waits("two@mail.ru", applications=2)
    await scene.gives_up(quarters[0])
    assert await scene.round() == 0
    await scene.gives_up(quarters[1])
    assert await scene.round() == 1
    offer = await scene.offer()
    assert (offer.starts_at, offer.ends_at, offer.applications) == (TIME, TIME + 30 * MINUTE, 2)
    assert await scene.offers() == ["two@mail.ru"]


async def test_nobody_is_offered_anything_at_night(scene: Scene) -> None:
    tomorrow = await scene.taken(TIME + timedelta(days=1))
    await scene.waits("first@mail.ru", last=TODAY + timedelta(days=1))
    await scene.gives_up(await scene.taken())
    evening = LATER.replace(hour=18)  # 21:00 in the city
    await scene.gives_up(tomorrow, evening)
    for night in (evening, evening + 6 * HOUR, evening + 11 * HOUR - SECOND):
        assert await scene.round(night) == 0
    assert await scene.round(evening + 11 * HOUR) == 1
    assert (await scene.offer()).starts_at == TIME + timedelta(days=1)


async def test_leaving_gives_the_offer_to_the_next(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    first = await scene.waits("first@mail.ru")
    await scene.waits("second@mail.ru")
    await scene.round()
    offer = await scene.offer()
    left, again = [await scene.answers(waitlist.leave, first) for _ in range(2)]
    assert (left.state, again.state) == ("left", "left")
    with pytest.raises(NotChangeable):
        await scene.answers(waitlist.accept, offer.secret)
    assert await scene.round() == 1
    assert await scene.offers() == ["first@mail.ru", "second@mail.ru"]


async def test_leaving_after_accepting_keeps_the_booking(scene: Scene) -> None:
    await scene.gives_up(await scene.taken())
    entry = await scene.waits("first@mail.ru")
    await scene.round()
    offer = await scene.offer()
    await scene.answers(waitlist.accept, offer.secret)
    assert (await scene.answers(waitlist.leave, entry)).state == "accepted"
    assert await scene.database.hot.fetchval("SELECT state FROM appointment WHERE id = $1", offer.id) == "booked"


async def test_an_accepted_offer_counts_like_every_booking(database: Database) -> None:
    scene = await a_scene(database, active_limit=1)
    elsewhere = await a_booked_office(database)
    await book(database, scene.booking, elsewhere, TIME + 2 * HOUR, somebody(contact="first@mail.ru"))
    await scene.waits("first@mail.ru")
    await scene.round()
    offer = await scene.offer()
    with pytest.raises(TooManyActive):
        await scene.answers(waitlist.accept, offer.secret)
    assert (await scene.offer()).id == offer.id, "it still stands: another booking can be cancelled meanwhile"


async def test_one_waits_once_for_the_same_service_of_an_office(scene: Scene) -> None:
    entry = await scene.waits("first@mail.ru")
    with pytest.raises(AlreadyWaiting):
        await scene.waits("FIRST@mail.ru")
    await scene.answers(waitlist.leave, entry)
    assert await scene.waits("first@mail.ru") != entry


@pytest.mark.parametrize(("first", "last"), [(-2, -1), (2, 1), (0, 500)])
async def test_days_that_cannot_be_are_refused(scene: Scene, first: int, last: int) -> None:
    with pytest.raises(Malformed):
        await scene.waits("first@mail.ru", TODAY + timedelta(days=first), TODAY + timedelta(days=last))


async def test_whose_days_are_over_waits_no_longer(scene: Scene) -> None:
    entry = await scene.waits("first@mail.ru", last=TODAY)
    await scene.taken()
    await scene.taken(TIME + timedelta(days=1))
    await scene.round(LATER + 7 * HOUR)
    assert await scene.state(entry) == "waiting"
    await scene.round(LATER + timedelta(days=1))
    assert await scene.state(entry) == "expired"


async def test_a_long_list_without_luck_does_not_hide_those_behind_it(database: Database) -> None:
    office = await an_office(database, a_service("passport"), a_service("benefit"), time_zone="Europe/Moscow")
    for code in office.services:
        await booked_online(database, office, code)
    await a_lane(database, office, ["passport"], hours=[(3, 14 * 60, 14 * 60 + 15)])
    await a_lane(database, office, ["benefit"], hours=[(3, 14 * 60, 14 * 60 + 15)])
    scene = Scene(database, means(database), office)
    await scene.taken()
    for number in range(ENTRIES_AT_ONCE):
        await scene.waits(f"unlucky-{number}@mail.ru")
    await scene.waits("lucky@mail.ru", service="benefit")
    assert await scene.round() == 1
    assert await scene.offers() == ["lucky@mail.ru"]
