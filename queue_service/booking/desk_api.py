"""What staff ask of bookings: to book for a person who stands before them, the day's list, and why a day is empty.

Refuses to show a name before the call.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.booking import confirming
from queue_service.booking.api import Applications, AppointmentOut, SlotOut, Words, appointment_out, aware, slot_out
from queue_service.booking.commands import HoldWish
from queue_service.booking.confirming import Person
from queue_service.booking.office import Booking, Place
from queue_service.booking.queries import appointments_of_day
from queue_service.booking.why import why_day
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity


class DeskBookingIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str
    starts_at: datetime
    name: Words
    contact: Words | None = None
    applications: Applications = 1
    language: Literal["ru", "en"] = "ru"


class BookingOut(msgspec.Struct, frozen=True):
    """A booking as staff see it before the call: no name."""

    reference: str
    service: str
    starts_at: datetime
    state: str
    applications: int


class LaneDayOut(msgspec.Struct, frozen=True):
    lane: str
    channel: str
    hours: Sequence[tuple[datetime, datetime]]
    open_to_us: bool
    """Whether the asked channel may book into it on that day already."""
    taken_minutes: int


class WhyOut(msgspec.Struct, frozen=True):
    date: date
    why: str | None
    slots: Sequence[SlotOut]
    lanes: Sequence[LaneDayOut]


async def place_of(identity: Identity, booking: Booking, now: datetime) -> Place:
    """The person's own office."""
    return await booking.at_id(identity.own_office, now)


@post("/appointments", **for_(Right.HALL))
async def book_at_desk(
    data: DeskBookingIn, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> AppointmentOut:
    """201 booked for a person who stands here; 409 with alternatives."""
    place = await place_of(identity, booking, now)
    person = Person(confirming.checked_name(data.name), data.contact, data.language)
    wish = HoldWish(data.service, aware(data.starts_at), data.applications)
    made = await confirming.book_at_desk(db, booking, place, wish, person, now)
    record(db, actor, Act("booking.entered", f"booking:{made.id}", place.catalogue.id, after={"service": data.service}), now)
    return appointment_out(booking, place, made)


@get("/bookings", **for_(Right.SEE_BOOKINGS))
async def list_bookings(
    identity: Identity, booking: Booking, now: datetime, day: Annotated[date | None, Parameter(query="date")] = None
) -> list[BookingOut]:
    """The office's bookings of a day in their order; no names before the call."""
    place = await place_of(identity, booking, now)
    return [
        BookingOut(each.reference, place.catalogue.services_by_id[each.service_id].code, each.starts_at, each.state, each.applications)
        for each in await appointments_of_day(booking.pool, place.calendar, day or place.calendar.today(now))
    ]


@get("/slots", **for_(Right.SEE_BOOKINGS))
async def explain_day(
    service: str,
    identity: Identity,
    booking: Booking,
    now: datetime,
    day: Annotated[date | None, Parameter(query="date")] = None,
    applications: Annotated[int, Parameter(ge=1, le=5)] = 1,
) -> WhyOut:
    """Why a day has no online slots, for staff; with its lanes and what is taken of them."""
    place = await place_of(identity, booking, now)
    told = await why_day(booking, place, service, day or place.calendar.today(now), applications, now)
    return WhyOut(
        date=told.day,
        why=told.why,
        slots=[slot_out(each) for each in told.slots],
        lanes=[LaneDayOut(each.lane.name, each.lane.channel, each.hours, each.open_to_us, each.taken_minutes) for each in told.lanes],
    )


router = Router("/api/desk", route_handlers=[book_at_desk, list_bookings, explain_day], tags=["desk"])
