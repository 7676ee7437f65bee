"""What the database says, as the city file would say it: administration edits and exports this document.

Offices' rows hold resolved values; the city's row holds the catalogue they were resolved from, so an override is where the two differ.
Refuses people and devices: they have tokens and passwords, which never stand in a file. What was switched off is not read.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType, convert
from sqlalchemy import Table
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.hours import in_order, minutes_of_week, span, week_of
from queue_service.booking.models import BookingPolicy, Lane, LaneException, LaneHours, LaneService, OfficeBooking
from queue_service.errors import NotFound
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Catalogue, City, Configuration
from queue_service.offices.models import (
    CitySetup,
    Closure,
    Desk,
    DeskService,
    Office,
    OpeningHours,
    Privilege,
    Service,
    ServiceGroup,
    Wording,
    Zone,
)

UNNAMED = City(code="city", name={"ru": "Город", "en": "City"}, time_zone="Europe/Moscow")
"""Until a city file or an administrator names it."""


async def read_city(db: AsyncSession) -> Configuration:
    """The whole city, offices in their order."""
    found = await _read(db, None)
    city, catalogue = await _shared(db, found)
    privileges = [
        file.Privilege(
            code=row.code, name=row.name, basis=row.basis, document=row.document, valid_from=row.valid_from, valid_to=row.valid_to
        )
        for row in await _all(db, Privilege, "position", "id")
    ]
    offices = [_office(found, row, city, catalogue) for row in found.offices]
    return Configuration(city=city, catalogue=catalogue, offices=offices, privileges=privileges, texts=found.texts.get(None, {}))


async def read_office(db: AsyncSession, slug: str) -> file.Office:
    """One office; NotFound where there is none."""
    offices = (await read_part(db, slug)).offices
    if not offices:
        raise NotFound
    return offices[0]


async def read_part(db: AsyncSession, slug: str) -> Configuration:
    """The city with no office but this one, or with none where there is no such office: what a change of one office is judged in."""
    found = await _read(db, slug)
    city, catalogue = await _shared(db, found)
    return Configuration(city=city, catalogue=catalogue, offices=[_office(found, row, city, catalogue) for row in found.offices])


async def _all(db: AsyncSession, model: type[SQLModel], *order: str, **where: Any) -> Sequence[Any]:
    """Rows as they stand now: past the session's identity map, which may hold what was true before a lock."""
    table: Table = model.__table__  # type: ignore[attr-defined]  # SQLModel puts it on every table class
    wanted = table.select().order_by(*(table.c[name] for name in order))
    for name, value in where.items():
        wanted = wanted.where(table.c[name].in_(value) if isinstance(value, list) else table.c[name] == value)
    return (await (await db.connection()).execute(wanted)).all()


@dataclass(frozen=True, slots=True)
class _Found:
    """Rows of the offices that are asked for, by what they belong to."""

    offices: Sequence[Any]
    groups: Mapping[int, Sequence[Any]]
    services: Mapping[int, Sequence[Any]]
    """Those that are given."""
    rules: Mapping[int, Any]
    """By service."""
    hours: Mapping[int, Sequence[Any]]
    closures: Mapping[int, Sequence[Any]]
    zones: Mapping[int, Sequence[Any]]
    desks: Mapping[int, Sequence[Any]]
    at_desk: Mapping[int, Sequence[Any]]
    bookings: Mapping[int, Any]
    lanes: Mapping[int, Sequence[Any]]
    lane_hours: Mapping[int, Sequence[Any]]
    lane_services: Mapping[int, Sequence[Any]]
    exceptions: Mapping[int, Sequence[Any]]
    texts: Mapping[int | None, dict[str, dict[str, str]]]


def _by(rows: Sequence[Any], name: str) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for row in rows:
        found[getattr(row, name)].append(row)
    return found


