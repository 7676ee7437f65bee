"""Writes a checked configuration's offices into the database; `booking.loading.load_city` calls this and adds what is booked.

Loading the same file again changes nothing; what a newer file no longer names is switched off, not deleted, because tickets and the
journal point at it. Refuses an unchecked file: `configuration.parse_configuration` has found every mistake before the first row.
"""

import hashlib
from datetime import datetime
from typing import Any

from msgspec import UNSET, to_builtins
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.events import setup_changed
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, minute_of_day
from queue_service.offices.models import (
    Closure,
    Desk,
    DeskService,
    Office,
    OpeningHours,
    Privilege,
    Service,
    ServiceGroup,
    SetupRevision,
    Zone,
)


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


async def is_loaded(db: AsyncSession, source: str, digest: str) -> bool:
    revision = (await db.exec(select(SetupRevision).where(col(SetupRevision.source) == source))).one_or_none()
    return revision is not None and revision.digest == digest


async def load_configuration(db: AsyncSession, configuration: Configuration, source: str, digest: str, now: datetime) -> None:
    """Makes the database say what the file says, in the caller's transaction."""
    for position, privilege in enumerate(configuration.privileges):
        await put(
            db,
            Privilege,
            {"code": privilege.code},
            name=privilege.name,
            basis=privilege.basis,
            document=privilege.document,
            valid_from=privilege.valid_from,
            valid_to=privilege.valid_to,
            position=position,
        )
    for position, office in enumerate(configuration.offices):
        await _load_office(db, configuration, office, position)
    await put(db, SetupRevision, {"source": source}, digest=digest, loaded_at=now)
    await setup_changed(db)


async def put(db: AsyncSession, table: type[SQLModel], key: dict[str, Any], **values: Any) -> int:
    """Inserts the row or updates the one with this key; returns its id where it has one."""
    statement = insert(table).values(**key, **values)
    statement = statement.on_conflict_do_update(index_elements=list(key), set_=values or key)
    columns = table.__table__.c  # type: ignore[attr-defined]  # SQLModel puts it on every table class
    if "id" not in columns:
        await (await db.connection()).execute(statement)
        return 0
    found: int = (await (await db.connection()).execute(statement.returning(columns.id))).scalar_one()
    return found


async def _load_office(db: AsyncSession, configuration: Configuration, office: file.Office, position: int) -> None:
    policy = office.policy
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
        no_show_min_calls=policy.no_show_min_calls,
        no_show_min_seconds=policy.no_show_min_seconds,
        return_limit_minutes=policy.return_limit_minutes,
        privilege_head_start_minutes=policy.privilege_head_start_minutes,
        booked_head_start_minutes=policy.booked_head_start_minutes,
        late_grace_minutes=policy.late_grace_minutes,
        help_out_penalty_minutes=policy.help_out_penalty_minutes,
        accessible_needs=list(policy.accessible_needs),
        auto_call_seconds=policy.auto_call_seconds,
        postpone_reasons=to_builtins(policy.postpone_reasons),
        day_ends_minutes=policy.day_ends_minutes,
        amber_minutes=policy.amber_minutes,
    )
    await _load_hours(db, office, office_id)
    services = await _load_services(db, configuration, office, office_id)
    await _load_desks(db, office, office_id, services)


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


async def _load_services(db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int) -> dict[str, int]:
    groups = {}
    for position, group in enumerate(configuration.catalogue.groups):
        key = {"office_id": office_id, "code": group.code}
        groups[group.code] = await put(db, ServiceGroup, key, letter=group.letter, name=group.name, position=position)
    offered = set(office.offered(configuration.catalogue))
    await db.exec(update(Service).where(col(Service.office_id) == office_id, col(Service.code).not_in(offered)).values(active=False))
    services = {}
    for position, service in enumerate(configuration.catalogue.services):
        if service.code not in offered:
            continue
        override = office.overrides.get(service.code) or file.Override()
        services[service.code] = await put(
            db,
            Service,
            {"office_id": office_id, "code": service.code},
            group_id=groups[service.group],
            name=service.name,
            goal=service.goal,
            documents=service.documents,
            typical_minutes=override.typical_minutes or service.typical_minutes,
            wait_norm_minutes=override.wait_norm_minutes or service.wait_norm_minutes,
            booking_norm_minutes=override.booking_norm_minutes or service.booking_norm_minutes,
            daily_limit=service.daily_limit if override.daily_limit is UNSET else override.daily_limit,
            walk_in=service.walk_in if override.walk_in is None else override.walk_in,
            active=True,
            position=position,
            result_codes=to_builtins(service.results),
            counts_applications=service.counts_applications,
            chain=[code for code in service.chain if code in offered],
        )
    return services


async def _load_desks(db: AsyncSession, office: file.Office, office_id: int, services: dict[str, int]) -> None:
    zones = {zone.code: await put(db, Zone, {"office_id": office_id, "code": zone.code}, name=zone.name) for zone in office.zones}
    numbers = [desk.number for desk in office.desks]
    await db.exec(update(Desk).where(col(Desk.office_id) == office_id, col(Desk.number).not_in(numbers)).values(active=False))
    await db.exec(delete(DeskService).where(col(DeskService.office_id) == office_id))
    for desk in office.desks:
        desk_id = await put(
            db,
            Desk,
            {"office_id": office_id, "number": desk.number},
            zone_id=zones[desk.zone] if desk.zone else None,
            place=desk.place,
            accessible=desk.accessible,
            active=True,
        )
        db.add_all(
            DeskService(desk_id=desk_id, service_id=services[code], office_id=office_id, help_out=code in desk.help_out)
            for code in [*desk.services, *desk.help_out]
        )
    await db.flush()
