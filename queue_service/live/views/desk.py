"""The clerk's view: the desks, the current ticket, and the queue in the order in which this desk would call it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from queue_service.desks.queries import DeskTicketOut, HallTicketOut, ShiftOut, desk_ticket_out, hall_ticket_out
from queue_service.desks.rules import PAUSE_NAMES
from queue_service.live.state import OfficeState, ShiftNow, Word
from queue_service.live.views.parts import NamedOut, OfficeOut, office_out
from queue_service.offices.catalogue import Catalogue, DeskInfo
from queue_service.staff.sessions import Identity
from queue_service.text import Text
from queue_service.tickets.queries import PrivilegeOut, TicketNow, privilege_out
from queue_service.tickets.rules import Caller, State, may_call, order_key

QUEUE_SHOWN = 50
"""Rows of a desk's queue: two screens; the rest is a number."""


class AccountOut(msgspec.Struct, frozen=True):
    login: str
    name: str
    role: str


class DeskOut(msgspec.Struct, frozen=True):
    number: str
    place: Text | None
    accessible: bool
    services: list[str]
    state: str
    by: str | None
    mine: bool


class QueueRowOut(msgspec.Struct, frozen=True):
    id: int
    number: str
    service: str
    service_name: Text
    issued_at: datetime
    due_at: datetime
    source: str
    privilege: PrivilegeOut | None
    needs: Sequence[str]
    language: str
    late: bool
    breach: bool
    booked_for: datetime | None


class CountsOut(msgspec.Struct, frozen=True):
    waiting: int
    breached: int
    served_today: int
    average_serving_seconds: int | None


class RulesOut(msgspec.Struct, frozen=True):
    no_show_min_calls: int
    no_show_min_seconds: int
    auto_call_seconds: int | None
    amber_minutes: int


class ServiceChoiceOut(msgspec.Struct, frozen=True):
    code: str
    name: Text
    letter: str


class PresentOut(msgspec.Struct, frozen=True):
    """A colleague at an open desk, to whom a visitor can be sent."""

    login: str
    name: str
    desk: str
    paused: bool


class WordOut(msgspec.Struct, frozen=True):
    """An alarm or a message."""

    id: int
    desk: str | None
    name: str
    at: datetime
    text: str | None
    mine: bool


class DeskSnapshotOut(msgspec.Struct, frozen=True):
    office: OfficeOut
    account: AccountOut
    desks: list[DeskOut]
    shift: ShiftOut | None
    current: DeskTicketOut | None
    queue: list[QueueRowOut]
    counts: CountsOut
    pause_reasons: list[NamedOut]
    rules: RulesOut
    postponed: list[HallTicketOut]
    missed: list[HallTicketOut]
    """Did not come, and may still be brought back."""
    postpone_reasons: list[NamedOut]
    services: list[ServiceChoiceOut]
    colleagues: list[PresentOut]
    alarms: list[WordOut]


def _queue_row(state: OfficeState, waiting: TicketNow) -> QueueRowOut:
    service = state.catalogue.services_by_id[waiting.service_id]
    return QueueRowOut(
        id=waiting.id,
        number=waiting.label,
        service=service.code,
        service_name=service.name,
        issued_at=waiting.issued_at,
        due_at=waiting.due_at,
        source=waiting.source,
        privilege=privilege_out(state.catalogue, waiting),
        needs=waiting.needs,
        language=waiting.language,
        late=waiting.late,
        breach=waiting.due_at < state.now,
        booked_for=waiting.booked_for,
    )


def caller(state: OfficeState, desk: DeskInfo, clerk_id: int) -> Caller:
    """The desk as the rule of who may call whom needs it."""
    catalogue = state.catalogue
    open_desks = [catalogue.desks_by_id[each] for each in state.open_shifts if each in catalogue.desks_by_id]
    served = frozenset[int]().union(*(each.services | each.help_out for each in open_desks if each.accessible))
    needs = catalogue.policy.accessible_needs
    return Caller(desk.id, clerk_id, desk.services, desk.help_out, desk.accessible, needs, served)