async def _read(db: AsyncSession, slug: str | None) -> _Found:
    offices = await _all(db, Office, "position", "id", **({} if slug is None else {"slug": slug}))
    ids = [office.id for office in offices]
    services = [row for row in await _all(db, Service, "position", "id", office_id=ids) if row.active]
    lanes = [row for row in await _all(db, Lane, "position", "id", office_id=ids) if row.active]
    lane_ids = [lane.id for lane in lanes]
    texts: dict[int | None, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in await _all(db, Wording, "code"):
        texts[row.office_id][row.code] = row.sentence
    return _Found(
        offices=offices,
        groups=_by(await _all(db, ServiceGroup, "position", "id", office_id=ids), "office_id"),
        services=_by(services, "office_id"),
        rules={row.service_id: row for row in await _all(db, BookingPolicy, service_id=[each.id for each in services])},
        hours=_by(await _all(db, OpeningHours, office_id=ids), "office_id"),
        closures=_by(await _all(db, Closure, "local_date", office_id=ids), "office_id"),
        zones=_by(await _all(db, Zone, "id", office_id=ids), "office_id"),
        desks=_by([row for row in await _all(db, Desk, "id", office_id=ids) if row.active], "office_id"),
        at_desk=_by(await _all(db, DeskService, office_id=ids), "desk_id"),
        bookings={row.office_id: row for row in await _all(db, OfficeBooking, office_id=ids)},
        lanes=_by(lanes, "office_id"),
        lane_hours=_by(await _all(db, LaneHours, lane_id=lane_ids), "lane_id"),
        lane_services=_by(await _all(db, LaneService, lane_id=lane_ids), "lane_id"),
        exceptions=_by(await _all(db, LaneException, "local_date", "opens", lane_id=lane_ids), "lane_id"),
        texts=texts,
    )


async def _shared(db: AsyncSession, found: _Found) -> tuple[City, Catalogue]:
    """What the city's row says, and whatever offices give that it does not know."""
    rows = await _all(db, CitySetup)
    if rows:
        city, catalogue = convert(rows[0].document["city"], City), convert(rows[0].document["catalogue"], Catalogue)
    else:
        zones = Counter(office.time_zone for office in found.offices)
        zone = zones.most_common(1)[0][0] if zones else UNNAMED.time_zone
        city, catalogue = msgspec.structs.replace(UNNAMED, time_zone=zone), Catalogue(groups=[], services=[])
    groups = {each.code: each for each in catalogue.groups}
    services = {each.code: each for each in catalogue.services}
    for office in found.offices:
        codes = {group.id: group.code for group in found.groups[office.id]}
        for row in found.services[office.id]:
            if row.code not in services:
                services[row.code] = _service(row, codes[row.group_id], found.rules.get(row.id))
                needed = next(group for group in found.groups[office.id] if group.id == row.group_id)
                groups.setdefault(needed.code, file.Group(code=needed.code, letter=needed.letter, name=needed.name))
    return city, Catalogue(groups=list(groups.values()), services=list(services.values()))


def _service(row: Any, group: str, rules: Any) -> file.Service:
    """A service that only an office's rows know."""
    return file.Service(
        code=row.code,
        group=group,
        name=row.name,
        goal=row.goal.value,
        typical_minutes=row.typical_minutes,
        wait_norm_minutes=row.wait_norm_minutes,
        booking_norm_minutes=row.booking_norm_minutes,
        daily_limit=row.daily_limit,
        walk_in=row.walk_in,
        documents=row.documents,
        booking=None if rules is None else file.ServiceBooking(**_differs(rules, _rules_by_default(row.typical_minutes))),
        results=convert(row.result_codes, list[file.Choice]),
        counts_applications=row.counts_applications,
        chain=row.chain,
    )


def _rules_by_default(typical_minutes: int) -> dict[str, int]:
    """How a service is booked of which only that is said."""
    return {
        "grid_minutes": 15,
        "duration_minutes": typical_minutes,
        "per_application_minutes": 0,
        "lead_minutes": 60,
        "horizon_days": 30,
    }


def _differs(row: Any, expected: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name, value in expected.items() if getattr(row, name) != value}


def _override(service: file.Service, row: Any, rules: Any) -> file.Override:
    minutes = _differs(row, {name: getattr(service, name) for name in ("typical_minutes", "wait_norm_minutes", "booking_norm_minutes")})
    booking: file.ServiceBooking | UnsetType | None = UNSET
    if rules is None:
        booking = None if service.booking is not None else UNSET
    else:
        said = {} if service.booking is None else service.booking.said()
        differs = _differs(rules, _rules_by_default(row.typical_minutes) | said)
        if differs or service.booking is None:
            booking = file.ServiceBooking(**differs)
    return file.Override(
        **minutes,
        daily_limit=row.daily_limit if row.daily_limit != service.daily_limit else UNSET,
        walk_in=row.walk_in if row.walk_in != service.walk_in else None,
        booking=booking,
    )


def _office(found: _Found, row: Any, city: City, catalogue: Catalogue) -> file.Office:
    given = {each.code: each for each in found.services[row.id]}
    codes = {each.id: each.code for each in given.values()}
    offered = [service for service in catalogue.services if service.code in given]
    overrides = {service.code: _override(service, given[service.code], found.rules.get(given[service.code].id)) for service in offered}
    order = {service.code: index for index, service in enumerate(offered)}
    week = minutes_of_week(found.hours[row.id])
    booking = found.bookings.get(row.id)
    return file.Office(
        slug=row.slug,
        district=row.district,
        name=row.name,
        address=row.address,
        opening_hours=week_of(week),
        zones=[file.Zone(code=zone.code, name=zone.name) for zone in found.zones[row.id]],
        desks=_desks(found, row.id, codes, order),
        services=[service.code for service in offered],
        phone=row.phone,
        time_zone=row.time_zone if row.time_zone != city.time_zone else None,
        place=None if row.latitude is None else file.Place(latitude=row.latitude, longitude=row.longitude),
        public_holidays=row.public_holidays or False,
        closures=[
            file.Closure(local_date=each.local_date, reason=each.reason, **span(each.opens, each.closes)) for each in found.closures[row.id]
        ],
        ticker=row.ticker,
        policy=convert({name: getattr(row, name) for name in file.Policy.__struct_fields__}, file.Policy),
        overrides={code: each for code, each in overrides.items() if each != file.Override()},
        booking=file.OfficeBooking(**{name: getattr(booking, name) for name in file.OfficeBooking.__struct_fields__})
        if booking is not None
        else file.OfficeBooking(),
        lanes=_lanes(found, row.id, codes, order, week),
        active=row.active,
        retention_days=row.retention_days,
        texts=found.texts.get(row.id, {}),
    )


def _desks(found: _Found, office_id: int, codes: Mapping[int, str], order: Mapping[str, int]) -> list[file.Desk]:
    zones = {zone.id: zone.code for zone in found.zones[office_id]}

    def taken(desk: Any, *, help_out: bool) -> list[str]:
        named = {codes[each.service_id] for each in found.at_desk[desk.id] if each.help_out is help_out and each.service_id in codes}
        return sorted(named, key=order.__getitem__)

    return [
        file.Desk(
            number=desk.number,
            services=taken(desk, help_out=False),
            zone=zones.get(desk.zone_id),
            place=desk.place,
            accessible=desk.accessible,
            help_out=taken(desk, help_out=True),
        )
        for desk in sorted(found.desks[office_id], key=lambda desk: int(desk.number))
    ]


def _lanes(
    found: _Found, office_id: int, codes: Mapping[int, str], order: Mapping[str, int], week: frozenset[tuple[int, int, int]]
) -> list[file.Lane]:
    """Equal neighbours «А», «А 2», «А 3» are one lane with a count; a lane that is open as its office is follows it."""
    lanes: list[file.Lane] = []
    for row in found.lanes[office_id]:
        own = minutes_of_week(found.lane_hours[row.id])
        booked = {each.service_id for each in found.lane_services[row.id]} & found.rules.keys() & codes.keys()
        lane = file.Lane(
            name=row.name,
            services=sorted((codes[each] for each in booked), key=order.__getitem__),
            channel=row.channel.value,
            hours=None if own == week else week_of(own),
            exceptions=in_order(
                file.LaneException(local_date=each.local_date, **span(each.opens, each.closes)) for each in found.exceptions[row.id]
            ),
        )
        if lanes and _is_next_of(lanes[-1], lane):
            lanes[-1].count += 1
        else:
            lanes.append(lane)
    return lanes


def _is_next_of(before: file.Lane, lane: file.Lane) -> bool:
    named_so = lane.name == f"{before.name} {before.count + 1}"
    return named_so and msgspec.structs.replace(lane, name=before.name, count=before.count) == before
