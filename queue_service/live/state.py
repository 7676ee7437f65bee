"""One office at one moment, read in a few indexed queries: what every screen of the office is a view of.

Refuses to read history: only who waits, who is at a desk, and today's shifts.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final

from queue_service.booking.rules import BookingCalendar
from queue_service.db import Pool, utc
from queue_service.offices.catalogue import Catalogue, DeskInfo
from queue_service.statistics.durations import Duration
from queue_service.statistics.forecast import Forecast, InQueue, OpenDesk
from queue_service.tickets.queries import COLUMN_COUNT, COLUMNS, TicketNow
from queue_service.tickets.rules import State

BOOKINGS: Final = "appointments"
"""Under this in `OfficeState.shared`: the bookings that phones follow (`live.appointments`)."""

_TICKETS = f"""
SELECT {COLUMNS}, NULL::bigint AS call_id, NULL AS call_kind, NULL::timestamptz AS announced_at, NULL::jsonb AS reason
  FROM ticket                                                    -- ix_ticket_rank
 WHERE office_id = $1 AND state = 'waiting'
 UNION ALL
SELECT {COLUMNS}, NULL, NULL, NULL, NULL
  FROM ticket                                                    -- ix_ticket_postponed
 WHERE office_id = $1 AND state = 'postponed'
 UNION ALL
SELECT {COLUMNS}, NULL, NULL, NULL, NULL
  FROM ticket                                                    -- ix_ticket_missed
 WHERE office_id = $1 AND state = 'no_show' AND ended_at > $2
 UNION ALL
SELECT {COLUMNS},
       latest.id AS call_id, latest.kind AS call_kind, latest.at AS announced_at, reason.details AS reason
  FROM ticket                                                    -- ix_ticket_active
  JOIN LATERAL (SELECT id, kind, at FROM ticket_event             -- ix_ticket_event_ticket
                 WHERE ticket_id = ticket.id AND kind IN ('called', 'recalled')
                 ORDER BY id DESC LIMIT 1) AS latest ON true
  JOIN LATERAL (SELECT details FROM ticket_event
                 WHERE ticket_id = ticket.id AND kind = 'called'
                 ORDER BY id DESC LIMIT 1) AS reason ON true
 WHERE ticket.office_id = $1 AND ticket.state IN ('called', 'serving')
"""
"""Whoever is in the hall: those who wait, those set aside, those who may still come back, and those at desks with their call."""
_SHIFTS = """
SELECT shift.desk_id, account_id, login, account.name, opened_at, closed_at, paused_at, pause_reason, pause_note,
       pause_until, served, serving_seconds
  FROM shift JOIN account ON account.id = account_id
 WHERE shift.office_id = $1 AND opened_at >= $2                   -- ix_shift_office
 UNION
SELECT shift.desk_id, account_id, login, account.name, opened_at, closed_at, paused_at, pause_reason, pause_note,
       pause_until, served, serving_seconds
  FROM shift JOIN account ON account.id = account_id
 WHERE shift.desk_id = ANY ($3::int[]) AND closed_at IS NULL      -- uq_shift_open_desk: one forgotten yesterday
"""
_WORDS = """
SELECT alarm.id, desk_id, raised_by AS account_id, account.name, raised_at AS at, NULL AS sentence
  FROM alarm JOIN account ON account.id = raised_by               -- ix_alarm_office
 WHERE alarm.office_id = $1 AND acknowledged_at IS NULL
 UNION ALL
SELECT hall_message.id, desk_id, sent_by AS account_id, account.name, sent_at AS at, sentence
  FROM hall_message JOIN account ON account.id = sent_by          -- ix_hall_message_office
 WHERE hall_message.office_id = $1 AND read_at IS NULL
 ORDER BY id
