"""The office's bookings for its staff, without JavaScript: a day's list, why a day has no slots, check-in and booking by hand.

Refuses names: nobody chooses visitors by theirs before the call.
"""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.booking import confirming
from queue_service.booking.api import aware
from queue_service.booking.commands import HoldWish
from queue_service.booking.confirming import Person
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import appointments_of_day
from queue_service.booking.rules import AppointmentState, Channel, spoken
from queue_service.booking.why import SENTENCES, why_day
from queue_service.db import utc
from queue_service.errors import DomainError, Malformed
from queue_service.pages.i18n import Translator
from queue_service.pages.render import office_head, page, translator_of
from queue_service.staff.rights import RIGHTS, Right, for_
from queue_service.staff.sessions import Identity
from queue_service.tickets.check_in import check_in

AnyRequest = Request[Any, Any, Any]
Form = Body(media_type=RequestEncodingType.URL_ENCODED)
CHANNEL_NAMES = {Channel.BOTH: "from home and in the hall", Channel.ONLINE: "from home only", Channel.HALL: "in the hall only"}
STATE_NAMES = {
    AppointmentState.BOOKED: "expected",
    AppointmentState.CHECKED_IN: "has come",
    AppointmentState.MISSED: "did not come",
}


class BookingsForm(msgspec.Struct, frozen=True):
    csrf: str = ""
    code: str = ""
    service: str = ""
    date: str = ""
    applications: str = "1"
    starts_at: str = ""
    name: str = ""
    contact: str = ""


def _number(text: str) -> int:
    return int(text) if text in ("1", "2", "3", "4", "5") else 1


async def _bookings_page(
    request: AnyRequest, identity: Identity, place: Place, booking: Booking, now: datetime, **said: Any
) -> Response[str]:
    """The page; `said` is the chosen service, day and number, and what came of a form."""
    catalogue, calendar = place.catalogue, place.calendar
    services = [each for each in catalogue.services.values() if each.active and each.id in calendar.services]
    chosen = said.get("service") or (services[0].code if services else "")
    day: date = said.get("day") or calendar.today(now)
    applications: int = said.get("applications") or 1
    told = await why_day(booking, place, chosen, day, applications, now) if chosen in {each.code for each in services} else None
    booked = await appointments_of_day(booking.pool, calendar, day)
    t = translator_of(request)
    error: DomainError | None = said.get("error")
    context = {
        "account": {"name": identity.name, "login": identity.login},
        "hall": Right.HALL in RIGHTS[identity.role],
        "services": [{"code": each.code, "name": each.name, "asks": calendar.services[each.id].asks_applications} for each in services],
        "chosen": chosen,
        "asks": any(each.code == chosen and calendar.services[each.id].asks_applications for each in services),
        "applications": applications,
        "day": day,
        "today": calendar.today(now),
        "zone": catalogue.time_zone,
        "why": t.text(SENTENCES[told.why]) if told and told.why else None,
        "slots": [{"at": slot.starts_at, "value": utc(slot.starts_at), "free": slot.free} for slot in told.slots] if told else [],
        "lanes": [
            {
                "name": each.lane.name,
                "channel": t.gettext(CHANNEL_NAMES[each.lane.channel]),
                "hours": [f"{t.time(opens, catalogue.time_zone)}–{_end(t, closes, catalogue.time_zone)}" for opens, closes in each.hours],
                "open_to_us": each.open_to_us,
                "taken": each.taken_minutes,
            }
            for each in (told.lanes if told else ())
        ],
        "bookings": [
            {
                "at": each.starts_at,
                "reference": spoken(each.reference),
                "service": catalogue.services_by_id[each.service_id].name,
                "state": t.gettext(STATE_NAMES[each.state]),
                "applications": each.applications,
            }
            for each in booked
        ],
        "error": t.text(error.text) if error else None,
        "ticket": said.get("ticket"),
        "made": said.get("made"),
        "name": said.get("name", ""),
        "contact": said.get("contact", ""),
    }
    return page(request, "desk/bookings.html", context, office_head(catalogue), status_code=error.status if error else 200)


@get("/desk/bookings", include_in_schema=False, **for_(Right.SEE_BOOKINGS))
async def bookings_page(
    request: AnyRequest,
    identity: Identity,
    booking: Booking,
    now: datetime,
    service: str = "",
    day: Annotated[str, Parameter(query="date")] = "",
    applications: str = "1",
) -> Response[str]:
    place = await booking.at_id(identity.own_office, now)
    said = {"service": service, "day": _day(day), "applications": _number(applications)}
    return await _bookings_page(request, identity, place, booking, now, **said)


def _end(t: Translator, moment: datetime, zone: str) -> str:
    """24:00 for the midnight that ends a day."""
    clock = t.time(moment, zone)
    return "24:00" if clock == "00:00" else clock


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


@post("/desk/bookings/check-in", include_in_schema=False, status_code=200, **for_(Right.HALL))
async def check_in_by_hand(
    request: AnyRequest, data: Annotated[BookingsForm, Form], identity: Identity, booking: Booking, now: datetime
) -> Response[str]:
    """The booking's ticket, or the reason why not, on the same page. Scanning twice shows the same ticket."""
    place = await booking.at_id(identity.own_office, now)
    try:
        taken = await check_in(booking, place.catalogue.id, data.code, ("staff", identity.account_id), now)
    except DomainError as error:
        return await _bookings_page(request, identity, place, booking, now, error=error)
    ticket = {"number": taken.number, "late": taken.late, "url": f"/t/{taken.secret}"}
    return await _bookings_page(request, identity, place, booking, now, ticket=ticket)


@post("/desk/bookings/book", include_in_schema=False, status_code=200, **for_(Right.HALL))
async def book_by_hand(
    request: AnyRequest,
    data: Annotated[BookingsForm, Form],
    identity: Identity,
    actor: Actor,
    booking: Booking,
    db: AsyncSession,
    now: datetime,
) -> Response[str]:
    """Books for a person who stands at the administrator's desk."""
    place = await booking.at_id(identity.own_office, now)
    said = {"service": data.service, "day": _day(data.date), "applications": _number(data.applications)}
    try:
        person = Person(confirming.checked_name(data.name), data.contact or None, "ru")
        try:
            starts_at = aware(datetime.fromisoformat(data.starts_at))
        except ValueError:
            raise Malformed({"ru": "Выберите время.", "en": "Choose a time."}) from None
        async with db.begin_nested():
            made = await confirming.book_at_desk(
                db, booking, place, HoldWish(data.service, starts_at, _number(data.applications)), person, now
            )
            record(db, actor, Act("booking.entered", f"booking:{made.id}", place.catalogue.id, after={"service": data.service}), now)
    except DomainError as error:
        return await _bookings_page(request, identity, place, booking, now, error=error, name=data.name, contact=data.contact, **said)
    shown = {"reference": spoken(made.reference), "at": made.starts_at, "url": f"/a/{made.secret}"}
    return await _bookings_page(request, identity, place, booking, now, made=shown, **said)


HANDLERS = [bookings_page, check_in_by_hand, book_by_hand]
