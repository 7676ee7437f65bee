"""A citizen's own data: shown by the link, the rest of a contact only behind a code, destroyed once and for good, cancelled before."""

import asyncio
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from queue_service.booking import erasure, waitlist
from queue_service.booking.confirming import CODE_TRIES
from queue_service.booking.errors import BookingErased, NoSuchBooking, WrongCode
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking
from queue_service.db import Database
from queue_service.errors import TooManyAttempts
from queue_service.tickets.check_in import check_in
from tests.booking.scene import MINUTE, RING, TIME, a_booked_office, book, free_at, means, outbox, place_of, somebody
from tests.support.factories import LATER, AnOffice
from tests.support.service import Service

ANNA = somebody("Анна Смирнова", "anna@mail.ru")


@dataclass
class Scene:
    database: Database
    booking: Booking
    offices: list[AnOffice]
    booked: list[Appointment]
    """Anna's: one in each office, and one of them in the past."""

    @property
    def secret(self) -> str:
        return self.booked[0].secret

    async def code(self) -> str:
        """Asks for a code and reads the letter."""
        async with self.database.session() as db:
            await erasure.send_code(db, self.booking, self.secret, LATER)
        letter = (await outbox(self.database, "code"))[-1]
        assert letter.to == "anna@mail.ru"
        return str(letter.facts.code)


@pytest.fixture
async def scene(database: Database) -> Scene:
    booking = means(database)
    offices = [await a_booked_office(database) for _ in range(2)]
    booked = [await book(database, booking, office, TIME + number * 30 * MINUTE, ANNA) for number, office in enumerate(offices)]
    booked.append(await book(database, booking, offices[0], LATER + 15 * MINUTE, ANNA))
    await database.hot.execute(
        "UPDATE appointment SET state = 'missed', starts_at = $2, ends_at = $3 WHERE id = $1",
        booked[2].id,
        LATER - timedelta(days=3),
        LATER - timedelta(days=2),
    )
    await database.hot.execute("DELETE FROM lane_taken WHERE appointment_id = $1", booked[2].id)
    return Scene(database, booking, offices, booked)


async def left(database: Database) -> int:
    count: int = await database.hot.fetchval("SELECT count(*) FROM appointment WHERE name_sealed IS NOT NULL OR contact_hash IS NOT NULL")
    return count


async def evidence(database: Database) -> list[tuple[Any, ...]]:
    rows = await database.hot.fetch("SELECT category, office_id, count, reason, actor FROM destruction ORDER BY id")
    return [tuple(row) for row in rows]


async def test_one_booking_is_cancelled_and_destroyed_and_the_others_stay(scene: Scene) -> None:
    async with scene.database.session() as db:
        assert await erasure.erase_booking(db, scene.booking, scene.secret, LATER)
    row = await scene.database.hot.fetchrow("SELECT * FROM appointment WHERE id = $1", scene.booked[0].id)
    assert row is not None
    assert (row["state"], row["name_sealed"], row["contact_sealed"], row["contact_hash"], row["person"]) == (
        "cancelled",
        None,
        None,
        None,
        None,
    )
    assert await left(scene.database) == 2
    assert await evidence(scene.database) == [("appointment", scene.offices[0].id, 1, "citizen", "citizen")]
    # The slot returns by the ordinary rule: later, and to nobody whom the citizen could tell.
    assert await scene.database.hot.fetchval("SELECT kind FROM lane_taken WHERE lower(during) = $1", TIME) == "freed"
    with pytest.raises(BookingErased):
        async with scene.database.session() as db:
            await erasure.held_by_link(db, scene.booking, scene.secret)


async def test_only_the_cancellation_keeps_its_sealed_address_until_it_is_sent(scene: Scene) -> None:
    assert {each.kind for each in await outbox(scene.database, appointment_id=scene.booked[0].id)} == {"confirmation"}
    async with scene.database.session() as db:
        await erasure.erase_booking(db, scene.booking, scene.secret, LATER)
    (letter,) = await outbox(scene.database, appointment_id=scene.booked[0].id)
    assert (letter.kind, letter.state, letter.to) == ("cancellation", "pending", "anna@mail.ru")


