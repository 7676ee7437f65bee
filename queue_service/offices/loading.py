"""Writes a checked configuration's offices into the database; `booking.loading.load_city` calls this and adds what is booked.

Loading the same file again changes nothing; what a newer file no longer names is switched off, not deleted, because tickets and the
journal point at it. Refuses an unchecked file: `configuration.parse_configuration` has found every mistake before the first row.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

from msgspec import UNSET, to_builtins
from msgspec.structs import asdict
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from queue_service.errors import DomainError
from queue_service.events import setup_changed
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, minute_of_day
from queue_service.offices.models import (
    TICKET_LETTERS,
    CitySetup,
    Closure,
    Desk,
    DeskService,
    Office,
    OpeningHours,
    Privilege,
    Service,
    ServiceGroup,
    SetupRevision,
    VisitGoal,
    Wording,
    Zone,
)
from queue_service.text import Text


class NoFreeLetter(DomainError):
    """Groups cannot change places without a letter that nobody has."""

    status: ClassVar[int] = 422
    code: ClassVar[str] = "no_free_letter"
    sentence: ClassVar[Text] = {
        "ru": "Все буквы талонов заняты. Сначала уберите группу, которая не нужна.",
        "en": "Every ticket letter is in use. Please remove a group that is not needed first.",
    }


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def is_loaded(db: AsyncSession, source: str, digest: str) -> bool:
    revision = (await db.exec(select(SetupRevision).where(col(SetupRevision.source) == source))).one_or_none()
    return revision is not None and revision.digest == digest


async def load_configuration(db: AsyncSession, configuration: Configuration, source: str, digest: str, now: datetime) -> None:
    """Makes the database say what the file says, in the caller's transaction."""
    await load_shared(db, configuration)
    await load_privileges(db, configuration, now)
    for position, office in enumerate(configuration.offices):
        await load_office(db, configuration, office, position)
    await put(db, SetupRevision, {"source": source}, digest=digest, loaded_at=now)
    await setup_changed(db)


async def load_shared(db: AsyncSession, configuration: Configuration) -> None:
    """What the offices' rows are resolved from, and the city's own words."""
    document = {"city": to_builtins(configuration.city), "catalogue": to_builtins(configuration.catalogue)}
    await put(db, CitySetup, {"id": 1}, document=document)
    await _load_texts(db, None, configuration.texts)


async def load_privileges(db: AsyncSession, configuration: Configuration, now: datetime) -> None:
    """A category that is no longer named is deleted, or, where a ticket was given for it, ends with yesterday."""
    await put_all(
        db,
        Privilege,
        ["code"],
        [
            {
                "code": privilege.code,
                "name": privilege.name,
                "basis": privilege.basis,
                "document": privilege.document,
                "valid_from": privilege.valid_from,
                "valid_to": privilege.valid_to,
                "position": position,
            }
            for position, privilege in enumerate(configuration.privileges)
        ],
    )
    yesterday = now.date() - timedelta(days=1)
    for gone in (await db.exec(_not_named(configuration))).all():
        try:
            async with db.begin_nested():
                await db.exec(delete(Privilege).where(col(Privilege.id) == gone.id))
        except IntegrityError:
            until = min(yesterday, gone.valid_to or yesterday)
            ended = max(until, gone.valid_from or until)
            await db.exec(update(Privilege).where(col(Privilege.id) == gone.id).values(valid_to=ended))


def _not_named(configuration: Configuration) -> SelectOfScalar[Privilege]:
    codes = [privilege.code for privilege in configuration.privileges]
    return select(Privilege).where(col(Privilege.code).not_in(codes)).execution_options(populate_existing=True)


async def put(db: AsyncSession, table: type[SQLModel], key: dict[str, Any], **values: Any) -> int:
    """Inserts the row or updates the one with this key; returns its id where it has one."""
    (found,) = await put_all(db, table, list(key), [{**key, **values}])
    return found


async def put_all(db: AsyncSession, table: type[SQLModel], key: list[str], rows: list[dict[str, Any]]) -> list[int]:
    """The same for many rows in one statement; their ids, in no order (zeros where the table has none)."""
    if not rows:
        return []
    statement = insert(table).values(rows)
    changed = [name for name in rows[0] if name not in key] or key
    statement = statement.on_conflict_do_update(index_elements=key, set_={name: statement.excluded[name] for name in changed})
    columns = table.__table__.c  # type: ignore[attr-defined]  # SQLModel puts it on every table class
    if "id" not in columns:
        await (await db.connection()).execute(statement)
        return [0] * len(rows)
    return list((await (await db.connection()).execute(statement.returning(columns.id))).scalars())


