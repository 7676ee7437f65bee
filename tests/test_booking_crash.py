"""kill -9 between hold and confirmation, in the middle of confirming, in the middle of a letter: nothing half done, lost or doubled."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from queue_service.db import Database, opened
from queue_service.notifications.sender import LANES as LETTERS_AT_ONCE
from queue_service.schema import upgrade_now
from tests.notifications.scene import MailServer, a_mail_server, happens
from tests.support.booking import a_contact, booked, broken_promises, confirm, free_slots, held, hold, lapse
from tests.support.factories import AnOffice, a_lane, an_office, booked_online
from tests.support.postgres import a_database_on
from tests.support.service import Json, ServiceProcess, eventually
from tests.support.wire import Answer, ConnectionLost, Wire

pytestmark = pytest.mark.alone

Start = Callable[..., Awaitable[ServiceProcess]]

CITIZENS = 24
BEFORE, AFTER = 60, 60
"""Bookings acknowledged before the kill and after it."""


async def power_fails(service: ServiceProcess) -> None:
    service.kill()
    service.start()
    await service.ready()


async def an_office_with_lanes(database: Database, lanes: int = 1) -> AnOffice:
    office = await an_office(database)
    await booked_online(database, office)
    for _ in range(lanes):
        await a_lane(database, office)
    return office


async def confirmed(service: ServiceProcess, secret: str) -> tuple[int, Json]:
    answer = await service.http.post(f"/api/public/appointments/{secret}/confirm", json={"name": "Пётр Ильин", "contact": a_contact()})
    return answer.status_code, dict(answer.json())


async def test_a_hold_outlives_the_service_and_is_confirmed_afterwards(service_process: Start, database: Database) -> None:
    service = await service_process()
    office = await an_office_with_lanes(database)
    slot = (await free_slots(service, office))[8]
    before = await held(service, office, slot)
    await power_fails(service)

    assert slot not in await free_slots(service, office)
    shown = (await service.get(f"/api/public/appointments/{before['secret']}")).json()
    assert (shown["state"], shown["hold_expires_at"]) == ("held", before["hold_expires_at"])
    status, booking = await confirmed(service, before["secret"])
    assert (status, booking["state"], booking["reference"]) == (200, "booked", before["reference"])
    assert await broken_promises(database) == []


async def test_a_hold_whose_citizen_was_lost_with_the_service_is_free_when_it_lapses(service_process: Start, database: Database) -> None:
    service = await service_process()
    office = await an_office_with_lanes(database)
    slot = (await free_slots(service, office))[8]
    before = await held(service, office, slot)
    service.kill()
    await lapse(database, before["secret"])
    service.start()
    await service.ready()

    assert slot in await free_slots(service, office)
    after = await held(service, office, slot)
    status, refusal = await confirmed(service, before["secret"])
    assert (status, refusal["code"]) == (409, "hold_expired")
    assert refusal["alternatives"]
    assert (await confirmed(service, after["secret"]))[0] == 200
    assert await broken_promises(database) == []


@dataclass
class Book:
    """What citizens were told, as they would remember it."""

    booked: set[str] = field(default_factory=set)
    """Secrets of acknowledged confirmations."""
    unheard: set[str] = field(default_factory=set)
    """Secrets of confirmations whose answer never came, by those who did not ask again."""
    surprises: list[str] = field(default_factory=list)
    wanted: int = BEFORE
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def want(self, bookings: int) -> None:
        self.wanted = bookings
        self.enough.clear()
        self.note()

    def note(self, surprise: str | None = None) -> None:
        if surprise:
            self.surprises.append(surprise)
        if len(self.booked) >= self.wanted or self.surprises:
            self.enough.set()


async def insist(ask: Callable[..., Awaitable[Answer]], *what: Any) -> Answer:
    """Repeats until there is an answer, as a form does that is sent again."""
    while True:
        try:
            answer = await ask(*what)
        except ConnectionLost:
            await asyncio.sleep(0.05)
            continue
        if answer.status != 503:
            return answer


async def a_citizen_books(book: Book, office: AnOffice, wire: Wire, slots: Iterator[str], *, patient: bool) -> None:
    while not book.stop.is_set():
        key, slot, contact = uuid.uuid4().hex, next(slots), a_contact()
        answer = await insist(hold, wire, office, slot, key)
        if answer.status != 201:
            book.note(f"hold {answer.status}: {answer.body!r}")
            return
        secret = answer.json()["secret"]
        try:
            answer = await confirm(wire, secret, contact)
            unheard = answer.status == 503
        except ConnectionLost:
            unheard = True
        if unheard:
            if not patient:
                book.unheard.add(secret)
                continue
            answer = await insist(confirm, wire, secret, contact)
        if answer.status != 200:
            book.note(f"confirm {answer.status}: {answer.body!r}")
            return
        book.booked.add(secret)
        book.note()


@pytest.mark.timeout(240)
async def test_every_acknowledged_confirmation_outlives_a_kill_in_the_middle_of_confirming(
    service_process: Start, database: Database
) -> None:
    """Half of the citizens ask again when they hear nothing, half go away: theirs is booked with everything, or still only held."""
    service = await service_process(workers=2)
    office = await an_office_with_lanes(database, lanes=8)
    slots = (slot for slot in (await free_slots(service, office))[8:] for _ in range(8))
    wires = [Wire(service.base_url, "citizen") for _ in range(CITIZENS)]
    await service.spread(wires)
    book = Book()
    async with asyncio.TaskGroup() as city:
        for number, wire in enumerate(wires):
            city.create_task(a_citizen_books(book, office, wire, slots, patient=number % 2 == 0))
        await book.enough.wait()
        await power_fails(service)
        book.want(len(book.booked) + AFTER)
        await book.enough.wait()
        book.stop.set()
    for wire in wires:
        wire.close()

    assert book.surprises == []
    assert book.unheard, "no confirmation was in flight: this proves nothing"
    assert await broken_promises(database) == []
    rows = await database.hot.fetch(
        "SELECT secret, appointment.state, count(key) FILTER (WHERE kind = 'confirmation') AS letters"
        "  FROM appointment LEFT JOIN outbox_message ON appointment_id = appointment.id GROUP BY appointment.id"
    )
    states = {row["secret"]: (row["state"], row["letters"]) for row in rows}
    assert {states[secret] for secret in book.booked} == {("booked", 1)}
    assert {states[secret] for secret in book.unheard} <= {("booked", 1), ("held", 0)}
    # Nobody has a booking of which he was told nothing and for which he did not ask.
    assert {secret for secret, (state, _) in states.items() if state == "booked"} <= book.booked | book.unheard


@pytest.fixture
def own_database_url(database_url: str) -> Iterator[str]:
    """Beside the run's: no other sender may carry these letters out."""
    with a_database_on(database_url, "letters") as url:
        upgrade_now(url)
        yield url


