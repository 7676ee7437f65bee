"""What another policy would have done to the waits of an office's own last seven days: played twice, set side by side.

Reads the journal by indexes, seven days of one office, and changes nothing. Refuses to play while others wait for an answer: the play
runs in a thread.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue
from queue_service.statistics.replay import (
    NONE,
    Arrival,
    DeskTakes,
    Group,
    Norms,
    Outcome,
    QueueRules,
    Stint,
    Visit,
    Waits,
    Week,
    Window,
    replay,
    usual_turn,
    waits,
)
from queue_service.text import Text

DAYS = 7
"""Every weekday once: Mondays are not Fridays, and last month's staff is not today's."""
LONGEST_SHIFT = timedelta(days=1)
"""A shift that began before the first day may still have served in it."""

TICKETS = """
SELECT id, local_date, service_id, issued_at, privilege_id IS NOT NULL AS privileged, needs,
       (SELECT starts_at FROM appointment WHERE appointment.id = appointment_id) AS booked_at   -- pk_appointment
  FROM ticket                                                                                   -- uq_ticket_number: office and days
 WHERE office_id = $1 AND local_date BETWEEN $2 AND $3
"""
EVENTS = """
SELECT event.ticket_id, event.kind, event.at, event.desk_id, (event.details->>'service')::int AS service_id
  FROM ticket                                                            -- uq_ticket_number: office and days
       CROSS JOIN LATERAL (
           SELECT id, ticket_id, kind, at, desk_id, details FROM ticket_event WHERE ticket_id = ticket.id    -- ix_ticket_event_ticket
            ORDER BY id
       ) AS event
 WHERE ticket.office_id = $1 AND local_date BETWEEN $2 AND $3
   AND event.kind IN ('called', 'finished', 'transferred', 'returned', 'postponed', 'no_show', 'resumed', 'came_back', 'left', 'expired')
"""
SHIFTS = """
SELECT shift.id, desk_id, opened_at, closed_at, event.kind, event.at
  FROM shift                                                             -- ix_shift_office
       LEFT JOIN LATERAL (
           SELECT id, kind, at FROM shift_event WHERE shift_id = shift.id AND kind IN ('paused', 'resumed')   -- ix_shift_event_shift_id
            ORDER BY id
       ) AS event ON true
 WHERE office_id = $1 AND opened_at >= $2 AND opened_at < $3
 ORDER BY shift.id, event.id
"""

ENDS = frozenset({"finished", "transferred", "returned", "postponed", "no_show"})
REJOINS = frozenset({"resumed", "came_back"})
GIVES_UP = frozenset({"left", "expired"})


@dataclass(slots=True)
class _Story:
    """One ticket's journal, told in its order."""

    joined_at: datetime
    away: timedelta = NONE
    called: tuple[datetime, int, int] | None = None
    """Moment, desk and service of a call that has not ended."""
    ended_at: datetime | None = None
    stints: list[Stint] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    gone_at: datetime | None = None

    def tell(self, kind: str, at: datetime, desk_id: int | None, service_id: int | None) -> None:
        if kind == "called" and desk_id is not None and service_id is not None:
            self.called = (at, desk_id, service_id)
        elif kind in ENDS and self.called is not None:
            self.end(at)
        elif kind in REJOINS and self.ended_at is not None:
            self.joined_at, self.away = at, at - self.ended_at
        elif kind in GIVES_UP:
            self.gone_at = at

    def end(self, at: datetime) -> None:
        assert self.called is not None
        called_at, desk_id, service_id = self.called
        self.stints.append(Stint(service_id, at - called_at, self.away))
        self.visits.append(Visit(desk_id, self.joined_at, called_at, at))
        self.called, self.ended_at, self.joined_at, self.away = None, at, at, NONE


@dataclass(frozen=True, slots=True)
class Record:
    """The week as it was, to be played."""

    week: Week
    first_day: date
    last_day: date


async def last_week(pool: Pool, catalogue: Catalogue, now: datetime) -> Record:
    """The office's last seven local days, today included."""
    last_day = catalogue.schedule.local_date(now)
    first_day = last_day - timedelta(days=DAYS - 1)
    midnight = datetime.combine(first_day, time.min, catalogue.schedule.time_zone)
    async with pool.acquire() as connection:
        tickets = await connection.fetch(TICKETS, catalogue.id, first_day, last_day)
        events = await connection.fetch(EVENTS, catalogue.id, first_day, last_day)
        shifts = await connection.fetch(SHIFTS, catalogue.id, midnight - LONGEST_SHIFT, now)
    week = await asyncio.to_thread(_week, catalogue, tickets, events, shifts, now)
    return Record(week, first_day, last_day)


def _week(catalogue: Catalogue, tickets: Sequence[Any], events: Sequence[Any], shifts: Sequence[Any], now: datetime) -> Week:
    stories = {row["id"]: _Story(row["issued_at"]) for row in tickets}
    for row in events:
        if (story := stories.get(row["ticket_id"])) is not None:
            story.tell(row["kind"], row["at"], row["desk_id"], row["service_id"])
    windows = list(_windows(shifts, now))
    arrivals = [_arrival(catalogue, row, stories[row["id"]], now) for row in tickets]
    visits = [visit for story in stories.values() for visit in story.visits]
    desks = {desk.id: DeskTakes(desk.services, desk.help_out, desk.accessible) for desk in catalogue.desks_by_id.values()}
    return Week(arrivals, windows, desks, usual_turn(visits, windows))


