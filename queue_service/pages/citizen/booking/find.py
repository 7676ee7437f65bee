"""«Найти мою запись»: reference and contact lead to the booking's own page.

One sentence for every miss: it must not say which of the two was wrong, nor that a contact is known.
"""

from datetime import datetime

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.office import Booking
from queue_service.booking.queries import find_booking
from queue_service.booking.rules import AppointmentState
from queue_service.errors import TooManyAttempts
from queue_service.live.views.appointment import is_day_over
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, address_of, answers, see, show, wrong
from queue_service.pages.render import translator_of


@get("/find", include_in_schema=False, sync_to_thread=False)
def find(request: AnyRequest) -> Response[str]:
    return show(request, "find.html", {"back": "/book", "typed": {}})


@post("/find", include_in_schema=False)
async def found(request: AnyRequest, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    typed = await answers(request)
    reference, contact = typed.get("reference", "").strip(), typed.get("contact", "").strip()
    t = translator_of(request)
    errors = []
    if not reference:
        errors.append(Wrong("reference", t.gettext("Enter the booking code")))
    if not contact:
        errors.append(Wrong("contact", t.gettext("Enter the e-mail address or the telephone number of the booking")))
    if errors:
        return show(request, "find.html", {"back": "/book", "typed": typed}, errors=errors)
    try:
        await booking.guard.allow("find", address_of(request), now)
    except TooManyAttempts as error:
        return show(request, "find.html", {"back": "/book", "typed": typed}, errors=[wrong(request, "reference", error)], status_code=429)
    appointment = await find_booking(db, booking, reference, contact)
    if appointment is None:
        return show(request, "find_wrong.html", {"back": "/find", "reference": reference}, status_code=404)
    place = await booking.at_id(appointment.office_id, now)
    # Who is late has a booking still: the terminal gives a ticket of the common queue for it.
    forgotten = appointment.state is AppointmentState.BOOKED and is_day_over(place.calendar, appointment.starts_at, now)
    over = forgotten or appointment.state is AppointmentState.MISSED
    if over or appointment.state is AppointmentState.CANCELLED:
        context = {
            "back": "/find",
            "appointment": appointment,
            "catalogue": place.catalogue,
            "service": place.catalogue.services_by_id[appointment.service_id],
        }
        return show(request, "find_past.html" if over else "find_cancelled.html", context)
    return see(f"/a/{appointment.secret}")


HANDLERS = [find, found]
