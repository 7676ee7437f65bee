"""Booking with a clock of the test's own: a process's means without the process, an office that is booked, the outbox opened."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

import queue_service.app
from queue_service.booking import commands, confirming
from queue_service.booking.availability import days_from, slots_of_days
from queue_service.booking.calendar import Calendars
from queue_service.booking.commands import HoldWish
from queue_service.booking.confirming import Person
from queue_service.booking.guard import Guard
from queue_service.booking.hold import Held
from queue_service.booking.models import Appointment
from queue_service.booking.office import Booking, Place
from queue_service.booking.snapshots import Snapshots
from queue_service.db import Database
from queue_service.limits.limiter import Limiter
from queue_service.notifications.outbox import Payload
from queue_service.offices.catalogue import Catalogues
from queue_service.sealing import KeyRing
from tests.support.factories import LATER, AnOffice, ServiceIs, a_lane, an_office, booked_online
from tests.support.service import HASH_KEY, SEAL_KEY

MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
CITY = "Europe/Moscow"
TIME = LATER + timedelta(hours=2)
"""14:00 on the clock of CITY, on the tests' day: what most of them book."""
RING = KeyRing.made_of((SEAL_KEY,), HASH_KEY)
"""The keys of every service under test, so that both read the same rows."""

_serial = itertools.count(1)


def means(database: Database) -> Booking:
    """What a process has, without the process."""
    pool = database.hot
    return Booking(
        pool=pool,
        ring=RING,
        catalogues=Catalogues(pool),
        calendars=Calendars(pool),
        snapshots=Snapshots(pool),
        guard=Guard(Limiter(pool, RING), RING, on=False),
        public_url="https://queue.example.ru",
        organizer="queue@example.ru",
    )


async def a_booked_office(
    database: Database, *services: ServiceIs, lanes: int = 1, time_zone: str = CITY, policy: dict[str, Any] | None = None, **rules: Any
) -> AnOffice:
    """An office around the clock whose services are booked every quarter of an hour; `rules` as of `booked_online`."""
    office = await an_office(database, *services, time_zone=time_zone, **(policy or {}))
    for code in office.services:
        await booked_online(database, office, code, **rules)
    for _ in range(lanes):
        await a_lane(database, office)
    return office


def it_is(moment: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of the running service's handlers."""
    monkeypatch.setattr(queue_service.app, "clock", lambda: moment)


async def place_of(booking: Booking, office: AnOffice, now: datetime = LATER) -> Place:
    return await booking.at_id(office.id, now)


async def hold(
    booking: Booking, office: AnOffice, starts_at: datetime = TIME, now: datetime = LATER, service: str = "passport", applications: int = 1
) -> Held:
    wish = HoldWish(service, starts_at, applications)
    return await commands.hold(booking, await place_of(booking, office, now), wish, now)


def somebody(name: str = "Анна Смирнова", contact: str | None = None, language: str = "ru") -> Person:
    """Each a stranger unless a contact is given."""
    return Person(name, contact or f"visitor-{next(_serial)}@mail.ru", language)


async def book(
    database: Database,
    booking: Booking,
    office: AnOffice,
    starts_at: datetime = TIME,
    person: Person | None = None,
    now: datetime = LATER,
    service: str = "passport",
) -> Appointment:
    """A confirmed booking."""
    held = await hold(booking, office, starts_at, now, service)
    async with database.session() as db:
        return await confirming.confirm(db, booking, held.secret, person or somebody(), now)


async def free_at(booking: Booking, office: AnOffice, now: datetime, days: int = 2, applications: int = 1) -> set[datetime]:
    """What everybody is offered, read from the database now."""
    place = await place_of(booking, office, now)
    wanted = place.wanted("passport", applications)
    found = await slots_of_days(booking.pool, place.calendar, wanted, days_from(place.calendar.today(now), days), now)
    return {slot.starts_at for day in found for slot in day.slots}


@dataclass(frozen=True)
class Written:
    """A row of the outbox, opened."""

    key: str
    kind: str
    state: str
    due_at: datetime
    to: str | None
    payload: Payload | None

    @property
    def facts(self) -> Any:
        assert self.payload is not None
        return self.payload.facts


async def outbox(database: Database, *kinds: str, appointment_id: int | None = None) -> list[Written]:
    """What was written to people, in that order; of these kinds, if any are named, and of this booking."""
    rows = await database.hot.fetch("SELECT * FROM outbox_message ORDER BY created_at, key")
    return [
        Written(
            row["key"],
            row["kind"],
            row["state"],
            row["due_at"],
            RING.unseal(row["recipient"]) if row["recipient"] else None,
            msgspec.json.decode(RING.unseal(row["payload"]), type=Payload) if row["payload"] else None,
        )
        for row in rows
        if (not kinds or row["kind"] in kinds) and appointment_id in (None, row["appointment_id"])
    ]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
