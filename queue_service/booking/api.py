"""What citizens' programs and the hall administrator's screen send about appointments; pages use the same commands.

A handler parses, calls one command and shows the appointment as it is afterwards. Refuses to show names and contacts.
"""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.enums import MediaType
from litestar.params import Parameter
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking import commands, confirming, messages, waitlist
from queue_service.booking.availability import FreeSlot
from queue_service.booking.commands import HoldWish
from queue_service.booking.confirming import Person
from queue_service.booking.errors import NoSuchBooking, TooManyActive
from queue_service.booking.models import Appointment, WaitlistEntry
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import AppointmentNow, appointment_by_secret
from queue_service.booking.rules import ON_HOLD, AppointmentState
from queue_service.db import Database
from queue_service.errors import DomainError, Malformed
from queue_service.notifications.calendar import Method, ics
from queue_service.notifications.contacts import Contact, parse_contact
from queue_service.problems import render
from queue_service.staff.rights import Audience, for_

LONGEST_LOOK = 92
"""Days in one request: a quarter; more is a crawl."""
DEFAULT_LOOK = 30

AnyRequest = Request[Any, Any, Any]
Applications = Annotated[int, msgspec.Meta(ge=1, le=5)]
Words = Annotated[str, msgspec.Meta(max_length=300)]


class SlotOut(msgspec.Struct, frozen=True):
    starts_at: datetime
    free: int


class HoldIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    office: str
    service: str
    starts_at: datetime
    applications: Applications = 1
    language: Literal["ru", "en"] = "ru"
    altcha: str | None = None
    """The solved puzzle, when one was asked for."""


class ConfirmIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: Words
    contact: Words
    language: Literal["ru", "en"] = "ru"


class VerifyIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(max_length=20)]


class MoveIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    starts_at: datetime
    altcha: str | None = None
    """The solved puzzle, when one was asked for; a form that chooses another time takes a slot as a new one does."""


class JoinIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"from_date": "from", "to_date": "to"}):
    office: str
    service: str
    name: Words
    contact: Words
    from_date: date
    to_date: date
    applications: Applications = 1
    language: Literal["ru", "en"] = "ru"


class AppointmentOut(msgspec.Struct, frozen=True):
    secret: str
    reference: str
    state: str
    office: str
    service: str
    starts_at: datetime
    ends_at: datetime
    applications: int
    hold_expires_at: datetime | None
    extendable: bool
    moves_left: int
    url: str


class WaitlistOut(msgspec.Struct, frozen=True):
    secret: str
    state: str
    office: str
    service: str
    from_date: date
    to_date: date
    offer: AppointmentOut | None


def address_of(request: AnyRequest) -> str:
    """Where a request comes from; proxies that uvicorn trusts have put the client's address there."""
    return request.client.host if request.client else "unknown"