def desk_queue(state: OfficeState, desk: DeskInfo, clerk_id: int) -> list[TicketNow]:
    """Waiting tickets in the order in which call-next would give them to this desk."""
    penalty, here = state.catalogue.policy.help_out_penalty, caller(state, desk, clerk_id)
    mine = [each for each in state.waiting if may_call(each.claim, here)]

    def key(each: TicketNow) -> tuple[datetime, int]:
        helps = each.service_id in desk.help_out and each.for_desk_id is None and each.for_clerk_id is None
        return order_key(each.rank, state.now, penalty * helps), each.id

    return sorted(mine, key=key)


def desk_snapshot(state: OfficeState, identity: Identity) -> DeskSnapshotOut:
    catalogue = state.catalogue
    shift = state.shift_of(identity.account_id)
    desk = catalogue.desks_by_id.get(shift.desk_id) if shift else None
    queue = desk_queue(state, desk, identity.account_id) if desk else []
    call = state.call_by_desk.get(desk.id) if desk else None
    today = [each for each in state.shifts if each.account_id == identity.account_id]
    served = sum(each.served for each in today)
    return DeskSnapshotOut(
        office=office_out(catalogue),
        account=AccountOut(identity.login, identity.name, identity.role),
        desks=[_desk_out(state, each, identity.account_id) for each in catalogue.desks.values()],
        shift=_shift_out(shift, desk) if shift and desk else None,
        current=desk_ticket_out(catalogue, call.ticket, dict(call.reason)) if call else None,
        queue=[_queue_row(state, each) for each in queue[:QUEUE_SHOWN]],
        counts=CountsOut(
            waiting=len(queue),
            breached=sum(each.due_at < state.now for each in queue),
            served_today=served,
            average_serving_seconds=sum(each.serving_seconds for each in today) // served if served else None,
        ),
        pause_reasons=[NamedOut(reason.value, name) for reason, name in PAUSE_NAMES.items()],
        rules=rules_out(catalogue),
        postponed=[hall_ticket_out(catalogue, each) for each in state.aside if each.state == State.POSTPONED],
        missed=[hall_ticket_out(catalogue, each) for each in state.aside if each.state == State.NO_SHOW],
        postpone_reasons=[NamedOut(code, name) for code, name in catalogue.policy.postpone_reasons.items()],
        services=[ServiceChoiceOut(each.code, each.name, each.letter) for each in catalogue.services.values() if each.active],
        colleagues=[
            PresentOut(each.login, each.name, catalogue.desks_by_id[desk_id].number, each.paused_at is not None)
            for desk_id, each in state.open_shifts.items()
            if each.account_id != identity.account_id and desk_id in catalogue.desks_by_id
        ],
        alarms=[word_out(state, each, identity.account_id) for each in state.alarms],
    )


def rules_out(catalogue: Catalogue) -> RulesOut:
    policy = catalogue.policy
    return RulesOut(policy.no_show_min_calls, policy.no_show_min_seconds, policy.auto_call_seconds, int(policy.amber.total_seconds()) // 60)


def word_out(state: OfficeState, word: Word, account_id: int) -> WordOut:
    desk = state.catalogue.desks_by_id.get(word.desk_id or 0)
    return WordOut(word.id, desk.number if desk else None, word.name, word.at, word.sentence, word.account_id == account_id)


def _desk_out(state: OfficeState, desk: DeskInfo, account_id: int) -> DeskOut:
    shift = state.open_shifts.get(desk.id)
    services = state.catalogue.services_by_id
    return DeskOut(
        number=desk.number,
        place=desk.place,
        accessible=desk.accessible,
        services=sorted(services[each].code for each in desk.services),
        state="closed" if shift is None else "paused" if shift.paused_at else "open",
        by=shift.name if shift else None,
        mine=shift is not None and shift.account_id == account_id,
    )


def _shift_out(shift: ShiftNow, desk: DeskInfo) -> ShiftOut:
    return ShiftOut(
        desk=desk.number,
        state="paused" if shift.paused_at else "open",
        opened_at=shift.opened_at,
        paused_at=shift.paused_at,
        pause_reason=shift.pause_reason,
        pause_note=shift.pause_note,
        pause_until=shift.pause_until,
    )
