"""A new office like an old one. Refuses people and devices, and to show it to citizens before somebody has looked at it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, Saved, edit, part
from queue_service.audit.journal import Actor
from queue_service.errors import NotFound
from queue_service.text import Text


@dataclass(frozen=True, slots=True)
class NewOffice:
    slug: str
    name: Text
    address: Text
    district: Text | None = None
    """None: the other's."""


async def copy_office(db: AsyncSession, source: str, new: NewOffice, actor: Actor, now: datetime) -> Saved:
    """Raises NotFound for the source, BadEdit."""
    stands = await part(db, ("offices", source))
    if stands is None:
        raise NotFound
    return await edit(db, Edit(("offices", new.slug), None, _copied(stands, new)), actor, now)


def _copied(source: dict[str, Any], new: NewOffice) -> dict[str, Any]:
    """Where it stands and the days on which the other was closed are the other's own."""
    return {
        **source,
        "slug": new.slug,
        "name": new.name,
        "address": new.address,
        "district": new.district or source["district"],
        "phone": None,
        "place": None,
        "closures": [],
        "lanes": [{**lane, "exceptions": []} for lane in source["lanes"]],
        "active": False,
    }
