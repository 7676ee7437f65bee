"""The waitlist: «Сообщить, если освободится», and the page of somebody who waits.

Refuses to promise a place: it says how offers come and how long each one stands.
"""

from datetime import date, datetime, timedelta
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import waitlist as commands
from queue_service.booking.api import waitlist_out
from queue_service.booking.confirming import Person, checked_name
from queue_service.booking.errors import AlreadyWaiting, BadName
from queue_service.booking.models import WaitlistEntry
from queue_service.booking.office import Booking, Place
from queue_service.booking.rules import WaitlistState
from queue_service.booking.waitlist import Joining, locked_entry
from queue_service.errors import DomainError, Malformed, TooManyAttempts
from queue_service.notifications.contacts import BadContact, masked, parse_contact
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, address_of, answers, link, see, show, wrong
from queue_service.pages.citizen.booking.times import picked, read_count, read_date
from queue_service.pages.render import language_of, translator_of


def _page(
    request: AnyRequest,
    place: Place,
    service: str,
    count: int,
    now: datetime,
    typed: dict[str, str],
    errors: list[Wrong],
    status: int = 200,
) -> Response[str]:
    wanted = place.wanted(service, count)
    today, last = place.calendar.today(now), place.calendar.last_day(wanted.service_id, now)
    answer = {"service": service, "applications": count, "office": place.catalogue.slug}
    context = {
        "back": link("/book/day", **answer),
        "picked": picked(place, wanted),
        "answer": answer,
        "typed": {"from": today.isoformat(), "to": last.isoformat(), **typed},
        "today": today.isoformat(),
        "furthest": (last + timedelta(days=366)).isoformat(),
        "offer_minutes": int(place.calendar.rules.offer.total_seconds() // 60),
    }
    return show(request, "waitlist.html", context, errors=errors, status_code=status)


@get("/book/waitlist", include_in_schema=False)
async def question(
    request: AnyRequest, booking: Booking, now: datetime, service: str = "", applications: str | None = None, office: str = ""
) -> Response[str]:
    return _page(request, await booking.at(office, now), service, read_count(applications), now, {}, [])


def _mistakes(request: AnyRequest, typed: dict[str, str], dates: tuple[date | None, date | None]) -> list[Wrong]:
    """All of them at once, so that nobody corrects a form four times."""
    t = translator_of(request)
    errors = []
    for field, day in zip(("from", "to"), dates, strict=True):
        if day is None:
            errors.append(Wrong(field, t.gettext("Enter the date as day, month and year")))
    for field, check in (("name", checked_name), ("contact", parse_contact)):
        try:
            check(typed.get(field, ""))
        except (BadName, BadContact) as error:
            errors.append(wrong(request, field, error))
    return errors


@post("/book/waitlist", include_in_schema=False)
async def join(request: AnyRequest, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    typed = await answers(request)
    place, service, count = await booking.at(typed.get("office", ""), now), typed.get("service", ""), read_count(typed.get("applications"))
    dates = read_date(typed.get("from")), read_date(typed.get("to"))
    errors = _mistakes(request, typed, dates)
    if errors or dates[0] is None or dates[1] is None:
        return _page(request, place, service, count, now, typed, errors)
    person = Person(typed.get("name", ""), typed.get("contact", ""), language_of(request))
    try:
        await booking.guard.allow("waitlist", address_of(request), now)
        entry = await commands.join(db, booking, place, Joining(service, dates[0], dates[1], count), person, now)
    except (Malformed, AlreadyWaiting, TooManyAttempts) as error:
        await db.rollback()
        return _page(request, place, service, count, now, typed, [wrong(request, _field_of(error), error)], error.status)
    return see(f"/w/{entry.secret}")


def _field_of(error: DomainError) -> str:
    return "from" if isinstance(error, Malformed) else "contact"


async def _shown(db: AsyncSession, booking: Booking, entry: WaitlistEntry, now: datetime) -> dict[str, Any]:
    place = await booking.at_id(entry.office_id, now)
    return {
        "entry": entry,
        "catalogue": place.catalogue,
        "service": place.catalogue.services_by_id[entry.service_id],
        "masked": masked(parse_contact(booking.ring.unseal(entry.contact_sealed))),
        "again": link("/book/day", service=place.catalogue.services_by_id[entry.service_id].code, office=place.catalogue.slug),
        "offer_minutes": int(place.calendar.rules.offer.total_seconds() // 60),
    }


@get("/w/{secret:str}", include_in_schema=False)
async def entry_page(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str]:
    entry = await locked_entry(db, secret)
    context = await _shown(db, booking, entry, now)
    shows_offer = entry.state in (WaitlistState.OFFERED, WaitlistState.ACCEPTED)
    offer = (await waitlist_out(booking, db, entry, now)).offer if shows_offer else None
    return show(request, "waiting.html", {**context, "offer": offer})


@post("/w/{secret:str}/leave", include_in_schema=False)
async def leave(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Redirect:
    await commands.leave(db, booking, secret, now)
    return see(f"/w/{secret}")


HANDLERS = [question, join, entry_page, leave]