"""
_ISSUED = "SELECT service_id, issued FROM service_day WHERE service_id = ANY ($1::int[]) AND local_date = $2"


@dataclass(frozen=True, slots=True)
class CallNow:
    """The latest call of a ticket that is called or being served."""

    ticket: TicketNow
    desk_id: int
    call_id: int
    recall: bool
    announced_at: datetime
    reason: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ShiftNow:
    desk_id: int
    account_id: int
    login: str
    name: str
    opened_at: datetime
    closed_at: datetime | None
    paused_at: datetime | None
    pause_reason: str | None
    pause_note: str | None
    pause_until: datetime | None
    served: int
    serving_seconds: int


@dataclass(frozen=True, slots=True)
class Word:
    """An alarm that nobody has answered, or a message that nobody has read."""

    id: int
    desk_id: int | None
    account_id: int
    name: str
    at: datetime
    sentence: str | None


@dataclass
class OfficeState:
    """Everything about one office's hall at `now`."""

    version: int
    now: datetime
    catalogue: Catalogue
    calendar: BookingCalendar
    durations: Mapping[int, Duration]
    waiting: Sequence[TicketNow]
    calls: Sequence[CallNow]
    """Newest call first."""
    shifts: Sequence[ShiftNow]
    exhausted: frozenset[int]
    """Services whose tickets for today are gone."""
    aside: Sequence[TicketNow] = ()
    """Postponed tickets, and those who did not come but may still be brought back."""
    alarms: Sequence[Word] = ()
    messages: Sequence[Word] = ()
    rendered: dict[object, bytes] = field(default_factory=dict)
    """Views already encoded, once per office and not once per socket."""
    shared: dict[str, asyncio.Task[Any]] = field(default_factory=dict)
    """What several screens of this state need from the database, read once."""

    @cached_property
    def envelope(self) -> bytes:
        """What every view of this state begins with."""
        return b'{"version":%d,"now":"%s",' % (self.version, utc(self.now).encode())

    @cached_property
    def waiting_by_id(self) -> dict[int, TicketNow]:
        return {ticket.id: ticket for ticket in self.waiting}

    @cached_property
    def call_by_ticket(self) -> dict[int, CallNow]:
        return {call.ticket.id: call for call in self.calls}

    @cached_property
    def call_by_desk(self) -> dict[int, CallNow]:
        return {call.desk_id: call for call in self.calls}

    def ticket(self, ticket_id: int) -> TicketNow | None:
        """A ticket that waits or is at a desk; None for one that has ended, is postponed or did not come."""
        call = self.call_by_ticket.get(ticket_id)
        return call.ticket if call else self.waiting_by_id.get(ticket_id)

    @cached_property
    def open_shifts(self) -> dict[int, ShiftNow]:
        """Desk id -> its open shift, paused or not."""
        return {shift.desk_id: shift for shift in self.shifts if shift.closed_at is None}

    @cached_property
    def working_desks(self) -> list[tuple[DeskInfo, ShiftNow]]:
        """Desks that may call somebody now, by number."""
        desks = self.catalogue.desks_by_id
        open_ones = [(desks[desk_id], shift) for desk_id, shift in self.open_shifts.items() if shift.paused_at is None and desk_id in desks]
        return sorted(open_ones, key=lambda each: int(each[0].number))

    @cached_property
    def taking(self) -> dict[int, list[DeskInfo]]:
        """Service id -> the desks that take it now, by number; one that only helps out is not promised to anybody."""
        found: dict[int, list[DeskInfo]] = defaultdict(list)
        for desk, _ in self.working_desks:
            for service_id in desk.services:
                found[service_id].append(desk)
        return found

    def shift_of(self, account_id: int) -> ShiftNow | None:
        return next((shift for shift in self.open_shifts.values() if shift.account_id == account_id), None)

    @cached_property
    def forecast(self) -> Forecast:
        desks = []
        for desk_id, shift in self.open_shifts.items():
            desk = self.catalogue.desks_by_id.get(desk_id)
            if desk is not None and shift.paused_at is None:
                desks.append(OpenDesk(desk.services, desk.help_out, self._remaining(desk_id)))
        queue = [InQueue(ticket.id, ticket.service_id, ticket.rank, ticket.issued_at) for ticket in self.waiting]
        all_desks = [desk.services for desk in self.catalogue.desks.values()]
        return Forecast(self.now, self.durations, desks, queue, all_desks)

    def _remaining(self, desk_id: int) -> Duration | None:
        call = self.call_by_desk.get(desk_id)
        if call is None or call.ticket.called_at is None:
            return None
        whole = self.durations[call.ticket.service_id]
        passed = (self.now - call.ticket.called_at).total_seconds()
        # A visit that outlasts its mean is not over at once: about a fifth of a visit is always still to come.
        left = max(whole.mean - passed, whole.mean / 5)
        return Duration(left, whole.variance * left / whole.mean)


def _when_back(ticket: TicketNow) -> tuple[bool, float, int]:
    """Those with a term first, the soonest first."""
    until = ticket.postponed_until
    return until is None, until.timestamp() if until else 0.0, ticket.id


async def load_state(
    pool: Pool, catalogue: Catalogue, calendar: BookingCalendar, durations: Mapping[int, Duration], version: int, now: datetime
) -> OfficeState:
    limits = {each.id: each.daily_limit for each in catalogue.services.values() if each.daily_limit is not None}
    midnight = catalogue.schedule.local_midnight(now) - timedelta(minutes=1)
    # One moment for all: a visitor at a desk whose shift has just ended would be a hall that never was.
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        rows = await connection.fetch(_TICKETS, catalogue.id, now - catalogue.policy.return_limit)
        shifts = await connection.fetch(_SHIFTS, catalogue.id, midnight, list(catalogue.desks_by_id))
        words = await connection.fetch(_WORDS, catalogue.id)
        issued = await connection.fetch(_ISSUED, list(limits), catalogue.schedule.local_date(now)) if limits else []
    waiting: list[TicketNow] = []
    aside: list[TicketNow] = []
    calls: list[CallNow] = []
    for row in map(tuple, rows):
        ticket = TicketNow(*row[:COLUMN_COUNT])
        call_id, kind, at, reason = row[COLUMN_COUNT:]
        if call_id is not None:
            assert ticket.desk_id is not None  # ck_ticket_active_has_a_desk
            calls.append(CallNow(ticket, ticket.desk_id, call_id, kind == "recalled", at, reason))
        else:
            (waiting if ticket.state == State.WAITING else aside).append(ticket)
    return OfficeState(
        version=version,
        now=now,
        catalogue=catalogue,
        calendar=calendar,
        durations=durations,
        waiting=sorted(waiting, key=lambda each: (each.rank_at, each.id)),
        calls=sorted(calls, key=lambda each: -each.call_id),
        shifts=[ShiftNow(*row) for row in shifts],
        aside=sorted(aside, key=_when_back),
        alarms=[Word(*row) for row in words if row["sentence"] is None],
        messages=[Word(*row) for row in words if row["sentence"] is not None],
        exhausted=frozenset(row["service_id"] for row in issued if row["issued"] >= limits[row["service_id"]]),
    )


ENDED = frozenset({State.SERVED, State.LEFT, State.EXPIRED})
"""States that nothing leaves: a ticket page that shows one needs no further reading."""
