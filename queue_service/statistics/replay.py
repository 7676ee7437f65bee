"""A week played again: the same people at the same moments, with the same length of visit, under other rules of the queue. Pure.

Desks are open when they were, and take between two visitors as long as they took. The order is `tickets.rules.order_key` and nothing
else: what a person called out of order, or sent to one desk, is played as if the rule had done it. Refuses to guess who would have come
or stayed away under other rules; only a lower daily limit turns somebody away.
"""

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import IntEnum, StrEnum
from itertools import pairwise
from statistics import median

from queue_service.tickets.rules import Rank, is_late, order_key, rank_of_booked, rank_of_walk_in

NONE = timedelta()
LONGEST_TURN = timedelta(minutes=10)
"""A clerk who needs longer between two visitors was away without saying so; that is no habit to plan with."""


class Group(StrEnum):
    """Whose waits are compared."""

    ORDINARY = "ordinary"
    PRIVILEGED = "privileged"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class Stint:
    """One visit to one desk, from the call to the end."""

    service_id: int
    takes: timedelta
    away: timedelta = NONE
    """How long after the end of the stint before it the visitor stood in the queue again."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A ticket as it entered the queue, and what became of it."""

    id: int
    at: datetime
    day: date
    stints: Sequence[Stint]
    privileged: bool = False
    booked_at: datetime | None = None
    needs: frozenset[str] = frozenset()
    gone_at: datetime | None = None
    """When the visitor gave up, of one who was never called."""

    @property
    def group(self) -> Group:
        """A booking that came late is still one, so that a group is the same people under any rules."""
        if self.booked_at is not None:
            return Group.BOOKED
        return Group.PRIVILEGED if self.privileged else Group.ORDINARY

    @property
    def waits_from(self) -> datetime:
        """Who came before the booked time waits from that on."""
        return self.at if self.booked_at is None else max(self.at, self.booked_at)


@dataclass(frozen=True, slots=True)
class Window:
    """A desk was open, without a break, from one moment to another."""

    desk_id: int
    opens: datetime
    closes: datetime


@dataclass(frozen=True, slots=True)
class DeskTakes:
    services: frozenset[int]
    help_out: frozenset[int]
    accessible: bool = False


@dataclass(frozen=True, slots=True)
class Norms:
    """What one service promises."""

    wait: timedelta
    booking: timedelta
    daily_limit: int | None = None


@dataclass(frozen=True, slots=True)
class QueueRules:
    """The part of an office's policy that decides who is next."""

    privilege_head_start: timedelta
    booked_head_start: timedelta
    late_grace: timedelta
    help_out_penalty: timedelta
    accessible_needs: frozenset[str]
    norms: Mapping[int, Norms]


@dataclass(frozen=True, slots=True)
class Week:
    """What happened, as far as a play needs it."""

    arrivals: Sequence[Arrival]
    windows: Sequence[Window]
    desks: Mapping[int, DeskTakes]
    turn: timedelta = NONE
    """Between the end of one visit and the next call, while somebody waits."""


@dataclass(frozen=True, slots=True)
class Call:
    """The first call of a visitor."""

    ticket_id: int
    group: Group
    service_id: int
    waited: timedelta
    """Never negative: nobody waits before the booked time."""
    after_norm: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    calls: Sequence[Call]
    uncalled: int
    """Gave up or were sent home."""
    turned_away: int
    """Found the daily limit reached."""


class _Kind(IntEnum):
    """What happens first at one moment: whoever comes is there before a desk looks round."""

    JOINS = 0
    COUNTS = 1
    CLOSES = 2
    OPENS = 3
    IS_FREE = 4


@dataclass(slots=True)
class _Desk:
    id: int
    takes: DeskTakes
    open: bool = False
    busy: bool = False


def rank_of(arrival: Arrival, rules: QueueRules) -> Rank:
    """What the ticket would have been given on entering under these rules."""
    norms = rules.norms[arrival.stints[0].service_id]
    if arrival.booked_at is not None and not is_late(arrival.booked_at, arrival.at, rules.late_grace):
        return rank_of_booked(arrival.booked_at, norms.booking, rules.booked_head_start)
    return rank_of_walk_in(arrival.at, norms.wait, rules.privilege_head_start if arrival.privileged else NONE)


