"""What there is to choose from: services of the city, offices with their next free time, days, times of a day.

Reads the process's copies of the set-up and one query for all offices; refuses to decide what is free.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from queue_service.booking.availability import DayOfSlots, FreeSlot
from queue_service.booking.nearby import kilometres, next_free
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import NoSlots, Wanted
from queue_service.db import Pool
from queue_service.live.hub import Hub
from queue_service.live.views.parts import WaitOut, wait_out
from queue_service.offices.catalogue import ServiceInfo
from queue_service.text import Text
from queue_service.tickets.queries import waiting_by_office

LIVE_SECONDS = 0.5
"""How long the list of offices waits for the halls' forecasts: it is about booking, and the number of people is known anyway."""
MOST_APPLICATIONS = 5
NOON, EVENING = 12, 17
"""Hours at which a visitor's afternoon and evening begin."""

Coordinates = tuple[float, float]


@dataclass(slots=True)
class ServiceOption:
    code: str
    name: Text
    asks_applications: bool
    offices: int = 1


@dataclass(slots=True)
class ServiceGroup:
    name: Text
    services: list[ServiceOption] = field(default_factory=list)


async def places(booking: Booking, now: datetime) -> list[Place]:
    """Offices in which something can be booked."""
    found = [await booking.at_id(each.id, now) for each in await booking.catalogues.all(now, shown=True)]
    return [place for place in found if bookable(place)]


def bookable(place: Place) -> list[ServiceInfo]:
    """The office's services that have rules of booking and a lane, in the order of its catalogue."""
    taken = {service_id for lane in place.calendar.lanes for service_id in lane.services}
    return [
        service
        for group in place.catalogue.groups
        for service in group.services
        if service.active and service.id in place.calendar.services and service.id in taken
    ]


async def service_groups(booking: Booking, now: datetime) -> list[ServiceGroup]:
    """All services that can be booked somewhere, in groups as at the terminal."""
    groups: dict[str, ServiceGroup] = {}
    options: dict[str, ServiceOption] = {}
    for place in await places(booking, now):
        names = {group.letter: group.name for group in place.catalogue.groups}
        for service in bookable(place):
            asks = place.calendar.services[service.id].asks_applications
            known = options.get(service.code)
            if known is not None:
                known.offices += 1
                known.asks_applications = known.asks_applications or asks
                continue
            option = options[service.code] = ServiceOption(service.code, service.name, asks)
            groups.setdefault(names[service.letter]["ru"], ServiceGroup(names[service.letter])).services.append(option)
    return list(groups.values())


def plainly(text: str) -> str:
    """How people's spellings of one word are the same."""
    return " ".join(text.casefold().replace("ё", "е").split())


def containing(groups: Sequence[ServiceGroup], query: str) -> list[ServiceGroup]:
    """Those services whose name in any language has every word of the query."""
    words = plainly(query).split()
    found = []
    for group in groups:
        services = [each for each in group.services if all(any(word in plainly(name) for name in each.name.values()) for word in words)]
        if services:
            found.append(ServiceGroup(group.name, services))
    return found


@dataclass(slots=True)
class OfficeOption:
    place: Place
    next_free: datetime | None
    waiting: int
    wait: WaitOut | None
    open: bool
    kilometres: float | None = None


async def offices_for(booking: Booking, hub: Hub, service: str, applications: int, now: datetime) -> list[OfficeOption]:
    """Every office where the service can be booked, with its next free time and how many people are in its hall."""
    offering = [place for place in await places(booking, now) if any(each.code == service for each in bookable(place))]
    wishes = [(place, place.wanted(service, applications)) for place in offering]
    found, waiting = await next_free(booking.pool, wishes, now), await waiting_by_office(booking.pool)
    waits = await _waits(hub, [(place, wanted.service_id) for place, wanted in wishes if place.calendar.schedule.closes_at(now)])
    return [
        OfficeOption(
            place,
            found[place.catalogue.id],
            waiting.get(place.catalogue.id, 0),
            waits.get(place.catalogue.id),
            place.calendar.schedule.closes_at(now) is not None,
        )
        for place, _ in wishes
    ]