def aware(moment: datetime) -> datetime:
    """A moment without a zone is UTC: no other guess is as honest."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def slot_out(slot: FreeSlot) -> SlotOut:
    return SlotOut(slot.starts_at, slot.free)


def appointment_out(booking: Booking, place: Place, appointment: Appointment | AppointmentNow) -> AppointmentOut:
    on_hold = appointment.state in ON_HOLD
    return AppointmentOut(
        secret=appointment.secret,
        reference=appointment.reference,
        state=appointment.state,
        office=place.catalogue.slug,
        service=place.catalogue.services_by_id[appointment.service_id].code,
        starts_at=appointment.starts_at,
        ends_at=appointment.ends_at,
        applications=appointment.applications,
        hold_expires_at=appointment.hold_expires_at if on_hold else None,
        extendable=appointment.state is AppointmentState.HELD and not appointment.extended,
        moves_left=max(0, place.calendar.rules.moves_limit - appointment.moves),
        url=f"{booking.public_url}/a/{appointment.secret}",
    )


async def _shown(booking: Booking, appointment: Appointment | AppointmentNow, now: datetime) -> AppointmentOut:
    return appointment_out(booking, await booking.at_id(appointment.office_id, now), appointment)


@get("/offices/{slug:str}/slots")
async def show_slots(
    slug: str,
    service: str,
    booking: Booking,
    now: datetime,
    first: Annotated[date | None, Parameter(query="from")] = None,
    days: Annotated[int, Parameter(ge=1, le=LONGEST_LOOK)] = DEFAULT_LOOK,
    applications: Annotated[int, Parameter(ge=1, le=5)] = 1,
) -> Response[bytes]:
    """Free slots by day; each empty day says why."""
    place = await booking.at(slug, now)
    wanted = place.wanted(service, applications)
    first = first or place.calendar.today(now)
    if abs(first.year - now.year) > 10:
        raise Malformed
    return Response(
        await booking.rendered(place, wanted, first, days, now), media_type=MediaType.JSON, headers={"Cache-Control": "no-store"}
    )


@get("/challenge", sync_to_thread=False)
def show_challenge(booking: Booking, now: datetime) -> dict[str, Any]:
    """A puzzle for the ALTCHA widget."""
    return booking.guard.challenge(now)


@post("/appointments")
async def hold_appointment(
    request: AnyRequest,
    data: HoldIn,
    booking: Booking,
    now: datetime,
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=200)] = None,
) -> AppointmentOut:
    """201 with the hold; 409 with the nearest alternatives."""
    await booking.guard.allow_hold(address_of(request), data.altcha, now)
    place = await booking.at(data.office, now)
    key = f"citizen {idempotency_key}" if idempotency_key else None
    wish = HoldWish(data.service, aware(data.starts_at), data.applications, data.language, key=key)
    held = await commands.hold(booking, place, wish, now)
    appointment = await appointment_by_secret(booking.pool, held.secret)
    return appointment_out(booking, place, appointment)


@get("/appointments/{secret:str}/calendar.ics")
async def show_calendar(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> Response[bytes]:
    """The appointment as a file for the person's calendar, in its present version."""
    found = await db.exec(select(Appointment).where(col(Appointment.secret) == secret))
    appointment = found.one_or_none()
    if appointment is None or appointment.state in (*ON_HOLD, AppointmentState.EXPIRED):
        raise NoSuchBooking
    place = await booking.at_id(appointment.office_id, now)
    method = Method.CANCEL if appointment.state is AppointmentState.CANCELLED else Method.PUBLISH
    return Response(
        ics(messages.event_of(booking, place, appointment, method, now)),
        media_type="text/calendar",  # the framework adds the charset
        headers={"Content-Disposition": f'attachment; filename="{appointment.reference}.ics"', "Cache-Control": "no-store"},
    )


