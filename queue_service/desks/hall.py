"""What the hall administrator does: change a visitor's needs, privilege or place, end what was forgotten, close a service, tell the hall.

Every act is journaled with who did it; one that goes against the order needs a reason. Locks shifts before tickets, as desks do. Refuses to
serve: calling and serving belong to desks.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.desks.commands import act_of, since, ticket_at, undirect
from queue_service.desks.handover import bring_back, set_aside, take_place
from queue_service.desks.models import Alarm, HallMessage, Shift, ShiftEvent
from queue_service.errors import Malformed, NotFound, ReasonNeeded, UnknownPrivilege, WrongState
from queue_service.events import office_changed, setup_changed
from queue_service.offices.catalogue import Catalogue
from queue_service.offices.models import Desk, Notice, ServiceClosure
from queue_service.staff.models import Account
from queue_service.staff.rights import Right, may
from queue_service.text import Text
from queue_service.tickets.commands import Act, locked_by_id, move, record
from queue_service.tickets.models import Ticket
from queue_service.tickets.rules import Need, PrivilegeState, State

LONGEST_SENTENCE = 300
"""Characters of a message or a notice: what fits a screen and a ticker."""
LONGEST_NOTICE = timedelta(days=31)


def _reason(given: str | None) -> str:
    """Raises ReasonNeeded."""
    line = " ".join((given or "").split())
    if len(line) < 3:
        raise ReasonNeeded
    return line[:LONGEST_SENTENCE]


def _sentence(given: str) -> str:
    line = " ".join(given.split())
    if not line or len(line) > LONGEST_SENTENCE:
        raise Malformed({"ru": f"Напишите от 1 до {LONGEST_SENTENCE} знаков.", "en": f"Write 1 to {LONGEST_SENTENCE} characters."})
    return line


async def postpone_waiting(db: AsyncSession, catalogue: Catalogue, ticket_id: int, reason: str, minutes: int | None, act: Act) -> Ticket:
    """Sets a waiting visitor aside. Raises ReasonNeeded, WrongState."""
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    if ticket.state is not State.WAITING:
        raise WrongState
    await set_aside(db, catalogue, ticket, reason, minutes, act)
    return ticket


async def resume(db: AsyncSession, catalogue: Catalogue, ticket_id: int, act: Act) -> Ticket:
    """A postponed visitor waits again, with the numbers the ticket had."""
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    if ticket.state is not State.POSTPONED:
        raise WrongState
    await move(db, ticket, State.WAITING, "resumed", act, by="staff")
    return ticket


async def come_back(db: AsyncSession, catalogue: Catalogue, ticket_id: int, act: Act) -> Ticket:
    """A visitor who was given up has come. Raises TooLateToComeBack, WrongState."""
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    await bring_back(db, catalogue, ticket, act)
    return ticket


async def change_needs(db: AsyncSession, catalogue: Catalogue, ticket_id: int, needs: Sequence[Need], act: Act) -> Ticket:
    ticket = await _still_in_the_hall(db, catalogue, ticket_id)
    before, after = list(ticket.needs), sorted(set(needs))
    ticket.needs = [Need(need) for need in after]
    await record(db, ticket, "needs_changed", act, before=before, after=after)
    return ticket


async def change_privilege(db: AsyncSession, catalogue: Catalogue, ticket_id: int, code: str | None, act: Act) -> Ticket:
    """Grants a privilege whose document the administrator has seen, or takes it away. Raises UnknownPrivilege."""
    ticket = await _still_in_the_hall(db, catalogue, ticket_id)
    before = catalogue.privileges_by_id.get(ticket.privilege_id or 0)
    if code is None:
        ticket.privilege_id = ticket.privilege_state = None
    else:
        today = catalogue.schedule.local_date(act.at)
        found = next((each for each in catalogue.privileges_on(today) if each.code == code), None)
        if found is None:
            raise UnknownPrivilege
        ticket.privilege_id, ticket.privilege_state = found.id, PrivilegeState.CONFIRMED
        ticket.rank_from = min(ticket.rank_from, act.at)
    take_place(catalogue, ticket)
    await record(db, ticket, "privilege_changed", act, before=before.code if before else None, after=code)
    return ticket


async def _still_in_the_hall(db: AsyncSession, catalogue: Catalogue, ticket_id: int) -> Ticket:
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    if ticket.state not in (State.WAITING, State.CALLED, State.SERVING, State.POSTPONED):
        raise WrongState
    return ticket


async def put_first(db: AsyncSession, catalogue: Catalogue, ticket_id: int, reason: str | None, act: Act) -> Ticket:
    """Gives a waiting ticket the first place of the queue, with a reason that everybody may read. Raises ReasonNeeded, WrongState."""
    why = _reason(reason)
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    if ticket.state is not State.WAITING:
        raise WrongState
    found = await (await db.connection()).execute(
        text("SELECT min(rank_at) FROM ticket WHERE office_id = :office AND state = 'waiting'"), {"office": catalogue.id}
    )
    first: datetime = found.scalar_one()
    before = ticket.rank_at
    ticket.rank_at = min(first - timedelta(seconds=1), ticket.due_at)
    ticket.rank_from = min(ticket.rank_from, act.at)
    ticket.moved_by_hand = True
    await record(db, ticket, "reordered", act, reason=why, before=before.isoformat(), after=ticket.rank_at.isoformat())
    return ticket


async def send_away(db: AsyncSession, catalogue: Catalogue, ticket_id: int, reason: str | None, act: Act) -> Ticket:
    """Ends a waiting or postponed ticket: its visitor has said or shown that they go. Raises ReasonNeeded."""
    why = _reason(reason)
    ticket = await locked_by_id(db, catalogue.id, ticket_id)
    await move(db, ticket, State.LEFT, "left", act, reason=why, by="staff")
    return ticket


async def end_desk(db: AsyncSession, catalogue: Catalogue, number: str, reason: str | None, act: Act) -> dict[str, Any] | None:
    """Ends what a clerk forgot at a desk: the visit, as inaccurate, and the shift. Raises NotFound, ReasonNeeded.

    A visitor who was called and never came up waits again; the desk that called them is closed. Whose shift it was and which ticket
    was there; None where nothing was open.
    """
    why = _reason(reason)
    desk = catalogue.desks.get(number)
    if desk is None:
        raise NotFound({"ru": f"Окна {number} в этом отделении нет.", "en": f"This office has no desk {number}."})
    statement = select(Shift).where(col(Shift.desk_id) == desk.id, col(Shift.closed_at).is_(None)).with_for_update()
    shift = (await db.exec(statement)).one_or_none()
    if shift is None:
        return None
    return await _end_shift(db, shift, act, "by_hall", why)


async def end_shift_of_gone(db: AsyncSession, account: Account, act: Act) -> tuple[Desk, dict[str, Any]] | None:
    """Ends the shift of somebody who is switched off, or does not serve in its office any more, as `end_desk` would.

    The account is locked by the caller. None where nothing is open, or the desk is still theirs.
    """
    statement = select(Shift).where(col(Shift.account_id) == account.id, col(Shift.closed_at).is_(None)).with_for_update()
    shift = (await db.exec(statement)).one_or_none()
    if shift is None or (account.active and may(account.role, account.office_id, Right.SERVE, shift.office_id)):
        return None
    return await db.get_one(Desk, shift.desk_id), await _end_shift(db, shift, act, "clerk_gone")


async def _end_shift(db: AsyncSession, shift: Shift, act: Act, reason: str, why: str | None = None) -> dict[str, Any]:
    ticket = await ticket_at(db, shift.desk_id)
    if ticket is not None and ticket.state is State.SERVING:
        ticket.inaccurate = True
        details = {"service": ticket.service_id, "seconds": since(ticket.started_at, act.at), "occupied": since(ticket.called_at, act.at)}
        own = act_of(shift, act.at)
        await move(db, ticket, State.SERVED, "finished", own, **details, inaccurate=True, by="staff", reason=why, account=act.clerk_id)
    elif ticket is not None:
        await move(db, ticket, State.WAITING, "returned", act_of(shift, act.at), by="staff", reason=why, account=act.clerk_id)
    assert shift.id is not None
    shift.closed_at = act.at
    await undirect(db, shift, act.at)
    shift.paused_at = shift.pause_reason = shift.pause_note = shift.pause_until = None
    db.add(ShiftEvent(shift_id=shift.id, kind="closed", at=act.at, reason=reason, note=why))
    await office_changed(db, shift.office_id)
    return {"account": shift.account_id, "number": ticket.label if ticket is not None else None}


async def close_service(db: AsyncSession, catalogue: Catalogue, code: str, reason: str | None, act: Act) -> None:
    """No more tickets for it today; who holds one is served. Closing twice is closing once, with the later reason."""
    why = _reason(reason)
    service = catalogue.services.get(code)
    if service is None:
        raise NotFound
    values = {"reason": {"ru": why}, "closed_at": act.at, "closed_by": act.clerk_id}
    row = {"service_id": service.id, "local_date": catalogue.schedule.local_date(act.at)}
    statement = insert(ServiceClosure).values(**row, **values)
    await (await db.connection()).execute(statement.on_conflict_do_update(index_elements=list(row), set_=values))
    await setup_changed(db, catalogue.id)


async def reopen_service(db: AsyncSession, catalogue: Catalogue, code: str, now: datetime) -> None:
    service = catalogue.services.get(code)
    if service is None:
        raise NotFound
    today = catalogue.schedule.local_date(now)
    await db.exec(delete(ServiceClosure).where(col(ServiceClosure.service_id) == service.id, col(ServiceClosure.local_date) == today))
    await setup_changed(db, catalogue.id)


async def write_notice(db: AsyncSession, catalogue: Catalogue, ru: str, en: str | None, minutes: int, act: Act) -> Notice:
    """A line of the hall's ticker for so many minutes."""
    until = act.at + timedelta(minutes=minutes)
    if not act.at < until <= act.at + LONGEST_NOTICE:
        raise Malformed({"ru": "Срок — от 1 минуты до 31 дня.", "en": "The term is from 1 minute to 31 days."})
    sentence = {"ru": _sentence(ru)} | ({"en": _sentence(en)} if en and en.strip() else {})
    notice = Notice(office_id=catalogue.id, sentence=sentence, until=until, written_by=act.clerk_id or 0)
    db.add(notice)
    await db.flush()
    await setup_changed(db, catalogue.id)
    return notice


