"""What a clerk does with a visitor besides serving: postpone, send on, bring back, call out of order, judge a privilege.

Locks the clerk's shift first and the ticket second, as every command of a desk. Refuses to send anybody where nobody is: a ticket that
only one desk may call must not wait for a closed one.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.desks.commands import act_of, current_ticket, open_shift_of, since, ticket_at
from queue_service.desks.models import Shift
from queue_service.errors import DeskBusy, DeskNotOpen, Malformed, NobodyServes, ReasonNeeded, ShiftPaused, UnknownService, WrongState
from queue_service.offices.catalogue import Catalogue
from queue_service.staff.models import Account
from queue_service.tickets.commands import Act, locked_by_id, move, record
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import PrivilegeState, Source, State, check_may_come_back

LONGEST_POSTPONEMENT = timedelta(hours=12)
MOST_SERVICES = 5
"""Further services in one visit: more is another visit."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a visitor is sent: to a service, to a desk, to a clerk, or to several of these together."""

    service: str | None = None
    desk: str | None = None
    clerk: str | None = None
    comment: str | None = None
    come_back: bool = False
    """After the service there, back to the sender's desk."""


async def postpone(db: AsyncSession, catalogue: Catalogue, account_id: int, reason: str, minutes: int | None, now: datetime) -> Ticket:
    """Sets the current visitor aside, for so many minutes or until somebody calls them. Raises ReasonNeeded, Malformed."""
    shift, ticket = await current_ticket(db, account_id)
    await set_aside(db, catalogue, ticket, reason, minutes, act_of(shift, now))
    return ticket


async def set_aside(db: AsyncSession, catalogue: Catalogue, ticket: Ticket, reason: str, minutes: int | None, act: Act) -> None:
    """The same for a locked ticket, whoever decides it."""
    if reason not in catalogue.policy.postpone_reasons:
        raise ReasonNeeded
    until = None if minutes is None else act.at + timedelta(minutes=minutes)
    if minutes is not None and not timedelta() < timedelta(minutes=minutes) <= LONGEST_POSTPONEMENT:
        raise Malformed({"ru": "Срок — от 1 минуты до 12 часов.", "en": "The term is from 1 minute to 12 hours."})
    seconds = since(ticket.started_at, act.at)
    await move(db, ticket, State.POSTPONED, "postponed", act, reason=reason, until=until.isoformat() if until else None, seconds=seconds)
    ticket.postponed_until, ticket.postpone_reason = until, reason


async def call_ticket(db: AsyncSession, catalogue: Catalogue, account_id: int, ticket_id: int, reason: str | None, now: datetime) -> Ticket:
    """Calls this very ticket: a postponed one, one that did not come and is back, or one that waits, out of order and with a reason.

    Raises ShiftClosed, ShiftPaused, DeskBusy, ReasonNeeded, TooLateToComeBack, WrongState.
    """
    shift = await open_shift_of(db, account_id)
    if shift.paused_at is not None:
        raise ShiftPaused
    if await ticket_at(db, shift.desk_id) is not None:
        raise DeskBusy
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    act = act_of(shift, now)
    reason = (reason or "").strip() or None
    if ticket.state is State.POSTPONED:
        await move(db, ticket, State.WAITING, "resumed", act)
        rule = "postponed"
    elif ticket.state is State.NO_SHOW:
        await bring_back(db, catalogue, ticket, act)
        rule = "came_back"
    elif ticket.state is State.WAITING:
        if reason is None:
            raise ReasonNeeded
        rule = "by_hand"
    else:
        raise WrongState
    ticket.desk_id, ticket.clerk_id, ticket.called_at, ticket.calls = shift.desk_id, account_id, now, 1
    ticket.for_desk_id = ticket.for_clerk_id = None
    waiting = await _others_waiting(db, ticket)
    await move(
        db,
        ticket,
        State.CALLED,
        "called",
        act,
        rule=rule,
        key=ticket.due_at.isoformat(),
        due=ticket.due_at.isoformat(),
        service=ticket.service_id,
        waiting=waiting,
        reason=reason,
    )
    return ticket


async def _others_waiting(db: AsyncSession, ticket: Ticket) -> int:
    """Up to a little more than an explanation counts."""
    found = await (await db.connection()).execute(
        text("SELECT count(*) FROM (SELECT FROM ticket WHERE office_id = :office AND state = 'waiting' AND id <> :id LIMIT 32) AS others"),
        {"office": ticket.office_id, "id": ticket.id},
    )
    counted: int = found.scalar_one()
    return counted


async def bring_back(db: AsyncSession, catalogue: Catalogue, ticket: Ticket, act: Act) -> None:
    """A visitor who was given up has come; the ticket keeps its numbers. Raises TooLateToComeBack, WrongState."""
    if ticket.state is not State.NO_SHOW or ticket.ended_at is None:
        raise WrongState
    check_may_come_back(act.at, ticket.ended_at, catalogue.policy.return_limit)
    await move(db, ticket, State.WAITING, "came_back", act)