def _arrival(catalogue: Catalogue, row: Any, story: _Story, now: datetime) -> Arrival:
    if story.called is not None:
        story.end(now)
    gone_at = None
    if not story.stints:  # never called: the visit would have been as long as they are
        minutes = catalogue.services_by_id[row["service_id"]].typical_minutes
        story.stints.append(Stint(row["service_id"], timedelta(minutes=minutes)))
        gone_at = story.gone_at or now
    return Arrival(
        id=row["id"],
        at=row["issued_at"],
        day=row["local_date"],
        stints=story.stints,
        privileged=row["privileged"],
        booked_at=row["booked_at"],
        needs=frozenset(row["needs"]),
        gone_at=gone_at,
    )


def _windows(shifts: Sequence[Any], now: datetime) -> Iterable[Window]:
    """Shifts without their breaks."""
    open_since: dict[int, datetime | None] = {}
    last: dict[int, Any] = {}
    for row in shifts:
        shift_id = row["id"]
        since = open_since.setdefault(shift_id, row["opened_at"])
        last[shift_id] = row
        if row["kind"] == "paused" and since is not None:
            yield Window(row["desk_id"], since, row["at"])
            open_since[shift_id] = None
        elif row["kind"] == "resumed" and since is None:
            open_since[shift_id] = row["at"]
    for shift_id, since in open_since.items():
        row = last[shift_id]
        if since is not None:
            yield Window(row["desk_id"], since, row["closed_at"] or now)


def rules_of(catalogue: Catalogue) -> QueueRules:
    """The rules that the catalogue knows."""
    policy = catalogue.policy
    return QueueRules(
        privilege_head_start=policy.privilege_head_start,
        booked_head_start=policy.booked_head_start,
        late_grace=policy.late_grace,
        help_out_penalty=policy.help_out_penalty,
        accessible_needs=policy.accessible_needs,
        norms={each.id: Norms(each.wait_norm, each.booking_norm, each.daily_limit) for each in catalogue.services_by_id.values()},
    )


def rules_with(catalogue: Catalogue, values: Mapping[str, int | None]) -> QueueRules:
    """The catalogue's rules with these values in their places, named as `offices.policy` names them; others do not decide who is next."""
    known = rules_of(catalogue)

    def minutes(name: str, otherwise: timedelta) -> timedelta:
        value = values.get(name)
        return otherwise if value is None else timedelta(minutes=value)

    norms = dict(known.norms)
    for code, service in catalogue.services.items():
        of = known.norms[service.id]
        norms[service.id] = Norms(
            wait=minutes(f"{code}.wait_norm_minutes", of.wait),
            booking=minutes(f"{code}.booking_norm_minutes", of.booking),
            daily_limit=values.get(f"{code}.daily_limit", of.daily_limit),
        )
    return QueueRules(
        privilege_head_start=minutes("privilege_head_start_minutes", known.privilege_head_start),
        booked_head_start=minutes("booked_head_start_minutes", known.booked_head_start),
        late_grace=minutes("late_grace_minutes", known.late_grace),
        help_out_penalty=minutes("help_out_penalty_minutes", known.help_out_penalty),
        accessible_needs=known.accessible_needs,
        norms=norms,
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """Waits under the rules that stand and under those that might."""

    now: Waits
    then: Waits


@dataclass(frozen=True, slots=True)
class WhatIf:
    first_day: date
    last_day: date
    groups: Mapping[Group, Beside]
    service_groups: Sequence[tuple[Text, Beside]]
    """In the catalogue's order; those that nobody visited are left out."""
    turned_away: int
    """More than now would have found the daily limit reached; negative: fewer."""
    uncalled: int
    """More than now would not have been called; negative: fewer."""

    @property
    def nobody_came(self) -> bool:
        return not any(each.now.visitors or each.then.visitors for each in self.groups.values())


async def what_if(pool: Pool, catalogue: Catalogue, present: QueueRules, other: QueueRules, now: datetime) -> WhatIf:
    """The office's last week under both."""
    record = await last_week(pool, catalogue, now)
    return await asyncio.to_thread(_compared, catalogue, record, present, other)


def _compared(catalogue: Catalogue, record: Record, present: QueueRules, other: QueueRules) -> WhatIf:
    before, after = replay(record.week, present), replay(record.week, other)
    service_groups = []
    for group in catalogue.groups:
        ids = {service.id for service in group.services}
        beside = _beside(before, after, lambda call, ids=ids: call.service_id in ids)
        if beside.now.visitors or beside.then.visitors:
            service_groups.append((group.name, beside))
    return WhatIf(
        first_day=record.first_day,
        last_day=record.last_day,
        groups={group: _beside(before, after, lambda call, group=group: call.group is group) for group in Group},
        service_groups=service_groups,
        turned_away=after.turned_away - before.turned_away,
        uncalled=after.uncalled - before.uncalled,
    )


def _beside(before: Outcome, after: Outcome, of: Any) -> Beside:
    return Beside(waits(call for call in before.calls if of(call)), waits(call for call in after.calls if of(call)))