async def _waits(hub: Hub, wanted: Sequence[tuple[Place, int]]) -> dict[int, WaitOut | None]:
    """What somebody without a booking would wait now, as far as the halls answer in time."""

    async def one(place: Place, service_id: int) -> tuple[int, WaitOut | None]:
        state = await hub.feed(place.catalogue.id).soon()
        return place.catalogue.id, wait_out(state.forecast.newcomer(service_id)[1])

    try:
        async with asyncio.timeout(LIVE_SECONDS):
            return dict(await asyncio.gather(*(one(place, service_id) for place, service_id in wanted)))
    except TimeoutError:
        return {}


def nearest_first(options: list[OfficeOption], here: Coordinates | None) -> list[OfficeOption]:
    """By distance where it is known, else by the district's name."""
    for option in options:
        place = option.place.catalogue.place
        option.kilometres = kilometres(here, place) if here and place else None
    by_name = sorted(options, key=lambda each: each.place.catalogue.district["ru"])
    return sorted(by_name, key=lambda each: each.kilometres if each.kilometres is not None else float("inf")) if here else by_name


def in_district(options: Sequence[OfficeOption], typed: str) -> OfficeOption | None:
    """The office whose district begins like this, in either language."""
    start = plainly(typed)
    for option in options:
        if start and any(plainly(name).startswith(start) for name in option.place.catalogue.district.values()):
            return option
    return None


@dataclass(frozen=True, slots=True)
class OtherOffice:
    place: Place
    next_free: datetime


async def other_offices(pool: Pool, booking: Booking, place: Place, wanted: tuple[str, int], now: datetime) -> list[OtherOffice]:
    """Where else the service can be had, the nearest first; without places of theirs, the soonest."""
    service, applications = wanted
    others = [
        each
        for each in await places(booking, now)
        if each.catalogue.id != place.catalogue.id and any(info.code == service for info in bookable(each))
    ]
    found = await next_free(pool, [(each, each.wanted(service, applications)) for each in others], now)
    free = [OtherOffice(each, starts_at) for each in others if (starts_at := found[each.catalogue.id]) is not None]
    here = place.catalogue.place

    def order(other: OtherOffice) -> tuple[float, datetime]:
        there = other.place.catalogue.place
        return (kilometres(here, there) if here and there else float("inf"), other.next_free)

    return sorted(free, key=order)[:OTHERS_SHOWN]


OTHERS_SHOWN = 4
"""Enough to compare; the whole list is one link away."""


@dataclass(frozen=True, slots=True)
class DayOption:
    date: date
    free: int
    """Places, over all times of the day."""


def free_days(days: Sequence[DayOfSlots]) -> list[DayOption]:
    return [DayOption(day.date, sum(slot.free for slot in day.slots)) for day in days if day.slots]


def why_none(days: Sequence[DayOfSlots]) -> NoSlots:
    """The reason that a person can do most about: full before closed, closed before too early."""
    reasons = {day.why for day in days}
    for reason in (NoSlots.FULL, NoSlots.TOO_LONG, NoSlots.KEPT, NoSlots.LEAD_TIME, NoSlots.CLOSURE, NoSlots.HOLIDAY, NoSlots.HOURS):
        if reason in reasons:
            return reason
    return NoSlots.FULL


@dataclass(frozen=True, slots=True)
class Period:
    name: str
    """morning, afternoon, evening"""
    slots: list[FreeSlot]


def periods(slots: Sequence[FreeSlot], zone: ZoneInfo) -> list[Period]:
    """The day in the three parts in which people think of it; empty ones are left out."""
    parts: dict[str, list[FreeSlot]] = {"morning": [], "afternoon": [], "evening": []}
    for slot in slots:
        hour = slot.starts_at.astimezone(zone).hour
        parts["morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"].append(slot)
    return [Period(name, found) for name, found in parts.items() if found]


DAYS_BESIDE = 5


def days_beside(days: Sequence[DayOption], chosen: date) -> list[DayOption]:
    """The chosen day among its neighbours with free places."""
    before = [day for day in days if day.date < chosen]
    after = [day for day in days if day.date >= chosen]
    lead = before[-2:] if len(after) >= DAYS_BESIDE - 2 else before[-(DAYS_BESIDE - len(after)) :]
    return [*lead, *after][:DAYS_BESIDE]


def visit_minutes(place: Place, wanted: Wanted) -> int:
    return int(place.calendar.services[wanted.service_id].length(wanted.applications) / timedelta(minutes=1))
