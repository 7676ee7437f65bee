"""A ticket is born here: by the kiosk's POST, or by a booking that checks in.

The estimate in the answer comes through `Outlook`, which the application fills in with the live forecast: this domain does not know
how screens are fed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol

import msgspec
from litestar import Router, post
from litestar.datastructures import State
from litestar.params import Parameter

from queue_service.booking.errors import UnknownReference
from queue_service.booking.office import Booking
from queue_service.booking.queries import appointment_by_secret
from queue_service.devices.registry import DeviceIdentity
from queue_service.errors import IdempotencyKeyMissing
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import Identity
from queue_service.text import Text
from queue_service.tickets.check_in import check_in
from queue_service.tickets.notes import ticket_note
from queue_service.tickets.rules import Need
from queue_service.tickets.take import TakenTicket, Taking, Wish

LONGEST_KEY = 200
"""Characters of an Idempotency-Key: a UUID has 36; more than this is not a key but an attack on an index."""


class TicketIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt `privilege` must not become a ticket without one."""

    service: str
    privilege: str | None = None
    needs: tuple[Need, ...] = ()
    language: Literal["ru", "en"] = "ru"


class WaitOut(msgspec.Struct, frozen=True):
    """Minutes."""

    low: int
    high: int


class IssuedOut(msgspec.Struct, frozen=True):
    id: int
    secret: str
    number: str
    office: str
    service: str
    service_name: Text
    state: str
    source: str
    issued_at: datetime
    due_at: datetime
    ahead: int
    wait: WaitOut | None
    url: str
    """The ticket page; what the printed QR code says."""
    late: bool = False
    starts_at: datetime | None = None
    """The booked time, of a ticket that was a booking."""
    note: Text | None = None
    """What the office adds in its own words, for the foot of the paper."""


class Outlook(Protocol):
    """Where a new ticket stands: people ahead and the wait (None: nobody can say)."""

    async def __call__(self, office_id: int, taken: TakenTicket) -> tuple[int, WaitOut | None]: ...


@dataclass(frozen=True, slots=True)
class Issuing:
    """All that issuing a ticket needs from the process, as one dependency: Litestar starts a task for each of several."""

    device: DeviceIdentity
    taking: Taking
    catalogues: Catalogues
    outlook: Outlook
    public_url: str
    now: datetime


async def issued_out(outlook: Outlook, catalogue: Catalogue, taken: TakenTicket, public_url: str) -> IssuedOut:
    """The ticket as its visitor hears of it."""
    ahead, wait = await outlook(catalogue.id, taken)
    return IssuedOut(
        id=taken.id,
        secret=taken.secret,
        number=taken.number,
        office=catalogue.slug,
        service=taken.service.code,
        service_name=taken.service.name,
        state=taken.state,
        source=taken.source,
        issued_at=taken.issued_at,
        due_at=taken.due_at,
        ahead=ahead,
        wait=wait,
        url=f"{public_url}/t/{taken.secret}",
        late=taken.late,
        starts_at=taken.booked_for,
        note=ticket_note(catalogue, taken.number, taken.issued_at),
    )


@post("/tickets")
async def issue_ticket(
    data: TicketIn,
    issuing: Issuing,
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=LONGEST_KEY)] = None,
) -> IssuedOut:
    """201 with the ticket; the same ticket again for a repeated key."""
    if not idempotency_key:
        raise IdempotencyKeyMissing
    catalogue = await issuing.catalogues.of(issuing.device.office_id, issuing.now)
    needs = tuple(sorted(set(data.needs)))
    wish = Wish(data.service, data.privilege, needs, data.language, idempotency_key)
    taken = await issuing.taking.take(catalogue, wish, ("kiosk", issuing.device.id), issuing.now)
    return await issued_out(issuing.outlook, catalogue, taken, issuing.public_url)


@post("/tickets")
async def issue_at_desk(
    data: TicketIn,
    identity: Identity,
    booking: Booking,
    state: State,
    now: datetime,
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=LONGEST_KEY)] = None,
) -> IssuedOut:
    """The same by the hall administrator, for whoever cannot use the kiosk."""
    if not idempotency_key:
        raise IdempotencyKeyMissing
    catalogue = await booking.catalogues.of(identity.own_office, now)
    wish = Wish(data.service, data.privilege, tuple(sorted(set(data.needs))), data.language, idempotency_key)
    taken = await state.taking.take(catalogue, wish, ("staff", identity.account_id), now)
    return await issued_out(state.outlook, catalogue, taken, booking.public_url)


class CheckInIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    """What was scanned or typed: the link of a booking, its secret, or its reference."""
    needs: tuple[Need, ...] = ()


class PhoneCheckInIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    needs: tuple[Need, ...] = ()


async def _checked_in(
    booking: Booking, outlook: Outlook, office_id: int, data: CheckInIn, via: tuple[str, int], now: datetime
) -> IssuedOut:
    """Wrong codes count against whoever tries them: a reference is short enough to be guessed."""
    try:
        taken = await check_in(booking, office_id, data.code, via, now, tuple(sorted(set(data.needs))))
    except UnknownReference:
        await booking.guard.allow("check-in", f"{via[0]} {via[1]}", now)
        raise
    return await issued_out(outlook, await booking.catalogues.of(office_id, now), taken, booking.public_url)


@post("/check-ins")
async def check_in_at_kiosk(data: CheckInIn, device: DeviceIdentity, booking: Booking, state: State, now: datetime) -> IssuedOut:
    """201 with the ticket that the booking becomes; the same one for a second scan. 409 with the reason and what helps."""
    return await _checked_in(booking, state.outlook, device.office_id, data, ("kiosk", device.id), now)


@post("/check-ins")
async def check_in_at_desk(data: CheckInIn, identity: Identity, booking: Booking, state: State, now: datetime) -> IssuedOut:
    """The same by the hall administrator, for whoever cannot use the kiosk."""
    return await _checked_in(booking, state.outlook, identity.own_office, data, ("staff", identity.account_id), now)


@post("/appointments/{secret:str}/check-in")
async def check_in_by_phone(secret: str, booking: Booking, state: State, now: datetime, data: PhoneCheckInIn | None = None) -> IssuedOut:
    """The same by the citizen, who is in the hall already."""
    appointment = await appointment_by_secret(booking.pool, secret)
    needs = data.needs if data else ()
    return await _checked_in(booking, state.outlook, appointment.office_id, CheckInIn(secret, needs), ("phone", appointment.id), now)


kiosk_router = Router("/api/kiosk", route_handlers=[issue_ticket, check_in_at_kiosk], tags=["kiosk"], **for_(Audience.KIOSK))
desk_router = Router("/api/desk", route_handlers=[issue_at_desk, check_in_at_desk], tags=["desk"], **for_(Right.HALL))
public_router = Router("/api/public", route_handlers=[check_in_by_phone], tags=["booking"], **for_(Audience.EVERYBODY))
