"""Choosing a day and a time: the same two pages for a new booking, for a form whose time was lost, and for a move.

Each of the three says where its links lead and where its form posts to; refuses to know which of them asks.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from litestar import Response

from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import Wanted
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, link, show
from queue_service.pages.citizen.booking.options import days_beside, free_days, other_offices, periods, visit_minutes, why_none

DAYS_SHOWN = 12
"""At least ten (people compare two weeks); the rest of the horizon is one link away."""


@dataclass(frozen=True, slots=True)
class Chooser:
    """Who chooses a time, and for what."""

    place: Place
    wanted: Wanted
    days_path: Callable[..., str]
    """The page of days; takes `more=1`."""
    time_path: Callable[[date], str]
    action: str
    back: str
    hidden: dict[str, str] = field(default_factory=dict)
    """Fields of the form besides the time."""
    common: dict[str, Any] = field(default_factory=dict)
    """Context of the frame: step, picked, held."""
    purpose: str = "book"
    """book, again (a lost or changed time of a form) or move."""
    elsewhere: bool = True
    """Whether another office may be chosen: not for a booking that is moved."""


def read_date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def read_moment(text: str | None) -> datetime | None:
    """An instant with its offset; None for anything else."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def read_count(text: str | None) -> int:
    """How many applications: 1 to 5, and 1 for whatever is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and 1 <= int(text) <= 5 else 1


def picked(place: Place, wanted: Wanted, starts_at: datetime | None = None) -> dict[str, Any]:
    """What stands beside the question: all that was answered so far."""
    service = place.catalogue.services_by_id[wanted.service_id]
    return {
        "service": service,
        "office": place.catalogue,
        "applications": wanted.applications,
        "asks_applications": place.calendar.services[wanted.service_id].asks_applications,
        "minutes": visit_minutes(place, wanted),
        "starts_at": starts_at,
    }


async def _nowhere(request: AnyRequest, booking: Booking, chooser: Chooser, now: datetime) -> dict[str, Any]:
    """What to do when there is nothing: other offices and the waitlist."""
    if not chooser.elsewhere:
        return {"others": [], "waitlist": None}
    place, wanted = chooser.place, chooser.wanted
    service = place.catalogue.services_by_id[wanted.service_id].code
    query = {"service": service, "applications": wanted.applications, "office": place.catalogue.slug}
    others = await other_offices(booking.pool, booking, place, (service, wanted.applications), now)
    return {
        "others": [(link("/book/day", **{**query, "office": each.place.catalogue.slug}), each) for each in others],
        "waitlist": link("/book/waitlist", **query),
    }


async def days_page(request: AnyRequest, booking: Booking, chooser: Chooser, more: bool, now: datetime) -> Response[str]:
    days = await booking.horizon(chooser.place, chooser.wanted, now)
    free = free_days(days)
    nowhere = {"others": [], "waitlist": None} if free else await _nowhere(request, booking, chooser, now)
    context = {
        **chooser.common,
        **nowhere,
        "now": now,
        "back": chooser.back,
        "purpose": chooser.purpose,
        "catalogue": chooser.place.catalogue,
        "days": [(chooser.time_path(day.date), day) for day in (free if more else free[:DAYS_SHOWN])],
        "more": None if more or len(free) <= DAYS_SHOWN else chooser.days_path(more=1),
        "left": len(free) - DAYS_SHOWN,
        "why": why_none(days).value,
        "last_day": chooser.place.calendar.last_day(chooser.wanted.service_id, now),
        "today": chooser.place.calendar.today(now),
    }
    return show(request, "day.html", context)


async def times_page(
    request: AnyRequest,
    booking: Booking,
    chooser: Chooser,
    day: date,
    now: datetime,
    *,
    lost: datetime | None = None,
    lapsed: bool = False,
    status_code: int = 200,
    problem: str | None = None,
) -> Response[str]:
    """The times of one day. `lost`: the time that was just taken by somebody else; `lapsed`: the one that was held too long."""
    place, wanted = chooser.place, chooser.wanted
    days = await booking.horizon(place, wanted, now)
    of_day = next((each for each in days if each.date == day), None)
    slots = of_day.slots if of_day else ()
    free = free_days(days)
    after = next((each for each in free if each.date > day), None)
    alternatives = await booking.alternatives(place, wanted, lost, now) if lost else []
    if lapsed and lost in [slot.starts_at for slot in slots]:
        # Nobody took it meanwhile: the first thing to offer is what the person had.
        alternatives = [next(slot for slot in slots if slot.starts_at == lost), *alternatives]
    nowhere = {"others": [], "waitlist": None} if slots else await _nowhere(request, booking, chooser, now)
    errors = [Wrong("times", problem)] if problem else []
    context = {
        **chooser.common,
        **nowhere,
        "now": now,
        "back": chooser.back,
        "purpose": chooser.purpose,
        "catalogue": place.catalogue,
        "zone": place.catalogue.time_zone,
        "day": day,
        "strip": [(chooser.time_path(each.date), each) for each in days_beside(free, day)] if slots else [],
        "periods": periods(slots, place.calendar.schedule.time_zone),
        "action": chooser.action,
        "hidden": chooser.hidden,
        "days_path": chooser.days_path(),
        "next_path": chooser.time_path(after.date) if after else None,
        "next_day": after,
        "why": (of_day.why.value if of_day and of_day.why else "horizon") if not slots else None,
        "lost": lost,
        "lapsed": lapsed,
        "alternatives": alternatives,
        "hold_minutes": int(place.calendar.rules.hold.total_seconds() // 60),
    }
    return show(request, "time.html", context, errors=errors, status_code=status_code)
