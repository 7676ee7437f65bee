"""What a clerk's screen sends. Every answer is the desk's ticket or shift as it is after the command."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, Router, delete, post, put
from litestar.datastructures import State
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.desks import commands
from queue_service.desks.call_next import call_next
from queue_service.desks.queries import DeskTicketOut, ShiftOut, desk_ticket_out, last_reason, shift_out
from queue_service.desks.rules import PauseReason
from queue_service.errors import Forbidden
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.staff.api import staff_only
from queue_service.staff.sessions import Identity
from queue_service.tickets.models import Ticket
from queue_service.tickets.queries import now_of


class OpenDeskIn(msgspec.Struct, frozen=True):
    desk: str | int
    """The number that visitors see."""


class PauseIn(msgspec.Struct, frozen=True):
    reason: PauseReason = PauseReason.BREAK
    note: Annotated[str, msgspec.Meta(max_length=200)] | None = None


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
    shift = await commands.pause_shift(db, identity.account_id, data.reason, data.note, now)
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
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=200)] = None,
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
async def recall(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await commands.recall(db, identity.account_id, now))


@post("/start", status_code=200)
async def start(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await commands.start_serving(db, identity.account_id, now))


@post("/finish", status_code=200)
async def finish(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await commands.finish(db, identity.account_id, now))


@post("/no-show", status_code=200)
async def no_show(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await commands.no_show(db, catalogue, identity.account_id, now))


@post("/return", status_code=200)
async def return_to_queue(identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> DeskTicketOut:
    return await _shown(db, catalogue, await commands.return_to_queue(db, identity.account_id, now))


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
    ],
    guards=[staff_only],
    tags=["desk"],
)
