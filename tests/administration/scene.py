"""A small city in the database, as a file made it, and an administrator who changes it."""

from datetime import UTC, datetime
from typing import Any

from queue_service.administration.editing import Edit, Place, Saved, edit, part
from queue_service.audit.journal import Actor
from queue_service.booking.loading import load_city
from queue_service.booking.office import Booking
from queue_service.db import Database
from queue_service.offices.configuration import judged
from queue_service.offices.yaml_form import Document
from tests.offices.test_configuration import a_city, an_office

HEAD = Actor("head", 7, "10.0.0.7")
MONDAY = datetime(2031, 3, 10, 6, 0, tzinfo=UTC)
"""Nine in the morning in St Petersburg, on a Monday."""


def two_offices() -> dict[str, Any]:
    """Both book passports from nine to one on Mondays and Tuesdays, and give consultations."""
    city = a_city()
    second = an_office("northern")
    second["overrides"] = {}
    city["offices"].append(second)
    return city


async def load(database: Database, city: dict[str, Any], now: datetime = MONDAY) -> None:
    async with database.session() as db:
        configuration, found = judged(Document.of(city))
        assert not found
        await load_city(db, configuration, "town.yaml", "digest", now)


async def change(
    database: Database,
    place: Place,
    seen: Any,
    wanted: Any,
    *,
    accept: bool = False,
    booking: Booking | None = None,
    now: datetime = MONDAY,
) -> Saved:
    """One edit in a transaction of its own."""
    async with database.session() as db:
        return await edit(db, Edit(place, seen, wanted, accept), HEAD, now, booking)


async def stands(database: Database, place: Place) -> Any:
    async with database.session() as db:
        return await part(db, place)
