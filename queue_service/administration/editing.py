"""One change of the set-up: in one transaction, by the rules of the city file, by somebody who saw what stands, with its audit record.

Refuses to leave people without their time unseen: `fallout` says who would be, and they are offered new times or nothing is saved.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.applying import Change, Saved, apply, lock
from queue_service.administration.canonical import canonical, part_of, plain, problems_of, relative
from queue_service.administration.errors import BadEdit, EditConflict, Fallen, FallOut
from queue_service.administration.places import Place, changed_document
from queue_service.administration.reading import read_city, read_part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.errors import NotFound
from queue_service.offices.configuration import Configuration, Lane
from queue_service.text import Text

__all__ = ["BadEdit", "Edit", "EditConflict", "FallOut", "Fallen", "Place", "Saved", "edit", "part", "sound"]

_NAME_TAKEN: Final[Text] = {
    "ru": "Линия с таким названием уже была, её записи остались в истории. Выберите другое.",
    "en": "There was a lane of this name already, and history has its bookings. Please choose another one.",
}


@dataclass(frozen=True, slots=True)
class Edit:
    """`wanted` shall stand where `seen` stood; None: nothing stands, or shall stand, there.

    Both are builtins as `part` gives them; of a set of fields a form may name only those that it shows, in both.
    """

    place: Place
    seen: Any
    wanted: Any
    accept_fallout: bool = False
    """Bookings left without hours are told so and offered new times, in this transaction; needs `booking`."""


async def part(db: AsyncSession, place: Place) -> Any | None:
    """What stands at the place, every field of it, in plain values (dates as ISO strings); None where nothing does."""
    office = _office_of(place)
    return part_of(await read_city(db) if office is None else await read_part(db, office), place)


async def edit(db: AsyncSession, edit: Edit, actor: Actor, now: datetime, booking: Booking | None = None) -> Saved:
    """Raises EditConflict, BadEdit, FallOut; then nothing has changed (use a savepoint where the session goes on).

    The offices concerned are locked for other administrators only: tickets and bookings go on while this transaction is open.
    """
    office = _office_of(edit.place)
    there = await lock(db, office)
    if office is not None and not there and len(edit.place) > 2:
        raise NotFound
    edit = await _renamed(db, edit)
    before = await read_city(db) if office is None else await read_part(db, office)
    wanted = changed_document(plain(before), edit.place, edit.seen, edit.wanted)
    after = sound(before, wanted, edit.place)
    if after == before:
        return Saved({}, {})
    return await apply(db, Change(before, after, edit.place, edit.accept_fallout), actor, now, booking)


def sound(before: Configuration, wanted: dict[str, Any], place: Place) -> Configuration:
    """The city that the wanted document describes. Raises BadEdit for what it has that is wrong and was not wrong before.

    What was wrong already (a rule that came later, a row that somebody mended by hand) must not lock everybody out.
    """
    after, problems, readable = problems_of(wanted)
    if problems:
        known = problems_of(plain(before))[1] if readable else []
        if places := {relative(place, where): why for where, why in problems if (where, why) not in known}:
            raise BadEdit(places)
    return canonical(after)


def _office_of(place: Place) -> str | None:
    return place[1] if len(place) > 1 and place[0] == "offices" else None


async def _renamed(db: AsyncSession, edit: Edit) -> Edit:
    """A lane keeps its rows, and with them its bookings, under its new name; the rest of the change is made there."""
    place, names = edit.place, edit.wanted if isinstance(edit.wanted, dict) else {}
    new = str(names.get("name", place[-1])).strip()
    if len(place) != 4 or place[2] != "lanes" or edit.seen is None or new in ("", place[3]):
        return edit
    stands = await part(db, place)
    count = stands["count"] if stands else 1
    pairs = list(zip(_lane(place[3], count), _lane(new, count), strict=True))
    taken = text("SELECT 1 FROM lane JOIN office ON office.id = office_id WHERE slug = :slug AND lane.name = ANY (:names)")
    connection = await db.connection()
    if (await connection.execute(taken, {"slug": place[1], "names": [each for _, each in pairs]})).first() is not None:
        raise BadEdit({"name": _NAME_TAKEN})
    rename = text("UPDATE lane SET name = :new FROM office WHERE office.id = office_id AND slug = :slug AND lane.name = :old")
    for old, wanted in pairs:
        await connection.execute(rename, {"slug": place[1], "old": old, "new": wanted})
    return replace(edit, place=(*place[:3], new), seen={**edit.seen, "name": new})


def _lane(name: str, count: int) -> list[str]:
    return Lane(name=name, services=[], count=count).names()