@post("/appointments/{secret:str}/extend", status_code=200)
async def extend_hold(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> AppointmentOut:
    return await _shown(booking, await commands.extend(db, booking, secret, now), now)


async def confirm_guarded(
    database: Database, booking: Booking, db: AsyncSession, secret: str, person: Person, address: str, now: datetime
) -> Appointment:
    """`confirming.confirm` within the limits; a contact with too many bookings gets links to them."""
    contact = parse_contact(person.contact or "")
    await booking.guard.allow("confirm", address, now)
    await booking.guard.allow("confirm", contact.address, now)
    try:
        return await confirming.confirm(db, booking, secret, person, now)
    except TooManyActive:
        await db.rollback()  # who is refused must not keep one connection, and the contact, while asking for another
        await _send_links(database, booking, contact, person.language, now)
        raise


async def _send_links(database: Database, booking: Booking, contact: Contact, language: str, now: datetime) -> None:
    """In a transaction of its own: the refused one is undone."""
    async with database.session() as apart:
        known = await confirming.bookings_of(apart, booking.ring.fingerprint(contact.address), now)
        await messages.links(apart, booking, contact, known, language, now)


async def send_links_of(database: Database, booking: Booking, secret: str, now: datetime) -> None:
    """What TooManyActive promises, for an appointment that knows its contact: links to the contact's bookings, sent to the contact."""
    async with database.session() as apart:
        appointment = (await apart.exec(select(Appointment).where(col(Appointment.secret) == secret))).one()
        contact, language = confirming.contact_of(booking, appointment), appointment.language
    await _send_links(database, booking, contact, language, now)


@post("/appointments/{secret:str}/confirm", status_code=200)
async def confirm_appointment(
    request: AnyRequest, secret: str, data: ConfirmIn, booking: Booking, db: AsyncSession, now: datetime
) -> Response[Any]:
    """200 booked; 202 when a code was sent and is to be given to /verify."""
    person = Person(data.name, data.contact, data.language)
    appointment = await confirm_guarded(request.app.state.database, booking, db, secret, person, address_of(request), now)
    status = 202 if appointment.state is AppointmentState.UNVERIFIED else 200
    return Response(await _shown(booking, appointment, now), status_code=status)


@post("/appointments/{secret:str}/verify", status_code=200)
async def verify_contact(
    request: AnyRequest, secret: str, data: VerifyIn, booking: Booking, db: AsyncSession, now: datetime
) -> Response[Any]:
    """200 booked; 422 wrong_code with the attempts left."""
    await booking.guard.allow("verify", address_of(request), now)
    try:
        outcome = await confirming.verify(db, booking, secret, data.code, now)
    except TooManyActive:
        await db.rollback()  # as above
        await send_links_of(request.app.state.database, booking, secret, now)
        raise
    if isinstance(outcome, DomainError):
        return render(request, outcome)  # not raised: the attempt is to be remembered
    return Response(await _shown(booking, outcome, now), status_code=200)


@post("/appointments/{secret:str}/resend", status_code=202)
async def resend_code(request: AnyRequest, secret: str, booking: Booking, db: AsyncSession, now: datetime) -> AppointmentOut:
    """202: another code is on its way; the ones before stay valid."""
    await booking.guard.allow("code", address_of(request), now)
    appointment = await confirming.resend_code(db, booking, secret, now)
    await booking.guard.allow("code", confirming.contact_of(booking, appointment).address, now)
    return await _shown(booking, appointment, now)


@post("/appointments/{secret:str}/move", status_code=200)
async def move_appointment(
    request: AnyRequest, secret: str, data: MoveIn, booking: Booking, db: AsyncSession, now: datetime
) -> AppointmentOut:
    """200 at the new time; 409 with alternatives, and then the old time is still booked."""
    appointment = await appointment_by_secret(booking.pool, secret)
    act = commands.move
    if appointment.state in ON_HOLD:
        await booking.guard.allow_hold(address_of(request), data.altcha, now)
        act = commands.hold_again
    return await _shown(booking, await act(db, booking, secret, aware(data.starts_at), now), now)


@post("/appointments/{secret:str}/cancel", status_code=200)
async def cancel_appointment(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> AppointmentOut:
    return await _shown(booking, await commands.cancel(db, booking, secret, now), now)


@post("/appointments/{secret:str}/accept", status_code=200)
async def accept_offer(request: AnyRequest, secret: str, booking: Booking, db: AsyncSession, now: datetime) -> AppointmentOut:
    try:
        return await _shown(booking, await waitlist.accept(db, booking, secret, now), now)
    except TooManyActive:
        await db.rollback()  # as above
        await send_links_of(request.app.state.database, booking, secret, now)
        raise


@post("/appointments/{secret:str}/decline", status_code=200)
async def decline_offer(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> AppointmentOut:
    return await _shown(booking, await waitlist.decline(db, booking, secret, now), now)


async def waitlist_out(booking: Booking, db: AsyncSession, entry: WaitlistEntry, now: datetime) -> WaitlistOut:
    place = await booking.at_id(entry.office_id, now)
    offer = None
    if entry.appointment_id is not None:
        offer = (await db.exec(select(Appointment).where(col(Appointment.id) == entry.appointment_id))).one()
    return WaitlistOut(
        secret=entry.secret,
        state=entry.state,
        office=place.catalogue.slug,
        service=place.catalogue.services_by_id[entry.service_id].code,
        from_date=entry.from_date,
        to_date=entry.to_date,
        offer=appointment_out(booking, place, offer) if offer else None,
    )


@post("/waitlist")
async def join_waitlist(request: AnyRequest, data: JoinIn, booking: Booking, db: AsyncSession, now: datetime) -> WaitlistOut:
    """201: one person after the other is offered what becomes free."""
    await booking.guard.allow("waitlist", address_of(request), now)
    await booking.guard.allow("waitlist", parse_contact(data.contact).address, now)
    place = await booking.at(data.office, now)
    wish = waitlist.Joining(data.service, data.from_date, data.to_date, data.applications)
    entry = await waitlist.join(db, booking, place, wish, Person(data.name, data.contact, data.language), now)
    return await waitlist_out(booking, db, entry, now)


@get("/waitlist/{secret:str}")
async def show_waitlist(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> WaitlistOut:
    return await waitlist_out(booking, db, await waitlist.locked_entry(db, secret), now)


@post("/waitlist/{secret:str}/leave", status_code=200)
async def leave_waitlist(secret: str, booking: Booking, db: AsyncSession, now: datetime) -> WaitlistOut:
    return await waitlist_out(booking, db, await waitlist.leave(db, booking, secret, now), now)


public_router = Router(
    "/api/public",
    route_handlers=[
        show_slots,
        show_challenge,
        hold_appointment,
        show_calendar,
        extend_hold,
        confirm_appointment,
        verify_contact,
        resend_code,
        move_appointment,
        cancel_appointment,
        accept_offer,
        decline_offer,
        join_waitlist,
        show_waitlist,
        leave_waitlist,
    ],
    tags=["booking"],
    **for_(Audience.EVERYBODY),
)
