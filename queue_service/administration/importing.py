"""A file back into the city: the whole of it or one office's, after everybody has seen what it would change; and out again.

Offices that the file does not name stay as they are. Refuses to overwrite, untold, what administrators changed since the file was
exported, and to change anything while the file has a mistake.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.applying import Change, Saved, apply, lock
from queue_service.administration.canonical import canonical, plain, problems_of
from queue_service.administration.differences import Difference, differences
from queue_service.administration.errors import BadEdit, Fallen
from queue_service.administration.fallout import fallen
from queue_service.administration.obstacles import obstacles
from queue_service.administration.reading import read_city
from queue_service.administration.writing import digest_in, digest_of_state, written, written_office
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.errors import DomainError, NotFound
from queue_service.offices.configuration import (
    Configuration,
    ConfigurationError,
    Office,
    Problem,
    judged,
    judged_office,
    read_document,
    refuse,
)
from queue_service.text import Text


class SetupMoved(DomainError):
    """Administrators changed something since the file was exported, or nobody knows: `overwrite` says that it may be lost."""

    code = "setup_changed_since_export"
    sentence = {
        "ru": "После выгрузки этого файла настройку меняли. Проверьте список изменений: что было сделано с тех пор, пропадёт.",
        "en": "The set-up was changed after this file was exported. Check the list: what was done since then would be lost.",
    }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a file would do."""

    before: Configuration
    after: Configuration
    office: str | None
    """Whose file it is; None: the city's."""
    changes: Sequence[Difference]
    lost: Sequence[Fallen]
    in_the_way: Sequence[tuple[str, Text]]
    """Place and sentence: these must go before anything is saved."""
    moved: bool
    """Whether the set-up was changed since the export."""
    not_named: Sequence[str]
    """Offices of which the file says nothing: they stay."""
    to_save: bool
    """Nobody else changes anything meanwhile."""


async def export_city(db: AsyncSession) -> str:
    """What `import` takes."""
    city = await read_city(db)
    return written(city, digest_of_state(city))


async def export_office(db: AsyncSession, slug: str) -> str:
    """One office's part; NotFound where there is none."""
    city = _alone(await read_city(db), slug)
    if not city.offices:
        raise NotFound
    return written_office(city.offices[0], digest_of_state(city))


def _alone(city: Configuration, slug: str) -> Configuration:
    """What an office's file is out of date by: its own part, and the catalogue that this differs from."""
    return Configuration(city=city.city, catalogue=city.catalogue, offices=[each for each in city.offices if each.slug == slug])


async def plan(db: AsyncSession, text: str, now: datetime, *, to_save: bool = False) -> Plan:
    """What the file would change; ConfigurationError with every mistake of it. Whoever will save it waits here for other administrators."""
    # Before the lock and beside the loop: a megabyte takes seconds, and others wait for both.
    document = await asyncio.to_thread(read_document, text)
    if to_save:
        await lock(db, None)
    before = await read_city(db)
    office = None
    if document.has("office"):
        wanted, found = await asyncio.to_thread(judged_office, document, before)
        refuse(document, found)
        office, named = wanted.slug, {each.slug for each in before.offices}
        after = _with(before, wanted)
        state = digest_of_state(_alone(before, office))
    else:
        city, found = await asyncio.to_thread(judged, document)
        refuse(document, found)
        named = {each.slug for each in city.offices}
        after, state = _kept(before, city), digest_of_state(before)
        _refuse_others(before, after)
    after = canonical(after)
    changes = list(differences(plain(before), plain(after)))
    return Plan(
        before=before,
        after=after,
        office=office,
        changes=changes,
        lost=await fallen(db, before, after, now),
        in_the_way=[("/".join(place), sentence) for place, sentence in await obstacles(db, before, after)],
        moved=bool(before.offices) and digest_in(text) != state and bool(changes),
        not_named=[each.slug for each in before.offices if each.slug not in named],
        to_save=to_save,
    )


def _with(city: Configuration, office: Office) -> Configuration:
    """The city with this office, in its place where it is there already."""
    there = any(each.slug == office.slug for each in city.offices)
    offices = [office if each.slug == office.slug else each for each in city.offices] + ([] if there else [office])
    return replace(city, offices=offices)


def _kept(before: Configuration, after: Configuration) -> Configuration:
    """With the offices of which the file says nothing, last."""
    named = {each.slug for each in after.offices}
    return replace(after, offices=[*after.offices, *(each for each in before.offices if each.slug not in named)])


def _refuse_others(before: Configuration, after: Configuration) -> None:
    """ConfigurationError for an office that the file does not name and that its catalogue would break."""
    _, problems, _ = problems_of(plain(after))
    if problems:
        known = problems_of(plain(before))[1]
        new = [(place, why) for place, why in problems if (place, why) not in known]
        if new:
            raise ConfigurationError([Problem("/".join(place), why["ru"], why["en"]) for place, why in new])


@dataclass(frozen=True, slots=True)
class Order:
    """What shall be saved, and what its sender has said yes to."""

    plan: Plan
    overwrite: bool = False
    accept_fallout: bool = False


async def import_configuration(db: AsyncSession, order: Order, actor: Actor, now: datetime, booking: Booking | None = None) -> Saved:
    """Raises SetupMoved, BadEdit, FallOut; then nothing has changed."""
    wish = order.plan
    assert wish.to_save, "what stands may have changed since it was looked at"
    if not wish.changes:
        return Saved({}, {})
    if wish.moved and not order.overwrite:
        raise SetupMoved
    if wish.in_the_way:
        raise BadEdit(dict(wish.in_the_way))
    subject = ("offices", wish.office) if wish.office else ()
    change = Change(wish.before, wish.after, subject, order.accept_fallout, "setup.imported")
    return await apply(db, change, actor, now, booking)
