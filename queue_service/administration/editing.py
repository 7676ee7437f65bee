"""One change of the set-up: in one transaction, by the rules of the city file, by somebody who saw what stands, with its audit record.

Refuses to leave people without their time unseen: `fallout` says who would be, and they are offered new times or nothing is saved.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec import to_builtins
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.errors import BadEdit, EditConflict, Fallen, FallOut
from queue_service.administration.places import Place, at
from queue_service.administration.reading import read_city, read_part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking

__all__ = ["BadEdit", "Edit", "EditConflict", "FallOut", "Fallen", "Place", "Saved", "edit", "part"]


@dataclass(frozen=True, slots=True)
class Edit:
    """`wanted` shall stand where `seen` stood; None: nothing stands, or shall stand, there.

    Both are builtins as `part` gives them; of a set of fields a form may name only those that it shows.
    """

    place: Place
    seen: Any
    wanted: Any
    accept_fallout: bool = False
    """Bookings left without hours are told so and offered new times, in this transaction; needs `booking`."""


@dataclass(frozen=True, slots=True)
class Saved:
    before: dict[str, Any]
    """What differs, as it stood; empty: nothing was changed."""
    after: dict[str, Any]
    displaced: int = 0
    """People who were offered a new time."""


async def part(db: AsyncSession, place: Place) -> Any | None:
    """What stands at the place, every field of it, in plain values (dates as ISO strings); None where nothing does."""
    office = place[1] if len(place) > 1 and place[0] == "offices" else None
    city = await read_city(db) if office is None else await read_part(db, office)
    return at(to_builtins(city), place)


async def edit(db: AsyncSession, edit: Edit, actor: Actor, now: datetime, booking: Booking | None = None) -> Saved:
    """Raises EditConflict, BadEdit, FallOut; then nothing has changed (use a savepoint where the session goes on)."""
    raise NotImplementedError
