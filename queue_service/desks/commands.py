"""What a clerk does: opens and closes the desk, pauses, and works on the current ticket.

Every command locks the clerk's shift first and the ticket second, so the commands of one desk happen one after the other. Refuses
to choose the next visitor: `call_next` does; and to begin and end a visit: `serving` does.
"""

from datetime import datetime, timedelta

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import constraint_of
from queue_service.desks.models import Shift, ShiftEvent
from queue_service.desks.rules import PauseReason
from queue_service.errors import DeskBusy, DeskTaken, Forbidden, NoCurrentTicket, NotFound, ShiftClosed, WrongState
from queue_service.events import office_changed
from queue_service.offices.catalogue import Catalogue
from queue_service.offices.models import Desk
from queue_service.staff.models import Account
from queue_service.tickets.commands import Act, move, record
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import AT_A_DESK, State, check_no_show


async def open_shift_of(db: AsyncSession, account_id: int) -> Shift:
    """The clerk's shift, locked; one in an office that they have left since is not theirs any more. Raises ShiftClosed."""
    own_office = select(Account.office_id).where(col(Account.id) == account_id).scalar_subquery()
    open_here = (col(Shift.account_id) == account_id, col(Shift.closed_at).is_(None), col(Shift.office_id) == own_office)
    statement = select(Shift).where(*open_here)
    shift = (await db.exec(statement.with_for_update())).one_or_none()
    if shift is None:
        raise ShiftClosed
    return shift


async def ticket_at(db: AsyncSession, desk_id: int) -> Ticket | None:
    """The desk's visitor, locked."""
    statement = select(Ticket).where(col(Ticket.desk_id) == desk_id, col(Ticket.state).in_(sorted(AT_A_DESK)))
    return (await db.exec(statement.with_for_update())).one_or_none()


async def _log(db: AsyncSession, shift: Shift, kind: str, now: datetime, reason: str | None = None) -> None:
    assert shift.id is not None
    db.add(ShiftEvent(shift_id=shift.id, kind=kind, at=now, reason=reason, note=shift.pause_note))
    await office_changed(db, shift.office_id)


async def open_shift(db: AsyncSession, catalogue: Catalogue, account_id: int, number: str, now: datetime) -> Shift:
    """Opens the desk for the clerk; at the desk where the clerk already is, nothing changes (a browser came back).

    A clerk without a visitor moves from one desk to another. Raises NotFound, Forbidden, DeskTaken, DeskBusy.
    """
    desk = catalogue.desks.get(number)
    if desk is None:
        raise NotFound({"ru": f"Окна {number} в этом отделении нет.", "en": f"This office has no desk {number}."})
    # One clerk's clicks happen one after the other, also while there is no shift to lock: the second finds what the first opened.
    # Who was switched off or moved while the click was under way opens nothing.
    here = select(Account.id).where(col(Account.id) == account_id, col(Account.active), col(Account.office_id) == catalogue.id)
    if (await db.exec(here.with_for_update(key_share=True))).one_or_none() is None:
        raise Forbidden
    try:
        shift = await open_shift_of(db, account_id)
    except ShiftClosed:
        pass
    else:
        if shift.desk_id == desk.id:
            return shift
        # Both desks in one order, before either changes: two clerks who change places would wait for each other's.
        both = select(Desk.id).where(col(Desk.id).in_([shift.desk_id, desk.id])).order_by(col(Desk.id))
        await db.exec(both.with_for_update(key_share=True))
        await _close(db, shift, now, moves=True)
    opened = Shift(office_id=catalogue.id, desk_id=desk.id, account_id=account_id, opened_at=now)
    db.add(opened)
    try:
        await db.flush()
    except IntegrityError as error:
        if constraint_of(error) not in ("uq_shift_open_desk", "uq_shift_open_account"):
            raise
        raise DeskTaken from error
    await _log(db, opened, "opened", now)
    return opened


async def _close(db: AsyncSession, shift: Shift, now: datetime, *, moves: bool = False) -> None:
    if await ticket_at(db, shift.desk_id) is not None:
        raise DeskBusy
    shift.closed_at = now
    await undirect(db, shift, now, moves=moves)
    shift.paused_at = shift.pause_reason = shift.pause_note = shift.pause_until = None
    await _log(db, shift, "closed", now)
    await db.flush()