@pytest.fixture
async def own_database(own_database_url: str) -> AsyncIterator[Database]:
    async with opened(own_database_url) as database:
        yield database


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with a_mail_server() as server:
        yield server


async def letters_of(database: Database) -> Counter[str]:
    return Counter(row["state"] for row in await database.hot.fetch("SELECT state FROM outbox_message WHERE kind = 'confirmation'"))


async def leases_end(database: Database) -> None:
    """As if three minutes had passed: a dead sender's letters are for the next one."""
    await database.hot.execute("UPDATE outbox_message SET claimed_until = now() - interval '1 second' WHERE state = 'sending'")


async def some_bookings(service: ServiceProcess, office: AnOffice) -> list[str]:
    """The contacts of ten new bookings."""
    contacts = [a_contact() for _ in range(10)]
    slots = (await free_slots(service, office))[8:]
    await asyncio.gather(*(booked(service, office, slot, contact=contact) for slot, contact in zip(slots, contacts, strict=False)))
    return contacts


def received(mail_server: MailServer) -> Counter[str]:
    return Counter(str(mail["To"]) for mail in mail_server.box)


@pytest.mark.timeout(120)
async def test_letters_of_a_service_that_dies_before_the_text_arrive_once(
    service_process: Start, own_database: Database, mail_server: MailServer
) -> None:
    mail_server.may_answer_data.clear()
    service = await service_process(QUEUE_DATABASE_URL=own_database.url, QUEUE_SMTP_URL=f"{mail_server.url}?starttls=off")
    contacts = await some_bookings(service, await an_office_with_lanes(own_database))
    await happens(mail_server.data_asked)
    service.kill()
    assert received(mail_server) == {}
    assert (await letters_of(own_database))["sending"] > 0
    mail_server.may_answer_data.set()
    await leases_end(own_database)
    service.start()
    await service.ready()

    await eventually(lambda: all_are(own_database, {"sent": len(contacts)}))
    assert received(mail_server) == Counter(contacts)
    assert len({mail["Message-ID"] for mail in mail_server.box}) == len(contacts)
    assert await broken_promises(own_database) == []


@pytest.mark.timeout(120)
async def test_letters_that_were_accepted_when_the_service_died_are_not_sent_again(
    service_process: Start, own_database: Database, mail_server: MailServer
) -> None:
    mail_server.may_answer_dot.clear()
    service = await service_process(QUEUE_DATABASE_URL=own_database.url, QUEUE_SMTP_URL=f"{mail_server.url}?starttls=off")
    contacts = await some_bookings(service, await an_office_with_lanes(own_database))
    await eventually(lambda: so_many_arrived(mail_server, LETTERS_AT_ONCE))
    service.kill()
    mail_server.may_answer_dot.set()
    await leases_end(own_database)
    service.start()
    await service.ready()

    await eventually(lambda: all_are(own_database, {"sent": len(contacts) - LETTERS_AT_ONCE, "unconfirmed": LETTERS_AT_ONCE}))
    assert received(mail_server) == Counter(contacts)
    assert await broken_promises(own_database) == []


async def all_are(database: Database, states: dict[str, int]) -> bool:
    return await letters_of(database) == states


async def so_many_arrived(mail_server: MailServer, letters: int) -> bool:
    return len(mail_server.box) == letters
