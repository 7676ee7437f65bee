"""What a clerk's screen sends. Every answer is the desk's ticket or shift as it is after the command."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, get, post, put
from litestar.datastructures import State
from litestar.di import Provide
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.db import Pool
from queue_service.desks import commands, hall, handover, serving
from queue_service.desks.audited import audit_ticket
from queue_service.desks.call_next import call_next
from queue_service.desks.once import Once, provide_once
from queue_service.desks.queries import DeskTicketOut, ShiftOut, desk_ticket_out, last_reason, shift_out
from queue_service.desks.rules import PauseReason
from queue_service.desks.visitor import VisitorOut, visitor_at_desk
from queue_service.errors import Forbidden
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.tickets.models import Ticket
from queue_service.tickets.queries import now_of

Key = Annotated[str | None, Parameter(header="Idempotency-Key", max_length=200)]
"""One per press: an act that arrives twice is done once."""


class OpenDeskIn(msgspec.Struct, frozen=True):
    desk: str | int
    """The number that visitors see."""


class PauseIn(msgspec.Struct, frozen=True):
    reason: PauseReason = PauseReason.BREAK
    note: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    minutes: Annotated[int, msgspec.Meta(ge=1, le=480)] | None = None
    """How long it is planned to last."""


class FinishIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    result: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    applications: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None


class PostponeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(max_length=60)]
    minutes: Annotated[int, msgspec.Meta(ge=1, le=720)] | None = None


class TransferIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str | None = None
    desk: str | int | None = None
    clerk: str | None = None
    comment: Annotated[str, msgspec.Meta(max_length=300)] | None = None
    come_back: bool = False


class CallIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ticket: int
    reason: Annotated[str, msgspec.Meta(max_length=300)] | None = None


class ServiceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    service: str


class PrivilegeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    confirmed: bool


class MessageIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(max_length=500)]


class AlarmOut(msgspec.Struct, frozen=True):
    id: int
    raised_at: datetime


async def provide_catalogue(identity: Identity, catalogues: Catalogues, now: datetime) -> Catalogue:
    """The clerk's own office; people without one have no desk."""
    if identity.office_id is None:
        raise Forbidden
    return await catalogues.of(identity.office_id, now)