@dataclass
class _Play:
    week: Week
    rules: QueueRules
    calls: list[Call] = field(default_factory=list)
    turned_away: int = 0

    def __post_init__(self) -> None:
        self._events: list[tuple[datetime, _Kind, int, int]] = []
        self._desks = {desk_id: _Desk(desk_id, takes) for desk_id, takes in self.week.desks.items()}
        self._who: dict[int, tuple[Arrival, Rank]] = {}
        self._standing: dict[int, int] = {}
        """Ticket id -> its stint, of those who wait; entries of the heaps that say something else are out of date."""
        self._waiting: dict[tuple[int, bool], list[tuple[datetime, int, int]]] = defaultdict(list)
        """Service and whether it needs an accessible desk -> (key, ticket id, stint), in the order of the queue."""
        self._takers: dict[int, list[_Desk]] = {}

    def run(self) -> Outcome:
        self._let_in()
        for window in self.week.windows:
            if window.desk_id in self._desks:
                heapq.heappush(self._events, (window.opens, _Kind.OPENS, window.desk_id, 0))
                heapq.heappush(self._events, (window.closes, _Kind.CLOSES, window.desk_id, 0))
        happens: dict[_Kind, Callable[[datetime, int, int], None]] = {
            _Kind.JOINS: self._joins,
            _Kind.COUNTS: self._stands,
            _Kind.CLOSES: self._closes,
            _Kind.OPENS: self._opens,
            _Kind.IS_FREE: self._is_free,
        }
        while self._events:
            now, kind, which, stint = heapq.heappop(self._events)
            happens[kind](now, which, stint)
        return Outcome(self.calls, len(self._who) - len(self.calls), self.turned_away)

    def _let_in(self) -> None:
        issued: dict[tuple[int, date], int] = defaultdict(int)
        for arrival in sorted(self.week.arrivals, key=lambda each: (each.at, each.id)):
            service_id = arrival.stints[0].service_id
            limit = self.rules.norms[service_id].daily_limit
            if arrival.booked_at is None and limit is not None:
                if issued[service_id, arrival.day] >= limit:
                    self.turned_away += 1
                    continue
                issued[service_id, arrival.day] += 1
            self._who[arrival.id] = (arrival, rank_of(arrival, self.rules))
            heapq.heappush(self._events, (arrival.at, _Kind.JOINS, arrival.id, 0))

    def _joins(self, now: datetime, ticket_id: int, stint: int) -> None:
        arrival, rank = self._who[ticket_id]
        self._standing[ticket_id] = stint
        self._stands(now, ticket_id, stint)
        if rank.rank_from > now:
            heapq.heappush(self._events, (rank.rank_from, _Kind.COUNTS, ticket_id, stint))
        idle = self._idle_desk(arrival.stints[stint].service_id, self._needs_access(arrival))
        if idle is not None:
            idle.busy = True  # the clerk looks up
            heapq.heappush(self._events, (now + self.week.turn, _Kind.IS_FREE, idle.id, 0))

    def _stands(self, now: datetime, ticket_id: int, stint: int) -> None:
        """Enters the ticket with the key that counts from this moment on."""
        if self._standing.get(ticket_id) == stint:
            arrival, rank = self._who[ticket_id]
            heap = self._waiting[arrival.stints[stint].service_id, self._needs_access(arrival)]
            heapq.heappush(heap, (order_key(rank, now, NONE), ticket_id, stint))

    def _opens(self, now: datetime, desk_id: int, _: int) -> None:
        desk = self._desks[desk_id]
        desk.open = True
        self._look_round(desk, now)

    def _closes(self, now: datetime, desk_id: int, _: int) -> None:
        self._desks[desk_id].open = False
        for other in self._desks.values():  # who was about to be called here, or waited for this accessible desk
            self._look_round(other, now)

    def _is_free(self, now: datetime, desk_id: int, _: int) -> None:
        desk = self._desks[desk_id]
        desk.busy = False
        self._look_round(desk, now)

    def _needs_access(self, arrival: Arrival) -> bool:
        return bool(arrival.needs & self.rules.accessible_needs)

    def _may_serve(self, desk: _Desk, service_id: int, needs_access: bool) -> bool:
        """`tickets.rules.may_call` for tickets that were sent to nobody."""
        if not needs_access or desk.takes.accessible:
            return True
        return not any(each.open and each.takes.accessible for each in self._takers_of(service_id))

    def _takers_of(self, service_id: int) -> list[_Desk]:
        """Desks that take the service, those first whose own it is."""
        found = self._takers.get(service_id)
        if found is None:
            own = [desk for desk in self._desks.values() if service_id in desk.takes.services]
            found = own + [desk for desk in self._desks.values() if service_id in desk.takes.help_out]
            self._takers[service_id] = found
        return found

    def _idle_desk(self, service_id: int, needs_access: bool) -> _Desk | None:
        takers = self._takers_of(service_id)
        return next((each for each in takers if each.open and not each.busy and self._may_serve(each, service_id, needs_access)), None)

    def _look_round(self, desk: _Desk, now: datetime) -> None:
        """The desk calls the first by the rule, if it is open and free and somebody waits."""
        if not desk.open or desk.busy:
            return
        best: tuple[datetime, int, int, int, bool] | None = None
        for services, penalty in ((desk.takes.services, NONE), (desk.takes.help_out, self.rules.help_out_penalty)):
            for service_id in services:
                for needs_access in (False, True):
                    first = self._first(service_id, needs_access, now)
                    if first is None or not self._may_serve(desk, service_id, needs_access):
                        continue
                    candidate = (order_key(self._who[first[0]][1], now, penalty), *first, service_id, needs_access)
                    if best is None or candidate < best:
                        best = candidate
        if best is not None:
            _, ticket_id, stint, service_id, needs_access = best
            heapq.heappop(self._waiting[service_id, needs_access])
            self._call(desk, ticket_id, stint, now)

    def _first(self, service_id: int, needs_access: bool, now: datetime) -> tuple[int, int] | None:
        heap = self._waiting.get((service_id, needs_access))
        while heap:
            _, ticket_id, stint = heap[0]
            gone_at = self._who[ticket_id][0].gone_at
            if self._standing.get(ticket_id) == stint and (gone_at is None or gone_at > now):
                return ticket_id, stint
            heapq.heappop(heap)
        return None

    def _call(self, desk: _Desk, ticket_id: int, stint: int, now: datetime) -> None:
        arrival, rank = self._who[ticket_id]
        del self._standing[ticket_id]
        visit = arrival.stints[stint]
        if stint == 0:
            waited = max(now - arrival.waits_from, NONE)
            self.calls.append(Call(ticket_id, arrival.group, visit.service_id, waited, after_norm=now > rank.due_at))
        ended = now + visit.takes
        desk.busy = True
        heapq.heappush(self._events, (ended + self.week.turn, _Kind.IS_FREE, desk.id, 0))
        if stint + 1 < len(arrival.stints):
            heapq.heappush(self._events, (ended + arrival.stints[stint + 1].away, _Kind.JOINS, ticket_id, stint + 1))