async def remove_notice(db: AsyncSession, catalogue: Catalogue, notice_id: int) -> Text | None:
    """What it said; taking away twice is taking away once, and the second time nothing is said."""
    gone = delete(Notice).where(col(Notice.id) == notice_id, col(Notice.office_id) == catalogue.id).returning(col(Notice.sentence))
    sentence = (await db.exec(gone)).scalar_one_or_none()
    await setup_changed(db, catalogue.id)
    return sentence


async def raise_alarm(db: AsyncSession, office_id: int, account_id: int, now: datetime) -> Alarm:
    """A silent call for help; pressed again while nobody has answered, it is the same one."""
    # Two presses happen one after the other: the second finds what the first raised.
    await db.exec(select(Account.id).where(col(Account.id) == account_id).with_for_update(key_share=True))
    known = await db.exec(
        select(Alarm).where(col(Alarm.office_id) == office_id, col(Alarm.raised_by) == account_id, col(Alarm.acknowledged_at).is_(None))
    )
    found = known.first()
    if found is not None:
        return found
    shift = (await db.exec(select(Shift).where(col(Shift.account_id) == account_id, col(Shift.closed_at).is_(None)))).one_or_none()
    alarm = Alarm(office_id=office_id, desk_id=shift.desk_id if shift else None, raised_by=account_id, raised_at=now)
    db.add(alarm)
    await db.flush()
    await office_changed(db, office_id)
    return alarm