@put("/shift")
async def open_shift(data: OpenDeskIn, identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> ShiftOut:
    shift = await commands.open_shift(db, catalogue, identity.account_id, str(data.desk), now)
    return shift_out(catalogue, shift)


@delete("/shift")
async def close_shift(identity: Identity, db: AsyncSession, now: datetime) -> None:
    await commands.close_shift(db, identity.account_id, now)


@post("/shift/pause", status_code=200)
async def pause_shift(data: PauseIn, identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> ShiftOut:
    shift = await commands.pause_shift(db, identity.account_id, data.reason, data.note, now, data.minutes)
    return shift_out(catalogue, shift)


@post("/shift/resume", status_code=200)
async def resume_shift(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> ShiftOut:
    return shift_out(catalogue, await commands.resume_shift(db, identity.account_id, now))


@post("/call-next", status_code=200)
async def call_next_visitor(
    identity: Identity,
    catalogue: Catalogue,
    pool: Pool,
    state: State,
    now: datetime,
    idempotency_key: Key = None,
) -> Response[DeskTicketOut | None]:
    """200 with the called ticket, 204 when nobody waits for this desk."""
    called = await call_next(pool, catalogue, identity.account_id, idempotency_key, now)
    if called is None:
        return Response(None, status_code=204)
    state.heard_office(catalogue.id)
    return Response(desk_ticket_out(catalogue, *called), status_code=200)


async def _shown(db: AsyncSession, catalogue: Catalogue, ticket: Ticket) -> DeskTicketOut:
    return desk_ticket_out(catalogue, now_of(ticket), await last_reason(db, ticket))


@post("/recall", status_code=200)
async def recall(identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await once(commands.recall, db, identity.account_id, now))


@post("/start", status_code=200)
async def start(
    identity: Identity, catalogue: Catalogue, pool: Pool, state: State, now: datetime, idempotency_key: Key = None
) -> DeskTicketOut:
    served = await serving.start_serving(pool, identity.account_id, idempotency_key, now)
    state.heard_office(catalogue.id)
    return desk_ticket_out(catalogue, *served)


@post("/finish", status_code=200)
async def finish(
    identity: Identity,
    catalogue: Catalogue,
    pool: Pool,
    state: State,
    now: datetime,
    data: FinishIn | None = None,
    idempotency_key: Key = None,
) -> DeskTicketOut:
    """A visitor with a further service, or with a way back, is `waiting` in the answer."""
    result = serving.Result(data.result, data.applications) if data else serving.Result()
    served = await serving.finish(pool, catalogue, identity.account_id, result, idempotency_key, now)
    state.heard_office(catalogue.id)
    return desk_ticket_out(catalogue, *served)


@post("/no-show", status_code=200)
async def no_show(identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await once(commands.no_show, db, catalogue, identity.account_id, now))


@post("/return", status_code=200)
async def return_to_queue(identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await once(commands.return_to_queue, db, identity.account_id, now))


@post("/postpone", status_code=200)
async def postpone(
    data: PostponeIn, identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime
) -> DeskTicketOut:
    return await _shown(db, catalogue, await once(handover.postpone, db, catalogue, identity.account_id, data.reason, data.minutes, now))


@post("/transfer", status_code=200)
async def transfer(
    data: TransferIn, identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime
) -> DeskTicketOut:
    desk = None if data.desk is None else str(data.desk)
    to = handover.Destination(data.service, desk, data.clerk, data.comment, data.come_back)
    return await _shown(db, catalogue, await once(handover.transfer, db, catalogue, identity.account_id, to, now))


@post("/add-service", status_code=200)
async def add_service(
    data: ServiceIn, identity: Identity, catalogue: Catalogue, once: Once, db: AsyncSession, now: datetime
) -> DeskTicketOut:
    return await _shown(db, catalogue, await once(handover.add_service, db, catalogue, identity.account_id, data.service, now))


@post("/call", status_code=200)
async def call_this_ticket(
    data: CallIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> DeskTicketOut:
    """A postponed visitor, one who came back, or one who waits: then with a reason."""
    ticket = await handover.call_ticket(db, catalogue, identity.account_id, data.ticket, data.reason, now)
    await audit_ticket(db, actor, ticket, now)
    return await _shown(db, catalogue, ticket)


@post("/confirm-privilege", status_code=200)
async def confirm_privilege(
    data: PrivilegeIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> DeskTicketOut:
    ticket = await handover.judge_privilege(db, catalogue, identity.account_id, data.confirmed, now)
    await audit_ticket(db, actor, ticket, now)
    return await _shown(db, catalogue, ticket)


@post("/inaccurate", status_code=200)
async def mark_inaccurate(identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    ticket = await handover.mark_inaccurate(db, identity.account_id, now)
    await audit_ticket(db, actor, ticket, now)
    return await _shown(db, catalogue, ticket)


@get("/visitor")
async def show_visitor(identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime) -> VisitorOut:
    """Whose booking the desk has called; each look is in the audit record."""
    return await visitor_at_desk(db, booking.ring, identity.account_id, actor, now)


@post("/messages", status_code=204)
async def message_the_hall(data: MessageIn, identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> None:
    await hall.send_message(db, catalogue.id, identity.account_id, data.text, now)


@post("/alarm")
async def raise_alarm(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> AlarmOut:
    """Silent here; on every other screen of the office until somebody answers."""
    alarm = await hall.raise_alarm(db, catalogue.id, identity.account_id, now)
    assert alarm.id is not None
    return AlarmOut(alarm.id, alarm.raised_at)


@post("/alarms/{alarm_id:int}/acknowledge", status_code=204)
async def acknowledge_alarm(alarm_id: int, identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> None:
    await hall.acknowledge_alarm(db, catalogue.id, alarm_id, identity.account_id, now)


router = Router(
    "/api/desk",
    route_handlers=[
        open_shift,
        close_shift,
        pause_shift,
        resume_shift,
        call_next_visitor,
        recall,
        start,
        finish,
        no_show,
        return_to_queue,
        postpone,
        transfer,
        add_service,
        call_this_ticket,
        confirm_privilege,
        mark_inaccurate,
        show_visitor,
        message_the_hall,
        raise_alarm,
        acknowledge_alarm,
    ],
    dependencies={"once": Provide(provide_once, sync_to_thread=False)},
    tags=["desk"],
    **for_(Right.SERVE),
)