def replay(week: Week, rules: QueueRules) -> Outcome:
    """The week under these rules. Every service of the week needs its norms."""
    return _Play(week, rules).run()


@dataclass(frozen=True, slots=True)
class Waits:
    """How long the visitors of one group waited for their first call; minutes."""

    visitors: int
    median: float
    nine_of_ten: float
    """Nine of ten waited no longer."""
    after_norm: float
    """Share called after the norm, 0–1."""


NOBODY = Waits(0, 0.0, 0.0, 0.0)


def waits(calls: Iterable[Call]) -> Waits:
    chosen = list(calls)
    if not chosen:
        return NOBODY
    minutes = sorted(call.waited.total_seconds() / 60 for call in chosen)
    nine_of_ten = minutes[-(-9 * len(minutes) // 10) - 1]  # the nearest rank
    return Waits(len(chosen), median(minutes), nine_of_ten, sum(call.after_norm for call in chosen) / len(chosen))


@dataclass(frozen=True, slots=True)
class Visit:
    """A desk had a visitor."""

    desk_id: int
    joined_at: datetime
    """Since when the visitor stood in the queue for it."""
    called_at: datetime
    ended_at: datetime


def usual_turn(visits: Iterable[Visit], windows: Iterable[Window]) -> timedelta:
    """The middle time between the end of a visit and the next call of the same desk while the called visitor waited already."""
    open_at: dict[int, list[Window]] = defaultdict(list)
    for window in windows:
        open_at[window.desk_id].append(window)
    of_desk: dict[int, list[Visit]] = defaultdict(list)
    for visit in visits:
        of_desk[visit.desk_id].append(visit)
    turns = []
    for desk_id, one_after_another in of_desk.items():
        one_after_another.sort(key=lambda visit: visit.called_at)
        for before, after in pairwise(one_after_another):
            turn = after.called_at - before.ended_at
            worked_on = any(each.opens <= before.ended_at and after.called_at <= each.closes for each in open_at[desk_id])
            if worked_on and after.joined_at <= before.ended_at and NONE <= turn <= LONGEST_TURN:
                turns.append(turn)
    return timedelta(seconds=median(turn.total_seconds() for turn in turns)) if turns else NONE