async def test_everything_of_a_contact_goes_across_the_city(scene: Scene) -> None:
    place = await place_of(scene.booking, scene.offices[1])
    today = place.calendar.today(LATER)
    async with scene.database.session() as db:
        await waitlist.join(db, scene.booking, place, waitlist.Joining("passport", today, today), ANNA, LATER)
    stranger = await book(scene.database, scene.booking, scene.offices[0], TIME + 90 * MINUTE)
    async with scene.database.session() as db:
        assert await erasure.erase_contact(db, scene.booking, scene.secret, LATER)
    assert await left(scene.database) == 1
    assert await scene.database.hot.fetchval("SELECT state FROM appointment WHERE id = $1", stranger.id) == "booked"
    assert await scene.database.hot.fetchval("SELECT count(*) FROM waitlist_entry") == 0
    hashes = await scene.database.hot.fetch("SELECT contact_hash FROM booking_contact")
    assert RING.fingerprint("anna@mail.ru") not in [row["contact_hash"] for row in hashes]
    first, second = (each.id for each in scene.offices)
    assert await evidence(scene.database) == [
        ("appointment", first, 2, "citizen", "citizen"),
        ("appointment", second, 1, "citizen", "citizen"),
        ("waitlist", second, 1, "citizen", "citizen"),
    ]
    assert TIME not in await free_at(scene.booking, scene.offices[0], LATER), "given back at once, it could be handed over"


async def test_destroying_twice_is_destroying_once(scene: Scene) -> None:
    async def erase() -> bool:
        async with scene.database.session() as db:
            return await erasure.erase_contact(db, scene.booking, scene.secret, LATER)

    assert sorted(await asyncio.gather(*(erase() for _ in range(4)))) == [False, False, False, True]
    assert sum(row[2] for row in await evidence(scene.database)) == 3


async def test_two_links_of_one_contact_do_not_wait_for_each_other(scene: Scene) -> None:
    async def erase(secret: str) -> bool:
        async with scene.database.session() as db:
            return await erasure.erase_contact(db, scene.booking, secret, LATER)

    await asyncio.gather(*(erase(each.secret) for each in scene.booked for _ in range(2)))
    assert await left(scene.database) == 0
    assert sum(row[2] for row in await evidence(scene.database)) == 3


async def test_a_visitor_in_the_hall_keeps_the_ticket(scene: Scene) -> None:
    ticket = await check_in(scene.booking, scene.offices[0].id, scene.secret, ("staff", 1), TIME)
    async with scene.database.session() as db:
        await erasure.erase_booking(db, scene.booking, scene.secret, TIME + MINUTE)
    row = await scene.database.hot.fetchrow(
        "SELECT ticket.state, a.state AS booking FROM ticket JOIN appointment AS a ON a.id = appointment_id WHERE ticket.id = $1",
        ticket.id,
    )
    assert row is not None
    assert (row["state"], row["booking"]) == ("waiting", "checked_in")


# The code


async def test_the_code_proves_the_contact_and_a_wrong_one_is_counted(scene: Scene) -> None:
    code = await scene.code()
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for number in range(CODE_TRIES):
        async with scene.database.session() as db:
            outcome = await erasure.check_code(db, scene.booking, scene.secret, wrong, LATER)
        assert isinstance(outcome, WrongCode), number
    async with scene.database.session() as db:
        assert isinstance(await erasure.check_code(db, scene.booking, scene.secret, code, LATER), TooManyAttempts)
    code = await scene.code()
    async with scene.database.session() as db:
        outcome = await erasure.check_code(db, scene.booking, scene.secret, code, LATER)
        assert isinstance(outcome, Appointment)
        assert outcome.contact_hash is not None
        assert len(await erasure.held_of_contact(db, scene.booking, outcome.contact_hash)) == 3


