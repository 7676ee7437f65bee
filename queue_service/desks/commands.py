"""What a clerk does: opens and closes the desk, pauses, and works on the current ticket.

Every command locks the clerk's shift first and the ticket second, so the commands of one desk happen one after the other. Refuses
to choose the next visitor: `call_next` does.
"""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import constraint_of
from queue_service.desks.models import Shift, ShiftEvent
from queue_service.desks.rules import PauseReason
from queue_service.errors import DeskBusy, DeskTaken, NoCurrentTicket, NotFound, ShiftClosed, WrongState
from queue_service.events import office_changed
from queue_service.offices.catalogue import Catalogue
from queue_service.staff.models import Account
from queue_service.tickets.commands import Act, move, record
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import AT_A_DESK, State, check_no_show


async def _open_shift(db: AsyncSession, account_id: int) -> Shift:
    statement = select(Shift).where(col(Shift.account_id) == account_id, col(Shift.closed_at).is_(None))
    shift = (await db.exec(statement.with_for_update())).one_or_none()
    if shift is None:
        raise ShiftClosed
    return shift


async def _ticket_at(db: AsyncSession, desk_id: int) -> Ticket | None:
    statement = select(Ticket).where(col(Ticket.desk_id) == desk_id, col(Ticket.state).in_(sorted(AT_A_DESK)))
    return (await db.exec(statement.with_for_update())).one_or_none()


async def _log(db: AsyncSession, shift: Shift, kind: str, now: datetime, reason: str | None = None) -> None:
    assert shift.id is not None
    db.add(ShiftEvent(shift_id=shift.id, kind=kind, at=now, reason=reason, note=shift.pause_note))
    await office_changed(db, shift.office_id)


async def open_shift(db: AsyncSession, catalogue: Catalogue, account_id: int, number: str, now: datetime) -> Shift:
    """Opens the desk for the clerk; at the desk where the clerk already is, nothing changes (a browser came back).

    A clerk without a visitor moves from one desk to another. Raises NotFound, DeskTaken, DeskBusy.
    """
    desk = catalogue.desks.get(number)
    if desk is None:
        raise NotFound({"ru": f"Окна {number} в этом отделении нет.", "en": f"This office has no desk {number}."})
    # One clerk's clicks happen one after the other, also while there is no shift to lock: the second finds what the first opened.
    await db.exec(select(Account.id).where(col(Account.id) == account_id).with_for_update(key_share=True))
    try:
        shift = await _open_shift(db, account_id)
    except ShiftClosed:
        pass
    else:
        if shift.desk_id == desk.id:
            return shift
        await _close(db, shift, now)
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


async def _close(db: AsyncSession, shift: Shift, now: datetime) -> None:
    if await _ticket_at(db, shift.desk_id) is not None:
        raise DeskBusy
    shift.closed_at = now
    shift.paused_at = shift.pause_reason = shift.pause_note = None
    await _log(db, shift, "closed", now)
    await db.flush()


async def close_shift(db: AsyncSession, account_id: int, now: datetime) -> None:
    """Closes the clerk's desk; a closed one stays closed. DeskBusy while a visitor is there."""
    try:
        shift = await _open_shift(db, account_id)
    except ShiftClosed:
        return
    await _close(db, shift, now)


async def pause_shift(db: AsyncSession, account_id: int, reason: PauseReason, note: str | None, now: datetime) -> Shift:
    """Starts a break; DeskBusy while a visitor is there."""
    shift = await _open_shift(db, account_id)
    if await _ticket_at(db, shift.desk_id) is not None:
        raise DeskBusy
    if shift.paused_at is None:
        shift.paused_at = now
    shift.pause_reason, shift.pause_note = reason, note
    await _log(db, shift, "paused", now, reason)
    return shift


async def resume_shift(db: AsyncSession, account_id: int, now: datetime) -> Shift:
    shift = await _open_shift(db, account_id)
    if shift.paused_at is not None:
        shift.paused_at = shift.pause_reason = shift.pause_note = None
        await _log(db, shift, "resumed", now)
    return shift


async def recall(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    """Calls the current visitor once more: a new call for displays and voice."""
    shift, ticket = await _current_ticket(db, account_id)
    if ticket.state is not State.CALLED:
        raise WrongState
    ticket.calls += 1
    await record(db, ticket, "recalled", _act(shift, now), calls=ticket.calls)
    return ticket


async def start_serving(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    shift, ticket = await _current_ticket(db, account_id)
    await move(db, ticket, State.SERVING, "started", _act(shift, now))
    ticket.started_at = now
    return ticket


async def finish(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    shift, ticket = await _current_ticket(db, account_id)
    seconds = _since(ticket.started_at, now)
    occupied = _since(ticket.called_at, now)
    await move(
        db,
        ticket,
        State.SERVED,
        "finished",
        _act(shift, now),
        service=ticket.service_id,
        seconds=seconds,
        occupied=occupied,
    )
    shift.served += 1
    shift.serving_seconds += seconds
    return ticket


async def no_show(db: AsyncSession, catalogue: Catalogue, account_id: int, now: datetime) -> Ticket:
    """The visitor did not come; TooEarlyForNoShow before the office's minimum of calls and seconds."""
    shift, ticket = await _current_ticket(db, account_id)
    if ticket.state is not State.CALLED or ticket.called_at is None:
        raise WrongState
    policy = catalogue.policy
    check_no_show(now, ticket.called_at, ticket.calls, policy.no_show_min_calls, policy.no_show_min_seconds)
    await move(db, ticket, State.NO_SHOW, "no_show", _act(shift, now), calls=ticket.calls)
    return ticket


async def return_to_queue(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    """Puts a called visitor back with the numbers the ticket had: called by mistake, or the desk cannot serve now."""
    shift, ticket = await _current_ticket(db, account_id)
    if ticket.state is not State.CALLED:
        raise WrongState
    await move(db, ticket, State.WAITING, "returned", _act(shift, now))
    return ticket


async def _current_ticket(db: AsyncSession, account_id: int) -> tuple[Shift, Ticket]:
    shift = await _open_shift(db, account_id)
    ticket = await _ticket_at(db, shift.desk_id)
    if ticket is None:
        raise NoCurrentTicket
    return shift, ticket


def _act(shift: Shift, now: datetime) -> Act:
    return Act(at=now, desk_id=shift.desk_id, clerk_id=shift.account_id)


def _since(moment: datetime | None, now: datetime) -> int:
    return max(0, round((now - moment).total_seconds())) if moment else 0