async def undirect(db: AsyncSession, shift: Shift, now: datetime, *, moves: bool = False) -> None:
    """Who waits for this desk or this clerk alone waits for any desk from now on: nobody waits for a closed one.

    A clerk who `moves` to another desk is still there for those who wait for the clerk.
    """
    gone = col(Ticket.for_desk_id) == shift.desk_id
    if not moves:
        gone = or_(gone, col(Ticket.for_clerk_id) == shift.account_id)
    statement = select(Ticket).where(
        col(Ticket.office_id) == shift.office_id,
        col(Ticket.state) == State.WAITING,
        gone,
    )
    # In one order: two desks that close at once may share tickets, sent to the one desk and to the other's clerk.
    for ticket in (await db.exec(statement.order_by(col(Ticket.id)).with_for_update())).all():
        ticket.for_desk_id = ticket.for_clerk_id = None
        await record(db, ticket, "undirected", act_of(shift, now))


async def close_shift(db: AsyncSession, account_id: int, now: datetime) -> None:
    """Closes the clerk's desk; a closed one stays closed. DeskBusy while a visitor is there."""
    try:
        shift = await open_shift_of(db, account_id)
    except ShiftClosed:
        return
    await _close(db, shift, now)


async def pause_shift(
    db: AsyncSession, account_id: int, reason: PauseReason, note: str | None, now: datetime, minutes: int | None = None
) -> Shift:
    """Starts a break, planned for so many minutes; DeskBusy while a visitor is there."""
    shift = await open_shift_of(db, account_id)
    if await ticket_at(db, shift.desk_id) is not None:
        raise DeskBusy
    if shift.paused_at is None:
        shift.paused_at = now
    shift.pause_reason, shift.pause_note = reason, note
    shift.pause_until = None if minutes is None else now + timedelta(minutes=minutes)
    await _log(db, shift, "paused", now, reason)
    return shift


async def resume_shift(db: AsyncSession, account_id: int, now: datetime) -> Shift:
    shift = await open_shift_of(db, account_id)
    if shift.paused_at is not None:
        shift.paused_at = shift.pause_reason = shift.pause_note = shift.pause_until = None
        await _log(db, shift, "resumed", now)
    return shift


async def recall(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    """Calls the current visitor once more: a new call for displays and voice."""
    shift, ticket = await current_ticket(db, account_id)
    if ticket.state is not State.CALLED:
        raise WrongState
    ticket.calls += 1
    await record(db, ticket, "recalled", act_of(shift, now), calls=ticket.calls)
    return ticket


async def no_show(db: AsyncSession, catalogue: Catalogue, account_id: int, now: datetime) -> Ticket:
    """The visitor did not come; TooEarlyForNoShow before the office's minimum of calls and seconds."""
    shift, ticket = await current_ticket(db, account_id)
    if ticket.state is not State.CALLED or ticket.called_at is None:
        raise WrongState
    policy = catalogue.policy
    check_no_show(now, ticket.called_at, ticket.calls, policy.no_show_min_calls, policy.no_show_min_seconds)
    await move(db, ticket, State.NO_SHOW, "no_show", act_of(shift, now), calls=ticket.calls)
    return ticket


async def return_to_queue(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    """Puts a called visitor back with the numbers the ticket had: called by mistake, or the desk cannot serve now."""
    shift, ticket = await current_ticket(db, account_id)
    if ticket.state is not State.CALLED:
        raise WrongState
    await move(db, ticket, State.WAITING, "returned", act_of(shift, now))
    return ticket


async def current_ticket(db: AsyncSession, account_id: int) -> tuple[Shift, Ticket]:
    """The clerk's shift and visitor, both locked. Raises ShiftClosed, NoCurrentTicket."""
    shift = await open_shift_of(db, account_id)
    ticket = await ticket_at(db, shift.desk_id)
    if ticket is None:
        raise NoCurrentTicket
    return shift, ticket


def act_of(shift: Shift, now: datetime) -> Act:
    return Act(at=now, desk_id=shift.desk_id, clerk_id=shift.account_id)


def since(moment: datetime | None, now: datetime) -> int:
    return max(0, round((now - moment).total_seconds())) if moment else 0