async def _load_texts(db: AsyncSession, office_id: int | None, texts: Mapping[str, Text]) -> None:
    own = col(Wording.office_id).is_(None) if office_id is None else col(Wording.office_id) == office_id
    await db.exec(delete(Wording).where(own, col(Wording.code).not_in(list(texts))))
    rows = [{"office_id": office_id, "code": code, "sentence": sentence} for code, sentence in texts.items()]
    await put_all(db, Wording, ["office_id", "code"], rows)


async def load_office(db: AsyncSession, configuration: Configuration, office: file.Office, position: int) -> int:
    """Makes one office's rows say what its part of the file says; its id."""
    policy = asdict(office.policy) | {"postpone_reasons": to_builtins(office.policy.postpone_reasons)}
    office_id = await put(
        db,
        Office,
        {"slug": office.slug},
        position=position,
        name=office.name,
        district=office.district,
        address=office.address,
        phone=office.phone,
        time_zone=office.time_zone or configuration.city.time_zone,
        latitude=office.place.latitude if office.place else None,
        longitude=office.place.longitude if office.place else None,
        public_holidays=office.public_holidays or None,
        ticker=office.ticker,
        active=office.active,
        retention_days=office.retention_days,
        **policy,
    )
    await _load_hours(db, office, office_id)
    services = await load_services(db, configuration, office, office_id)
    await _load_desks(db, office, office_id, services)
    await _load_texts(db, office_id, office.texts)
    return office_id


async def _load_hours(db: AsyncSession, office: file.Office, office_id: int) -> None:
    # Nothing points at hours and closures, so they are simply replaced.
    await db.exec(delete(OpeningHours).where(col(OpeningHours.office_id) == office_id))
    await db.exec(delete(Closure).where(col(Closure.office_id) == office_id))
    for hours in office.opening_hours:
        for weekday in hours.days:
            opens, closes = minute_of_day(hours.opens), minute_of_day(hours.closes)
            db.add(OpeningHours(office_id=office_id, weekday=weekday, opens=opens, closes=closes))
    for closure in office.closures:
        db.add(
            Closure(
                office_id=office_id,
                local_date=closure.local_date,
                opens=minute_of_day(closure.opens) if closure.opens else None,
                closes=minute_of_day(closure.closes) if closure.closes else None,
                reason=closure.reason,
            )
        )
    await db.flush()


async def load_services(db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int) -> dict[str, int]:
    """What an office gives, resolved from the catalogue and from what it does differently; ids by code."""
    groups = await _load_groups(db, configuration.catalogue, office_id)
    offered = set(office.offered(configuration.catalogue))
    await db.exec(update(Service).where(col(Service.office_id) == office_id, col(Service.code).not_in(offered)).values(active=False))
    rows = []
    for position, service in enumerate(configuration.catalogue.services):
        if service.code in offered:
            override = office.overrides.get(service.code) or file.Override()
            rows.append(
                {
                    "office_id": office_id,
                    "code": service.code,
                    "group_id": groups[service.group],
                    "name": service.name,
                    "goal": VisitGoal(service.goal),
                    "documents": service.documents,
                    "typical_minutes": override.typical_minutes or service.typical_minutes,
                    "wait_norm_minutes": override.wait_norm_minutes or service.wait_norm_minutes,
                    "booking_norm_minutes": override.booking_norm_minutes or service.booking_norm_minutes,
                    "daily_limit": service.daily_limit if override.daily_limit is UNSET else override.daily_limit,
                    "walk_in": service.walk_in if override.walk_in is None else override.walk_in,
                    "active": True,
                    "position": position,
                    "result_codes": to_builtins(service.results),
                    "counts_applications": service.counts_applications,
                    "chain": [code for code in service.chain if code in offered],
                }
            )
    await put_all(db, Service, ["office_id", "code"], rows)
    await _drop_groups(db, configuration.catalogue, office_id)
    return await _ids(db, Service, Service.code, office_id)


async def _ids(db: AsyncSession, table: type[Service | ServiceGroup | Desk | Zone], name: Any, office_id: int) -> dict[str, int]:
    """Rows of an office by that column."""
    found = (await db.exec(select(name, col(table.id)).where(col(table.office_id) == office_id))).all()
    return {str(value): row_id for value, row_id in found if row_id is not None}


