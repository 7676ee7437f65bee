"""What booking needs of the process, as one dependency, and an office's part of it.

Refuses to decide anything: it only fetches.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from queue_service.booking.availability import DayOfSlots, FreeSlot, days_from
from queue_service.booking.calendar import Calendars
from queue_service.booking.errors import NotBookable
from queue_service.booking.guard import Guard
from queue_service.booking.rules import BookingCalendar, Channel, Wanted
from queue_service.booking.snapshots import Snapshots
from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue, Catalogues, ServiceInfo
from queue_service.sealing import KeyRing

ALTERNATIVES = 5
"""Offered instead of a lost slot: as many as a person compares at a glance."""


@dataclass(frozen=True, slots=True)
class Place:
    """One office."""

    catalogue: Catalogue
    calendar: BookingCalendar

    def service(self, code: str) -> ServiceInfo:
        """NotBookable for a service that is unknown, switched off or not booked."""
        info = self.catalogue.services.get(code)
        if info is None or not info.active or info.id not in self.calendar.services:
            raise NotBookable
        return info

    def wanted(self, service: str, applications: int = 1, channel: Channel = Channel.ONLINE) -> Wanted:
        info = self.service(service)
        # The number matters only where it makes the visit longer; elsewhere all numbers share one list of slots.
        counts = self.calendar.services[info.id].asks_applications
        return Wanted(info.id, applications if counts else 1, channel)


@dataclass(frozen=True, slots=True)
class Booking:
    """The process's means."""

    pool: Pool
    ring: KeyRing
    catalogues: Catalogues
    calendars: Calendars
    snapshots: Snapshots
    guard: Guard
    public_url: str
    organizer: str
    """The address that our letters come from: a calendar takes changes only from the one that sent the event."""

    async def at(self, slug: str, now: datetime) -> Place:
        """NotFound where no office has this slug, or where citizens are not shown it yet."""
        return await self._place(await self.catalogues.open_to_all(slug, now), now)

    async def at_id(self, office_id: int, now: datetime) -> Place:
        return await self._place(await self.catalogues.of(office_id, now), now)

    async def _place(self, catalogue: Catalogue, now: datetime) -> Place:
        return Place(catalogue, await self.calendars.of(catalogue, now))

    async def days(self, place: Place, wanted: Wanted, first: date, count: int, now: datetime) -> Sequence[DayOfSlots]:
        return await self.snapshots.days(place.calendar, wanted, days_from(first, count), now)

    async def rendered(self, place: Place, wanted: Wanted, first: date, count: int, now: datetime) -> bytes:
        """The same as JSON, encoded once for everybody who looks at the same list."""
        known = await self.snapshots.of(place.calendar, wanted, days_from(first, count), now)
        if known.rendered is None:
            known.rendered = msgspec.json.encode({"days": known.days})
        return known.rendered

    async def horizon(self, place: Place, wanted: Wanted, now: datetime) -> Sequence[DayOfSlots]:
        """Every day from today to the end of the service's horizon."""
        today = place.calendar.today(now)
        count = place.calendar.services[wanted.service_id].horizon_days + 1
        return await self.days(place, wanted, today, count, now)

    async def alternatives(self, place: Place, wanted: Wanted, starts_at: datetime, now: datetime) -> list[FreeSlot]:
        """The free slots nearest to a lost one, in the order of time."""
        today = place.calendar.today(now)
        days = days_from(today, place.calendar.services[wanted.service_id].horizon_days + 1)
        slots = (await self.snapshots.of(place.calendar, wanted, days, now)).in_order
        at = bisect_left(slots, starts_at, key=lambda slot: slot.starts_at)
        around = [slot for slot in slots[max(0, at - ALTERNATIVES) : at + ALTERNATIVES + 1] if slot.starts_at != starts_at]
        nearest = sorted(around, key=lambda slot: abs(slot.starts_at - starts_at))[:ALTERNATIVES]
        return sorted(nearest, key=lambda slot: slot.starts_at)


def names_compare_as(name: str) -> str:
    """How two spellings of one name are the same."""
    return " ".join(name.casefold().replace("ё", "е").split())


HAND_OVER = timedelta(minutes=1)
"""An offer's part of a lane outlives the offer by this, so that the next on the waitlist has it before anybody else."""
