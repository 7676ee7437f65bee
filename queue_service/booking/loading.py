"""Writes a checked configuration into the database, offices and booking together: every city file goes this one way.

Loading the same file again changes nothing; a lane that a newer file no longer names is switched off, not deleted, because appointments
point at their parts of it. Refuses to move or cancel appointments that a newer file leaves without hours: that is a person's decision.
"""

from datetime import date, datetime

from msgspec.structs import asdict
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.models import BookingPolicy, Lane, LaneException, LaneHours, LaneService, OfficeBooking
from queue_service.booking.rules import Channel
from queue_service.events import setup_changed, slots_changed
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, minute_of_day
from queue_service.offices.loading import (
    load_configuration,
    load_office,
    load_privileges,
    load_services,
    load_shared,
    put,
    put_all,
)
from queue_service.offices.models import Office, Service


async def load_city(db: AsyncSession, configuration: Configuration, source: str, digest: str, now: datetime) -> None:
    """Makes the database say what the file says, in the caller's transaction."""
    await load_configuration(db, configuration, source, digest, now)
    ids = {slug: office_id for slug, office_id in (await db.exec(select(Office.slug, Office.id))).all() if office_id is not None}
    for office in configuration.offices:
        await _load_booking(db, configuration, office, ids[office.slug])
    await setup_changed(db)


async def load_changes(db: AsyncSession, before: Configuration, after: Configuration, now: datetime) -> None:
    """The same for what differs between two readings, and tells every process: offices that are only in `before` stay as they are.

    Where `after` has all offices, they stand in its order; else a new one stands last.
    """
    shared = (before.city, before.catalogue) != (after.city, after.catalogue)
    if shared or before.texts != after.texts:
        await load_shared(db, after)
    if before.privileges != after.privileges:
        await load_privileges(db, after, now)
    known = {office.slug: office for office in before.offices}
    places = dict((await db.exec(select(Office.slug, Office.position))).all())
    in_order = places.keys() <= {office.slug for office in after.offices}
    for index, office in enumerate(after.offices):
        stood = places.get(office.slug)
        position = index if in_order else stood if stood is not None else max(places.values(), default=-1) + 1
        if before.city != after.city or known.get(office.slug) != office or position != stood:
            office_id = await load_office(db, after, office, position)
            await _load_booking(db, after, office, office_id)
            await slots_changed(db, office_id)
        elif shared:  # its desks and lanes name their services, so what those are is all that differs
            known_id = (await db.exec(select(Office.id).where(col(Office.slug) == office.slug))).one()
            assert known_id is not None
            await load_services(db, after, office, known_id)
            await _load_rules(db, after, office, known_id)
            await slots_changed(db, known_id)
    await setup_changed(db)


async def _load_booking(db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int) -> None:
    services = await _load_rules(db, configuration, office, office_id)
    await _load_lanes(db, configuration, office, office_id, services)


async def _load_rules(db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int) -> dict[str, int]:
    """Writes how the office and its services are booked; returns the ids of its services by code."""
    await put(db, OfficeBooking, {"office_id": office_id}, **asdict(office.booking))
    found = (await db.exec(select(Service.code, Service.id, Service.typical_minutes).where(col(Service.office_id) == office_id))).all()
    services = {code: service_id for code, service_id, _ in found if service_id is not None}
    typical = {code: minutes for code, _, minutes in found}
    booked = set(office.booked(configuration.catalogue))
    not_booked = [service_id for code, service_id in services.items() if code not in booked]
    await db.exec(delete(BookingPolicy).where(col(BookingPolicy.service_id).in_(not_booked)))
    rows = []
    for service in configuration.catalogue.services:
        rules = office.booking_of(service)
        if service.code in booked and rules is not None:
            said = {"service_id": services[service.code], "duration_minutes": typical[service.code], **rules.said()}
            rows.append(BookingPolicy(**said).model_dump())
    await put_all(db, BookingPolicy, ["service_id"], rows)
    return services


async def _load_lanes(
    db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int, services: dict[str, int]
) -> None:
    wanted = [(name, lane) for lane in office.lanes for name in lane.names()]
    gone = col(Lane.name).not_in([name for name, _ in wanted])
    await db.exec(update(Lane).where(col(Lane.office_id) == office_id, gone).values(active=False))
    rows = [
        {"office_id": office_id, "name": name, "position": position, "channel": Channel(lane.channel), "active": True}
        for position, (name, lane) in enumerate(wanted)
    ]
    await put_all(db, Lane, ["office_id", "name"], rows)
    ids = dict((await db.exec(select(Lane.name, Lane.id).where(col(Lane.office_id) == office_id))).all())
    lanes = {lane_id: lane for name, lane in wanted if (lane_id := ids[name]) is not None}
    # Nothing points at hours and services, so they are simply replaced.
    await db.exec(delete(LaneHours).where(col(LaneHours.lane_id).in_(list(lanes))))
    await db.exec(delete(LaneService).where(col(LaneService.lane_id).in_(list(lanes))))
    booked = office.booked(configuration.catalogue)
    for lane_id, lane in lanes.items():
        for hours in office.opening_hours if lane.hours is None else lane.hours:
            opens, closes = minute_of_day(hours.opens), minute_of_day(hours.closes)
            db.add_all(LaneHours(lane_id=lane_id, weekday=weekday, opens=opens, closes=closes) for weekday in hours.days)
        codes = booked if lane.services == "all" else lane.services
        db.add_all(LaneService(lane_id=lane_id, service_id=services[code], office_id=office_id) for code in codes)
    await _load_exceptions(db, lanes)
    await db.flush()


async def _load_exceptions(db: AsyncSession, lanes: dict[int, file.Lane]) -> None:
    """They have ids of their own, so those that are there already stay."""
    wanted = {
        (lane_id, each.local_date, _minute(each.opens), _minute(each.closes)) for lane_id, lane in lanes.items() for each in lane.exceptions
    }
    known: set[tuple[int, date, int | None, int | None]] = set()
    for row in (await db.exec(select(LaneException).where(col(LaneException.lane_id).in_(list(lanes))))).all():
        says = (row.lane_id, row.local_date, row.opens, row.closes)
        if says in wanted:
            known.add(says)
        else:
            await db.delete(row)
    new = sorted(wanted - known, key=lambda each: (each[0], each[1], each[2] or 0))
    db.add_all(LaneException(lane_id=lane_id, local_date=day, opens=opens, closes=closes) for lane_id, day, opens, closes in new)


def _minute(time: str | None) -> int | None:
    return None if time is None else minute_of_day(time)