async def transfer(db: AsyncSession, catalogue: Catalogue, account_id: int, to: Destination, now: datetime) -> Ticket:
    """Sends the current visitor on, with the same number and the same due time.

    Raises Malformed for no destination, UnknownService, NobodyServes, DeskNotOpen.
    """
    shift, ticket = await current_ticket(db, account_id)
    if to.service is None and to.desk is None and to.clerk is None:
        raise Malformed({"ru": "Выберите, куда перенаправить.", "en": "Choose where to send the visitor."})
    service_id = ticket.service_id if to.service is None else _service(catalogue, to.service)
    desk_id = None if to.desk is None else await _open_desk(db, catalogue, to.desk, shift)
    clerk_id = None if to.clerk is None else await _present_clerk(db, catalogue, to.clerk, shift)
    if desk_id is None and clerk_id is None and not any(service_id in desk.services for desk in catalogue.desks.values()):
        raise NobodyServes
    before = ticket.service_id
    if to.come_back:
        if ticket.return_service_id is not None:  # the way back is one desk long; what was begun before it stays a service of this visit
            ticket.next_services = [ticket.return_service_id, *ticket.next_services]
        ticket.return_desk_id, ticket.return_service_id = shift.desk_id, before
    seconds, occupied = since(ticket.started_at, now), since(ticket.called_at, now)
    await move(
        db,
        ticket,
        State.WAITING,
        "transferred",
        act_of(shift, now),
        service=before,
        to_service=service_id,
        to_desk=desk_id,
        to_clerk=clerk_id,
        come_back=to.come_back,
        seconds=seconds,
        occupied=occupied,
    )
    ticket.service_id, ticket.for_desk_id, ticket.for_clerk_id = service_id, desk_id, clerk_id
    ticket.comment = (to.comment or "").strip() or None
    return ticket


def _service(catalogue: Catalogue, code: str) -> int:
    info = catalogue.services.get(code)
    if info is None or not info.active:
        raise UnknownService
    return info.id


async def _open_desk(db: AsyncSession, catalogue: Catalogue, number: str, sender: Shift) -> int:
    desk = catalogue.desks.get(number)
    if desk is None or desk.id == sender.desk_id:
        raise DeskNotOpen
    # Not locked: two desks that send to each other would wait for each other. If the desk closes at this very moment, the housekeeping
    # lets the ticket go to any desk within seconds.
    if (await db.exec(select(Shift.id).where(col(Shift.desk_id) == desk.id, col(Shift.closed_at).is_(None)))).first() is None:
        raise DeskNotOpen
    return desk.id


async def _present_clerk(db: AsyncSession, catalogue: Catalogue, login: str, sender: Shift) -> int:
    statement = (
        select(Shift.account_id)
        .join(Account, col(Account.id) == col(Shift.account_id))
        .where(col(Account.login) == login, col(Shift.office_id) == catalogue.id, col(Shift.closed_at).is_(None))
    )
    found = (await db.exec(statement)).first()
    if found is None or found == sender.account_id:
        raise DeskNotOpen
    return found


async def add_service(db: AsyncSession, catalogue: Catalogue, account_id: int, code: str, now: datetime) -> Ticket:
    """One more service in the same visit: when this one ends, the visitor waits for it with the same number and due time."""
    shift, ticket = await current_ticket(db, account_id)
    service_id = _service(catalogue, code)
    if not any(service_id in desk.services for desk in catalogue.desks.values()):
        raise NobodyServes
    if len(ticket.next_services) >= MOST_SERVICES:
        raise Malformed({"ru": f"В одном визите не больше {MOST_SERVICES} услуг.", "en": f"At most {MOST_SERVICES} services in one visit."})
    ticket.next_services = [*ticket.next_services, service_id]
    await record(db, ticket, "service_added", act_of(shift, now), service=service_id)
    return ticket


async def judge_privilege(db: AsyncSession, catalogue: Catalogue, account_id: int, confirmed: bool, now: datetime) -> Ticket:
    """The clerk has seen the document, or there is none; then the place is that of everybody else. Raises WrongState."""
    shift, ticket = await current_ticket(db, account_id)
    if ticket.privilege_state is None:
        raise WrongState({"ru": "У этого талона нет льготы.", "en": "This ticket has no priority."})
    ticket.privilege_state = PrivilegeState.CONFIRMED if confirmed else PrivilegeState.REFUSED
    take_place(catalogue, ticket)
    await record(db, ticket, "privilege_confirmed" if confirmed else "privilege_refused", act_of(shift, now))
    return ticket


def take_place(catalogue: Catalogue, ticket: Ticket) -> None:
    """Gives the ticket the head start that its privilege or its booking now earns; a place that was given by hand stays."""
    if ticket.moved_by_hand:
        return
    head_start = timedelta()
    if ticket.privilege_state in (PrivilegeState.CLAIMED, PrivilegeState.CONFIRMED):
        head_start = catalogue.policy.privilege_head_start
    elif ticket.source is Source.BOOKED:
        head_start = catalogue.policy.booked_head_start
    ticket.rank_at = ticket.due_at - head_start


async def mark_inaccurate(db: AsyncSession, account_id: int, now: datetime) -> Ticket:
    """The times of this visit are not what happened, and will not be measured."""
    shift, ticket = await current_ticket(db, account_id)
    ticket.inaccurate = True
    await record(db, ticket, "inaccurate", act_of(shift, now))
    return ticket