async def acknowledge_alarm(db: AsyncSession, office_id: int, alarm_id: int, account_id: int, now: datetime) -> None:
    """ "I am on my way": the first answer stands. Not by who raised it. Raises NotFound, WrongState."""
    statement = select(Alarm).where(col(Alarm.id) == alarm_id, col(Alarm.office_id) == office_id).with_for_update()
    alarm = (await db.exec(statement)).one_or_none()
    if alarm is None:
        raise NotFound
    if alarm.raised_by == account_id:
        raise WrongState({"ru": "На свой вызов помощи отвечает кто-то другой.", "en": "Somebody else answers your call for help."})
    if alarm.acknowledged_at is None:
        alarm.acknowledged_by, alarm.acknowledged_at = account_id, now
        await office_changed(db, office_id)


async def send_message(db: AsyncSession, office_id: int, account_id: int, sentence: str, now: datetime) -> HallMessage:
    """From a desk to the hall administrator."""
    shift = (await db.exec(select(Shift).where(col(Shift.account_id) == account_id, col(Shift.closed_at).is_(None)))).one_or_none()
    message = HallMessage(
        office_id=office_id, desk_id=shift.desk_id if shift else None, sent_by=account_id, sentence=_sentence(sentence), sent_at=now
    )
    db.add(message)
    await db.flush()
    await office_changed(db, office_id)
    return message


async def read_message(db: AsyncSession, office_id: int, message_id: int, account_id: int, now: datetime) -> None:
    await db.exec(
        update(HallMessage)
        .where(col(HallMessage.id) == message_id, col(HallMessage.office_id) == office_id, col(HallMessage.read_at).is_(None))
        .values(read_by=account_id, read_at=now)
    )
    await office_changed(db, office_id)
