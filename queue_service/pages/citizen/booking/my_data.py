"""`/a/{secret}/data`: what we hold of a citizen, and its destruction: of one booking by its link, of a contact by a code sent to it.

The link proves no contact, so what else belongs to it stands behind the code. Pages only ask; forms act, and twice is once. Refuses to
put what was proven into an address.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import erasure
from queue_service.booking.errors import NotChangeable
from queue_service.booking.office import Booking
from queue_service.booking.rules import AppointmentState, spoken
from queue_service.errors import DomainError, TooManyAttempts
from queue_service.notifications.contacts import masked, parse_contact
from queue_service.pages.citizen.booking.frame import AnyRequest, Wrong, address_of, answers, see, show, wrong
from queue_service.pages.i18n import Translator
from queue_service.pages.render import translator_of

STATES = {
    AppointmentState.HELD: "being filled in",
    AppointmentState.UNVERIFIED: "being filled in",
    AppointmentState.OFFERED: "offered from the waitlist",
    AppointmentState.BOOKED: "booked",
    AppointmentState.CHECKED_IN: "the visitor came",
    AppointmentState.MISSED: "the visitor did not come",
    AppointmentState.CANCELLED: "cancelled",
    AppointmentState.EXPIRED: "not confirmed",
}


async def _row(booking: Booking, held: erasure.Held, t: Translator, now: datetime) -> dict[str, Any]:
    """One booking as the page says it."""
    shown = held.appointment
    place = await booking.at_id(shown.office_id, now)
    zone = place.catalogue.time_zone
    return {
        "title": f"{t.date(shown.starts_at, zone)}, {t.time(shown.starts_at, zone)}",
        "state": t.gettext(STATES[shown.state]),
        "active": shown.state in erasure.CANCELLED_FIRST and shown.ends_at > now,
        "service": place.catalogue.services_by_id[shown.service_id].name,
        "office": place.catalogue.name,
        "reference": spoken(shown.reference),
        "name": held.name,
        "contact": held.contact,
    }


async def _data_page(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, *, errors: Sequence[Wrong] = (), code: bool = False
) -> Response[str]:
    held = await erasure.held_by_link(db, booking, secret)
    context = {
        "back": f"/a/{secret}",
        "here": f"/a/{secret}/data",
        "one": await _row(booking, held, translator_of(request), now),
        "days": await _days(booking, held.appointment.office_id),
        "masked": masked(parse_contact(held.contact)) if held.contact else None,
        "code": code,
    }
    return show(request, "my_data.html", context, errors=errors)


async def _days(booking: Booking, office_id: int) -> int:
    """How long the office keeps names after the visit."""
    days: int = await booking.pool.fetchval("SELECT retention_days FROM office WHERE id = $1", office_id)
    return days


@get("/a/{secret:str}/data", include_in_schema=False)
async def data_page(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime, said: str | None = None
) -> Response[str]:
    return await _data_page(request, secret, db, booking, now, code=said == "code")


@get("/a/{secret:str}/data/erase", include_in_schema=False)
async def erase_question(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str]:
    held = await erasure.held_by_link(db, booking, secret)
    context = {"back": f"/a/{secret}/data", "here": f"/a/{secret}/data", "one": await _row(booking, held, translator_of(request), now)}
    return show(request, "my_data_erase.html", context)


@post("/a/{secret:str}/data/erase", include_in_schema=False)
async def erase_one(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Redirect:
    await erasure.erase_booking(db, booking, secret, now)
    return see("/data-erased")


@post("/a/{secret:str}/data/code", include_in_schema=False)
async def send_code(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    held = await erasure.held_by_link(db, booking, secret)
    try:
        await booking.guard.allow("code", address_of(request), now)
        await booking.guard.allow("code", held.contact or "", now)
        await erasure.send_code(db, booking, secret, now)
    except (TooManyAttempts, NotChangeable) as error:
        return await _data_page(request, secret, db, booking, now, errors=[wrong(request, "code", error)])
    return see(f"/a/{secret}/data?said=code")


@post("/a/{secret:str}/data/all", include_in_schema=False, status_code=200)
async def show_all(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str]:
    """Everything of the proven contact, with the form that destroys it."""
    typed = await answers(request)
    try:
        await booking.guard.allow("verify", address_of(request), now)
        outcome = await erasure.check_code(db, booking, secret, typed.get("code", ""), now)
    except TooManyAttempts as error:
        outcome = error
    if isinstance(outcome, DomainError):
        return await _data_page(request, secret, db, booking, now, errors=[wrong(request, "code", outcome)], code=True)
    return await _all_page(request, secret, db, booking, outcome.contact_hash, now)


async def _all_page(
    request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, contact_hash: bytes | None, now: datetime
) -> Response[str]:
    t = translator_of(request)
    held = await erasure.held_of_contact(db, booking, contact_hash or b"")
    waiting = await erasure.waiting_of_contact(db, contact_hash or b"")
    context = {
        "back": f"/a/{secret}/data",
        "here": f"/a/{secret}/data",
        "bookings": [await _row(booking, each, t, now) for each in held],
        "waiting": len(waiting),
        "proof": erasure.proof_of(booking, secret, now),
    }
    return show(request, "my_data_all.html", context)


@post("/a/{secret:str}/data/erase-all", include_in_schema=False)
async def erase_all(request: AnyRequest, secret: str, db: AsyncSession, booking: Booking, now: datetime) -> Response[str] | Redirect:
    """Destroys what a proven contact has; a proof that is too old leads to another code."""
    typed = await answers(request)
    if not erasure.is_proven(booking, secret, typed.get("proof", ""), now):
        said = translator_of(request).gettext("Too much time has passed. Please confirm the contact again.")
        return await _data_page(request, secret, db, booking, now, errors=[Wrong("code", said)])
    await erasure.erase_contact(db, booking, secret, now)
    return see("/data-erased")


@get("/data-erased", include_in_schema=False, sync_to_thread=False)
def erased(request: AnyRequest) -> Response[str]:
    """Without a secret in the address: the link that led here opens nothing any more."""
    return show(request, "my_data_erased.html", {})


HANDLERS = [data_page, erase_question, erase_one, send_code, show_all, erase_all, erased]
