"""The hall administrator's view: every desk, everybody who waits in the order of the rule, and what asks for help.

Refuses names of visitors; refuses to colour: what is amber or red follows from `due_at` and the clock, so screens colour by themselves.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from queue_service.desks.notices import NoticeRow
from queue_service.desks.queries import HallTicketOut, hall_ticket_out
from queue_service.desks.rules import PAUSE_NAMES
from queue_service.live.state import OfficeState
from queue_service.live.views.desk import AccountOut, WordOut, desk_queue, word_out
from queue_service.live.views.parts import NamedOut, OfficeOut, OpenOut, office_out, open_out
from queue_service.offices.catalogue import DeskInfo
from queue_service.staff.sessions import Identity
from queue_service.text import Text
from queue_service.tickets.rules import State, order_key

QUEUE_SHOWN = 300
"""Rows of the queue: more than any hall seats; the counts are of everybody."""


class HallDeskOut(msgspec.Struct, frozen=True):
    number: str
    place: Text | None
    accessible: bool
    services: list[str]
    state: str
    """closed, paused, called, serving, idle (somebody waits for it), free (nobody does)."""
    by: str | None
    opened_at: datetime | None
    paused_at: datetime | None
    pause_reason: Text | None
    pause_note: str | None
    pause_until: datetime | None
    ticket: HallTicketOut | None
    calls: int
    waiting: int
    """How many this desk could call now."""
    served: int


class HallServiceOut(msgspec.Struct, frozen=True):
    code: str
    name: Text
    letter: str
    walk_in: bool
    closed_today: Text | None
    waiting: int
    wait_norm_minutes: int


class HallPrivilegeOut(msgspec.Struct, frozen=True):
    code: str
    name: Text
    document: Text


class HallCountsOut(msgspec.Struct, frozen=True):
    waiting: int
    amber: int
    """Of them due within the office's amber minutes."""
    breached: int
    """Of them past their due time."""
    at_desks: int
    postponed: int
    missed: int
    desks_open: int
    desks_paused: int


class HallSnapshotOut(msgspec.Struct, frozen=True):
    office: OfficeOut
    open: OpenOut
    account: AccountOut
    counts: HallCountsOut
    desks: list[HallDeskOut]
    queue: list[HallTicketOut]
    postponed: list[HallTicketOut]
    missed: list[HallTicketOut]
    alarms: list[WordOut]
    messages: list[WordOut]
    services: list[HallServiceOut]
    privileges: list[HallPrivilegeOut]
    postpone_reasons: list[NamedOut]
    notices: Sequence[NoticeRow]
    amber_minutes: int
    return_limit_minutes: int


def hall_snapshot(state: OfficeState, identity: Identity, notices: Sequence[NoticeRow]) -> HallSnapshotOut:
    catalogue, now = state.catalogue, state.now
    policy = catalogue.policy
    queue = sorted(state.waiting, key=lambda each: (order_key(each.rank, now, policy.help_out_penalty * 0), each.id))
    postponed = [each for each in state.aside if each.state == State.POSTPONED]
    missed = [each for each in state.aside if each.state == State.NO_SHOW]
    shifts = state.open_shifts.values()
    breached = sum(each.due_at < now for each in queue)
    by_service = {each.id: 0 for each in catalogue.services.values()}
    for each in queue:
        by_service[each.service_id] = by_service.get(each.service_id, 0) + 1
    return HallSnapshotOut(
        office=office_out(catalogue),
        open=open_out(catalogue, now),
        account=AccountOut(identity.login, identity.name, identity.role),
        counts=HallCountsOut(
            waiting=len(queue),
            amber=sum(each.due_at - policy.amber <= now <= each.due_at for each in queue),
            breached=breached,
            at_desks=len(state.calls),
            postponed=len(postponed),
            missed=len(missed),
            desks_open=sum(shift.paused_at is None for shift in shifts),
            desks_paused=sum(shift.paused_at is not None for shift in shifts),
        ),
        desks=[_desk_out(state, each) for each in catalogue.desks_by_id.values() if each.active or each.id in state.open_shifts],
        queue=[hall_ticket_out(catalogue, each) for each in queue[:QUEUE_SHOWN]],
        postponed=[hall_ticket_out(catalogue, each) for each in postponed],
        missed=[hall_ticket_out(catalogue, each) for each in missed],
        alarms=[word_out(state, each, identity.account_id) for each in state.alarms],
        messages=[word_out(state, each, identity.account_id) for each in state.messages],
        services=[
            HallServiceOut(
                code=each.code,
                name=each.name,
                letter=each.letter,
                walk_in=each.walk_in,
                closed_today=each.closed_today,
                waiting=by_service[each.id],
                wait_norm_minutes=int(each.wait_norm.total_seconds()) // 60,
            )
            for each in catalogue.services.values()
            if each.active
        ],
        privileges=[
            HallPrivilegeOut(each.code, each.name, each.document) for each in catalogue.privileges_on(catalogue.schedule.local_date(now))
        ],
        postpone_reasons=[NamedOut(code, name) for code, name in policy.postpone_reasons.items()],
        notices=notices,
        amber_minutes=int(policy.amber.total_seconds()) // 60,
        return_limit_minutes=int(policy.return_limit.total_seconds()) // 60,
    )


def _desk_out(state: OfficeState, desk: DeskInfo) -> HallDeskOut:
    catalogue = state.catalogue
    shift, call = state.open_shifts.get(desk.id), state.call_by_desk.get(desk.id)
    waiting = len(desk_queue(state, desk, shift.account_id)) if shift else 0
    if call is not None:
        now = call.ticket.state
    elif shift is None:
        now = "closed"
    elif shift.paused_at is not None:
        now = "paused"
    else:
        now = "idle" if waiting else "free"
    names = {reason.value: name for reason, name in PAUSE_NAMES.items()}
    return HallDeskOut(
        number=desk.number,
        place=desk.place,
        accessible=desk.accessible,
        services=sorted(catalogue.services_by_id[each].code for each in desk.services),
        state=now,
        by=shift.name if shift else None,
        opened_at=shift.opened_at if shift else None,
        paused_at=shift.paused_at if shift else None,
        pause_reason=names.get(shift.pause_reason) if shift and shift.pause_reason else None,
        pause_note=shift.pause_note if shift else None,
        pause_until=shift.pause_until if shift else None,
        ticket=hall_ticket_out(catalogue, call.ticket) if call else None,
        calls=call.ticket.calls if call else 0,
        waiting=waiting,
        served=sum(each.served for each in state.shifts if each.desk_id == desk.id),
    )
