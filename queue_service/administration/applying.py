"""From one checked document to the next in one transaction: what is in the way, who would be left without their time, rows, record.

Editing, copying and importing end here. Refuses a document that nobody judged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.canonical import part_of, plain, relative
from queue_service.administration.differences import differences
from queue_service.administration.errors import BadEdit, FallOut
from queue_service.administration.fallout import fallen, offer_new_times
from queue_service.administration.obstacles import obstacles
from queue_service.administration.places import Place
from queue_service.audit.journal import Act, Actor, difference, record
from queue_service.booking.loading import load_changes
from queue_service.booking.office import Booking
from queue_service.offices.configuration import Configuration

CITY_LOCK = 7_465_202
"""Whoever changes what offices share, or makes one, waits for the other who does; any number but that of migrations."""


@dataclass(frozen=True, slots=True)
class Change:
    before: Configuration
    after: Configuration
    subject: Place
    accept_fallout: bool = False
    word: str = "setup.changed"
    """Of the record."""


@dataclass(frozen=True, slots=True)
class Saved:
    before: dict[str, Any]
    """What differs, as it stood; empty: nothing was changed."""
    after: dict[str, Any]
    displaced: int = 0
    """People who were told that their time is over and asked to choose a new one."""


async def lock(db: AsyncSession, slug: str | None) -> bool:
    """Waits for other administrators of this office, or of all; whether the office exists.

    FOR NO KEY UPDATE, in the order of ids: tickets and bookings only need the key of the office, so they go on.
    """
    connection = await db.connection()
    if slug is not None:
        one = text("SELECT id FROM office WHERE slug = :slug FOR NO KEY UPDATE")
        if (await connection.execute(one, {"slug": slug})).first() is not None:
            return True
    await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CITY_LOCK})
    await connection.execute(text("SELECT id FROM office ORDER BY id FOR NO KEY UPDATE"))
    return slug is None


async def apply(db: AsyncSession, change: Change, actor: Actor, now: datetime, booking: Booking | None) -> Saved:
    """Raises BadEdit for what is in the way, FallOut unless it is accepted."""
    blocked = await obstacles(db, change.before, change.after)
    if blocked:
        raise BadEdit({relative(change.subject, place): sentence for place, sentence in blocked})
    lost = await fallen(db, change.before, change.after, now)
    if lost and not (change.accept_fallout and booking is not None):
        raise FallOut(lost)
    await load_changes(db, change.before, change.after, now)
    told = await offer_new_times(db, booking, lost, now) if lost and booking is not None else 0
    before, after = _differences(change)
    office = change.subject[1] if change.subject[:1] == ("offices",) and len(change.subject) > 1 else None
    ids = await ids_of(db)
    act = Act(change.word, "/".join(change.subject) or "city", ids.get(office or ""), before, after, _why(told))
    record(db, actor, act, now)
    if not change.subject:
        _record_by_office(db, change, ids, actor, now)
    return Saved(before, after, told)


def _record_by_office(db: AsyncSession, change: Change, ids: Mapping[str, int], actor: Actor, now: datetime) -> None:
    """Of a whole city, what became of each office: the people of an office read only its own record."""
    touched = {
        place[1] for place, _, _ in differences(plain(change.before), plain(change.after)) if place[0] == "offices" and len(place) > 1
    }
    for slug in sorted(touched):
        before, after = _differences(replace(change, subject=("offices", slug)))
        record(db, actor, Act(change.word, f"offices/{slug}", ids.get(slug), before, after), now)


def _why(told: int) -> str | None:
    return f"offered new times: {told}" if told else None


async def ids_of(db: AsyncSession) -> dict[str, int]:
    """Of every office, by its slug."""
    return {row.slug: row.id for row in await (await db.connection()).execute(text("SELECT slug, id FROM office"))}


def _differences(change: Change) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of the part that was meant, field by field; of a whole city place by place."""
    if not change.subject:
        found = list(differences(plain(change.before), plain(change.after)))
        return {"/".join(place): was for place, was, _ in found}, {"/".join(place): stands for place, _, stands in found}
    before, after = part_of(change.before, change.subject), part_of(change.after, change.subject)
    if isinstance(before, dict) and isinstance(after, dict):
        return difference(before, after)
    return ({} if before is None else {change.subject[-1]: before}), ({} if after is None else {change.subject[-1]: after})
