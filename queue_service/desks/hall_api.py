"""What the hall administrator's screen sends. Every answer is the ticket as it is afterwards, or nothing.

Refuses clerks: what goes against the order is the administrator's to decide, except the clerk's own visitor.
"""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from litestar import Router, delete, get, post
from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act as Audited
from queue_service.audit.journal import Actor
from queue_service.audit.journal import record as write_down
from queue_service.booking.office import Booking
from queue_service.db import Pool
from queue_service.desks import hall
from queue_service.desks.audited import audit_ticket
from queue_service.desks.find import FoundOut, find, ticket_here
from queue_service.desks.journal import ActOut, acts_of_day
from queue_service.desks.queries import HallTicketOut, hall_ticket_out
from queue_service.errors import NotFound
from queue_service.offices.catalogue import Catalogue
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.tickets.commands import Act
from queue_service.tickets.queries import now_of
from queue_service.tickets.rules import Need

Line = Annotated[str, msgspec.Meta(max_length=500)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=44_640)]


class PostponeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Line
    minutes: Minutes | None = None


class NeedsIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    needs: tuple[Need, ...]


class PrivilegeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    privilege: Line | None


class ReasonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reason: Line | None = None


class NoticeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ru: Line
    en: Line | None = None
    minutes: Minutes = 60


class FindIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """In the body: a name in an address would stay in histories and in logs of proxies."""

    q: Annotated[str, msgspec.Meta(max_length=100)]


class NoticeOut(msgspec.Struct, frozen=True):
    id: int
    until: datetime


def _act(identity: Identity, now: datetime) -> Act:
    return Act(at=now, clerk_id=identity.account_id)


@post("/tickets/{ticket_id:int}/postpone", status_code=200)
async def postpone(
    ticket_id: int, data: PostponeIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> HallTicketOut:
    ticket = await hall.postpone_waiting(db, catalogue, ticket_id, data.reason, data.minutes, _act(identity, now))
    await audit_ticket(db, actor, ticket, now)
    return hall_ticket_out(catalogue, now_of(ticket))


@post("/tickets/{ticket_id:int}/{act:str}", status_code=200)
async def act_on_ticket(
    ticket_id: int,
    act: Literal["resume", "come-back", "first", "leave"],
    identity: Identity,
    actor: Actor,
    catalogue: Catalogue,
    db: AsyncSession,
    now: datetime,
    data: ReasonIn | None = None,
) -> HallTicketOut:
    """`first` and `leave` need a reason."""
    reason, who = data.reason if data else None, _act(identity, now)
    if act == "resume":
        ticket = await hall.resume(db, catalogue, ticket_id, who)
    elif act == "come-back":
        ticket = await hall.come_back(db, catalogue, ticket_id, who)
    elif act == "first":
        ticket = await hall.put_first(db, catalogue, ticket_id, reason, who)
    else:
        ticket = await hall.send_away(db, catalogue, ticket_id, reason, who)
    await audit_ticket(db, actor, ticket, now)
    return hall_ticket_out(catalogue, now_of(ticket))


@post("/tickets/{ticket_id:int}/needs", status_code=200)
async def change_needs(
    ticket_id: int, data: NeedsIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> HallTicketOut:
    ticket = await hall.change_needs(db, catalogue, ticket_id, data.needs, _act(identity, now))
    await audit_ticket(db, actor, ticket, now)
    return hall_ticket_out(catalogue, now_of(ticket))


@post("/tickets/{ticket_id:int}/privilege", status_code=200)
async def change_privilege(
    ticket_id: int, data: PrivilegeIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> HallTicketOut:
    ticket = await hall.change_privilege(db, catalogue, ticket_id, data.privilege, _act(identity, now))
    await audit_ticket(db, actor, ticket, now)
    return hall_ticket_out(catalogue, now_of(ticket))


@post("/desks/{number:str}/end", status_code=204)
async def end_desk(
    number: str, data: ReasonIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> None:
    ended = await hall.end_desk(db, catalogue, number, data.reason, _act(identity, now))
    if ended is not None:
        write_down(db, actor, Audited("desk.ended", f"desk:{number}", catalogue.id, after=ended, reason=data.reason), now)


@post("/services/{code:str}/close", status_code=204)
async def close_service(
    code: str, data: ReasonIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> None:
    await hall.close_service(db, catalogue, code, data.reason, _act(identity, now))
    write_down(db, actor, Audited("service.closed_for_today", f"service:{code}", catalogue.id, reason=data.reason), now)


@post("/services/{code:str}/open", status_code=204)
async def reopen_service(code: str, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime) -> None:
    await hall.reopen_service(db, catalogue, code, now)
    write_down(db, actor, Audited("service.reopened", f"service:{code}", catalogue.id), now)


@post("/notices")
async def write_notice(
    data: NoticeIn, identity: Identity, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime
) -> NoticeOut:
    notice = await hall.write_notice(db, catalogue, data.ru, data.en, data.minutes, _act(identity, now))
    assert notice.id is not None
    write_down(db, actor, Audited("notice.written", f"notice:{notice.id}", catalogue.id, after={"sentence": notice.sentence}), now)
    return NoticeOut(notice.id, notice.until)


@delete("/notices/{notice_id:int}")
async def remove_notice(notice_id: int, actor: Actor, catalogue: Catalogue, db: AsyncSession, now: datetime) -> None:
    sentence = await hall.remove_notice(db, catalogue, notice_id)
    if sentence is not None:
        write_down(db, actor, Audited("notice.removed", f"notice:{notice_id}", catalogue.id, before={"sentence": sentence}), now)


@post("/messages/{message_id:int}/read", status_code=204)
async def read_message(message_id: int, identity: Identity, catalogue: Catalogue, db: AsyncSession, now: datetime) -> None:
    await hall.read_message(db, catalogue.id, message_id, identity.account_id, now)


@post("/find", status_code=200)
async def find_visitor(data: FindIn, actor: Actor, booking: Booking, catalogue: Catalogue, db: AsyncSession, now: datetime) -> FoundOut:
    """By ticket number, booking code, or the name of somebody who is booked for today."""
    found = await find(booking, await booking.at_id(catalogue.id, now), data.q, now)
    if found.searched is not None:
        seen = {"searched": found.searched, "found": found.matched}
        write_down(db, actor, Audited("visitor.searched_by_name", f"office:{catalogue.slug}", catalogue.id, after=seen), now)
    return found.out


@get("/tickets/{ticket_id:int}")
async def show_ticket(ticket_id: int, catalogue: Catalogue, pool: Pool) -> HallTicketOut:
    shown = await ticket_here(pool, catalogue.id, ticket_id)
    if shown is None:
        raise NotFound({"ru": "Такого талона в отделении нет.", "en": "This office has no such ticket."})
    return hall_ticket_out(catalogue, shown)


class JournalOut(msgspec.Struct, frozen=True):
    date: date
    acts: list[ActOut]


@get("/journal")
async def show_journal(
    catalogue: Catalogue, pool: Pool, now: datetime, day: Annotated[date | None, Parameter(query="date")] = None
) -> JournalOut:
    """What people decided against the order on a day: who, when, what, why."""
    day = day or catalogue.schedule.local_date(now)
    return JournalOut(day, await acts_of_day(pool, catalogue, day))


router = Router(
    "/api/desk/hall",
    route_handlers=[
        find_visitor,
        show_ticket,
        show_journal,
        postpone,
        change_needs,
        change_privilege,
        act_on_ticket,
        end_desk,
        close_service,
        reopen_service,
        write_notice,
        remove_notice,
        read_message,
    ],
    tags=["hall"],
    **for_(Right.HALL),
)