async def _load_groups(db: AsyncSession, catalogue: file.Catalogue, office_id: int) -> dict[str, int]:
    """Letters are unique while each row is written, so whoever takes another's letter waits until that one has given it up."""
    own = col(ServiceGroup.office_id) == office_id
    held = dict((await db.exec(select(ServiceGroup.code, ServiceGroup.letter).where(own))).all())
    for code, letter in letter_moves(held, {group.code: group.letter for group in catalogue.groups}):
        await db.exec(update(ServiceGroup).where(own, col(ServiceGroup.code) == code).values(letter=letter))
    rows = [
        {"office_id": office_id, "code": group.code, "letter": group.letter, "name": group.name, "position": position}
        for position, group in enumerate(catalogue.groups)
    ]
    await put_all(db, ServiceGroup, ["office_id", "code"], rows)
    return await _ids(db, ServiceGroup, ServiceGroup.code, office_id)


def letter_moves(held: Mapping[str, str], wanted: Mapping[str, str]) -> list[tuple[str, str]]:
    """In which order groups change their letters so that no two ever have the same. Raises NoFreeLetter.

    A group that is no longer named (services of the past are in it) gives its letter up; a ring is opened by way of a letter that
    nobody has.
    """
    now, moves = dict(held), []
    todo = {code: letter for code, letter in wanted.items() if code in now and now[code] != letter}

    def move(code: str, letter: str | None) -> None:
        if letter is None:
            raise NoFreeLetter
        now[code] = letter
        moves.append((code, letter))

    for code, letter in held.items():
        if code not in wanted and letter in wanted.values():
            move(code, next((each for each in TICKET_LETTERS if each not in now.values() and each not in wanted.values()), None))
    while todo:
        ready = next((code for code, letter in todo.items() if letter not in now.values()), None)
        if ready is not None:
            move(ready, todo.pop(ready))
        else:
            move(next(iter(todo)), next((each for each in TICKET_LETTERS if each not in now.values()), None))
    return moves


async def _drop_groups(db: AsyncSession, catalogue: file.Catalogue, office_id: int) -> None:
    """Those that only services of the past are in stay, with a letter that nobody needs."""
    used = select(Service.group_id).where(col(Service.office_id) == office_id)
    named = [group.code for group in catalogue.groups]
    unused = (col(ServiceGroup.office_id) == office_id, col(ServiceGroup.code).not_in(named), col(ServiceGroup.id).not_in(used))
    await db.exec(delete(ServiceGroup).where(*unused))


async def _load_desks(db: AsyncSession, office: file.Office, office_id: int, services: dict[str, int]) -> None:
    await put_all(
        db, Zone, ["office_id", "code"], [{"office_id": office_id, "code": zone.code, "name": zone.name} for zone in office.zones]
    )
    zones = await _ids(db, Zone, Zone.code, office_id)
    numbers = [desk.number for desk in office.desks]
    await db.exec(update(Desk).where(col(Desk.office_id) == office_id, col(Desk.number).not_in(numbers)).values(active=False))
    await db.exec(delete(DeskService).where(col(DeskService.office_id) == office_id))
    await put_all(
        db,
        Desk,
        ["office_id", "number"],
        [
            {
                "office_id": office_id,
                "number": desk.number,
                "zone_id": zones[desk.zone] if desk.zone else None,
                "place": desk.place,
                "accessible": desk.accessible,
                "active": True,
            }
            for desk in office.desks
        ],
    )
    desks = await _ids(db, Desk, Desk.number, office_id)
    taken = [
        {"desk_id": desks[desk.number], "service_id": services[code], "office_id": office_id, "help_out": code in desk.help_out}
        for desk in office.desks
        for code in [*desk.services, *desk.help_out]
    ]
    await put_all(db, DeskService, ["desk_id", "service_id"], taken)
    await _drop_zones(db, office, office_id)
    await db.flush()


async def _drop_zones(db: AsyncSession, office: file.Office, office_id: int) -> None:
    """A zone that is no longer named goes, unless a display still shows it; desks that were switched off forget it."""
    named = {zone.code for zone in office.zones}
    gone = [zone_id for code, zone_id in (await _ids(db, Zone, Zone.code, office_id)).items() if code not in named]
    for zone_id in gone:
        await db.exec(update(Desk).where(col(Desk.zone_id) == zone_id).values(zone_id=None))
        with suppress(IntegrityError):
            async with db.begin_nested():
                await db.exec(delete(Zone).where(col(Zone.id) == zone_id))
