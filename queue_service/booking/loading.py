"""Writes a checked configuration into the database, offices and booking together: every city file goes this one way.

Loading the same file again changes nothing; a lane that a newer file no longer names is switched off, not deleted, because appointments
point at their parts of it. Refuses to move or cancel appointments that a newer file leaves without hours: that is a person's decision.
"""

from datetime import date, datetime

from msgspec.structs import asdict
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.models import BookingPolicy, Lane, LaneException, LaneHours, LaneService, OfficeBooking
from queue_service.booking.rules import Channel
from queue_service.events import setup_changed
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration, minute_of_day
from queue_service.offices.loading import load_configuration, put
from queue_service.offices.models import Office, Service


async def load_city(db: AsyncSession, configuration: Configuration, source: str, digest: str, now: datetime) -> None:
    """Makes the database say what the file says, in the caller's transaction."""
    await load_configuration(db, configuration, source, digest, now)
    ids = {slug: office_id for slug, office_id in (await db.exec(select(Office.slug, Office.id))).all() if office_id is not None}
    for office in configuration.offices:
        office_id = ids[office.slug]
        services = await _load_rules(db, configuration, office, office_id)
        await _load_lanes(db, configuration, office, office_id, services)
    await setup_changed(db)


async def _load_rules(db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int) -> dict[str, int]:
    """Writes how the office and its services are booked; returns the ids of its services by code."""
    await put(db, OfficeBooking, {"office_id": office_id}, **asdict(office.booking))
    found = (await db.exec(select(Service.code, Service.id, Service.typical_minutes).where(col(Service.office_id) == office_id))).all()
    services = {code: service_id for code, service_id, _ in found if service_id is not None}
    typical = {code: minutes for code, _, minutes in found}
    booked = set(office.booked(configuration.catalogue))
    not_booked = [service_id for code, service_id in services.items() if code not in booked]
    await db.exec(delete(BookingPolicy).where(col(BookingPolicy.service_id).in_(not_booked)))
    for service in configuration.catalogue.services:
        rules = office.booking_of(service)
        if service.code in booked and rules is not None:
            await db.merge(
                BookingPolicy(**{"service_id": services[service.code], "duration_minutes": typical[service.code], **rules.said()})
            )
    await db.flush()
    return services


async def _load_lanes(
    db: AsyncSession, configuration: Configuration, office: file.Office, office_id: int, services: dict[str, int]
) -> None:
    known = {lane.name: lane for lane in (await db.exec(select(Lane).where(col(Lane.office_id) == office_id))).all()}
    named: list[tuple[Lane, file.Lane]] = []
    for lane in office.lanes:
        for name in lane.names():
            row = known.pop(name, None) or Lane(office_id=office_id, name=name)
            row.position, row.channel, row.active = len(named), Channel(lane.channel), True
            named.append((row, lane))
    db.add_all(row for row, _ in named)
    for gone in known.values():
        gone.active = False
    await db.flush()
    lanes = {row.id: lane for row, lane in named if row.id is not None}
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