async def test_a_code_ends_and_opens_no_other_booking(scene: Scene) -> None:
    code = await scene.code()
    for secret, now in ((scene.secret, LATER + 16 * MINUTE), (scene.booked[1].secret, LATER)):
        async with scene.database.session() as db:
            assert isinstance(await erasure.check_code(db, scene.booking, secret, code, now), WrongCode)


def test_a_proof_is_for_one_booking_and_for_a_quarter_of_an_hour(database: Database) -> None:
    booking = means(database)
    proof = erasure.proof_of(booking, "secret", LATER)
    assert erasure.is_proven(booking, "secret", proof, LATER + 14 * MINUTE)
    assert not erasure.is_proven(booking, "another", proof, LATER)
    assert not erasure.is_proven(booking, "secret", proof, LATER + 16 * MINUTE)
    until, _, signature = proof.partition(".")
    for forged in (
        "",
        ".",
        "x.y",
        f"{int(until) + 60}.{signature}",
        f"{until}.{'0' * 64}",
        f"{until}.",
        "9" * 30 + ".a",
        "٣.a",
        f"{until}.é",
    ):
        assert not erasure.is_proven(booking, "secret", forged, LATER)


# The pages


async def test_the_pages_show_what_is_held_ask_first_and_erase_once(service: Service, scene: Scene) -> None:
    here = f"/a/{scene.secret}/data"
    shown = await service.http.get(here)
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    assert "Анна Смирнова" in shown.text
    assert "anna@mail.ru" in shown.text
    assert scene.booked[1].reference[:4] not in shown.text, "another booking of the contact needs the code"

    question = await service.http.get(f"{here}/erase")
    assert "Анна" not in question.text
    assert await left(scene.database) == 3, "a page has acted"

    for _ in range(2):
        done = await service.http.post(f"{here}/erase", follow_redirects=True)
        assert done.status_code == 200
        assert scene.secret not in str(done.url)
    assert await left(scene.database) == 2
    gone = await service.http.get(f"/a/{scene.secret}")
    assert (gone.status_code, "Данные этой записи удалены" in gone.text) == (404, True)
    api = await service.get(f"/api/public/appointments/{scene.secret}")
    assert (api.status_code, api.json()["code"]) == (404, "booking_erased")


async def test_the_rest_is_shown_and_erased_behind_the_code(service: Service, scene: Scene) -> None:
    here = f"/a/{scene.secret}/data"
    refused = await service.http.post(f"{here}/erase-all", data={"proof": "1.2"})
    assert refused.status_code == 422
    sent = await service.http.post(f"{here}/code")
    assert (sent.status_code, sent.headers["Location"]) == (303, f"{here}?said=code")
    code = (await outbox(scene.database, "code"))[-1].facts.code
    wrong = await service.http.post(f"{here}/all", data={"code": "x"})
    assert wrong.status_code == 422
    everything = await service.http.post(f"{here}/all", data={"code": code})
    assert everything.status_code == 200
    for each in scene.booked:
        assert f"{each.reference[:4]}-{each.reference[4:]}" in everything.text
    found = re.search(r'name="proof" value="([^"]+)"', everything.text)
    assert found is not None
    assert await left(scene.database) == 3
    for _ in range(2):
        done = await service.http.post(f"{here}/erase-all", data={"proof": found[1]})
        assert (done.status_code, done.headers["Location"]) == (303, "/data-erased")
    assert await left(scene.database) == 0


async def test_another_site_cannot_erase(service: Service, scene: Scene) -> None:
    for path in ("erase", "erase-all", "code", "all"):
        answer = await service.http.post(f"/a/{scene.secret}/data/{path}", headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403
    assert await left(scene.database) == 3


async def test_an_unknown_link_tells_nothing(service: Service, database: Database) -> None:
    for path in ("", "/erase"):
        assert (await service.http.get(f"/a/unknown/data{path}")).status_code == 404
    assert (await service.http.post("/a/unknown/data/code")).status_code == 404
    with pytest.raises(NoSuchBooking):
        async with database.session() as db:
            await erasure.held_by_link(db, means(database), "unknown")
