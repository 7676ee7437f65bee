"""People ahead and the wait, found by playing the queue forward over the desks that are open now. Pure.

Each waiting ticket, in the order of the queue, goes to the desk that would be free first for it; the uncertainty of the visits
before it adds up along that desk, so the range is narrow for the next in line and wide for the fortieth. Refuses to answer where no
open desk takes the service: nobody knows then.
"""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from queue_service.statistics.durations import Duration
from queue_service.tickets.rules import Rank, order_key

CENTRAL = 0.84
"""Standard deviations on each side: the central 60 % of a normal distribution, so three waits of five end within the range."""


@dataclass(frozen=True, slots=True)
class InQueue:
    """A waiting ticket as the play needs it."""

    id: int
    service_id: int
    rank: Rank
    arrived_at: datetime


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """An open desk: what it takes and how long the present visitor will still be there."""

    services: frozenset[int]
    help_out: frozenset[int]
    busy: Duration | None
    """What remains of the present visit; None when the desk is free."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A range in whole minutes."""

    low: int
    high: int


@dataclass(slots=True)
class _Play:
    free_in: list[float]
    variance: list[float]


def _range(start: float, variance: float) -> Wait:
    spread = CENTRAL * math.sqrt(variance)
    return Wait(low=max(0, math.floor((start - spread) / 60)), high=max(1, math.ceil((start + spread) / 60)))


@dataclass
class Forecast:
    """The play of one office at one moment; `add` keeps it true for tickets issued since."""

    now: datetime
    durations: Mapping[int, Duration]
    desks: Sequence[OpenDesk]
    queue: Sequence[InQueue]
    """In any order; sorted here by the rule of the queue."""
    all_desks: Sequence[frozenset[int]] = ()
    """Services of every desk, open or not: before the first opens, people stand before the desks that will."""
    ahead: dict[int, int] = field(init=False, default_factory=dict)
    """Ticket id -> people who would be called before it by desks that take its service."""
    waits: dict[int, Wait | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        ordered = sorted(self.queue, key=lambda ticket: (self._key(ticket.rank), ticket.id))
        self._keys = [self._key(ticket.rank) for ticket in ordered]
        self._services = [ticket.service_id for ticket in ordered]
        self._starts: list[tuple[float, float] | None] = []
        self._waiting: dict[int, int] = {}
        self._standing: dict[frozenset[int], int] = {}
        """Who waits for any of these services: counted as they come, because thousands ask and the sets are few."""
        self._eligible: dict[int, list[int]] = {}
        self._rivals: dict[int, frozenset[int]] = {}
        self._play = _Play(
            free_in=[desk.busy.mean if desk.busy else 0.0 for desk in self.desks],
            variance=[desk.busy.variance if desk.busy else 0.0 for desk in self.desks],
        )
        for ticket in ordered:
            self.ahead[ticket.id] = self._ahead_of(ticket.service_id)
            start = self._seat(ticket.service_id)
            self._starts.append(start)
            self.waits[ticket.id] = _range(*start) if start else None

    def _key(self, rank: Rank, arrived: bool = False) -> datetime:
        # Who has just arrived is younger than the play; a privilege counts from the arrival on.
        return order_key(rank, max(self.now, rank.rank_from) if arrived else self.now, timedelta())

    def _desks_for(self, service_id: int) -> list[int]:
        found = self._eligible.get(service_id)
        if found is None:
            own = [index for index, desk in enumerate(self.desks) if service_id in desk.services]
            found = own or [index for index, desk in enumerate(self.desks) if service_id in desk.help_out]
            self._eligible[service_id] = found
        return found

    def _rivals_of(self, service_id: int) -> frozenset[int]:
        """Services whose visitors stand before the same desks."""
        found = self._rivals.get(service_id)
        if found is None:
            open_ones = [self.desks[index].services for index in self._desks_for(service_id)]
            found = frozenset({service_id}).union(*(open_ones or [each for each in self.all_desks if service_id in each]))
            self._rivals[service_id] = found
        return found

    def _ahead_of(self, service_id: int) -> int:
        rivals = self._rivals_of(service_id)
        standing = self._standing.get(rivals)
        if standing is None:
            standing = self._standing[rivals] = sum(self._waiting.get(rival, 0) for rival in rivals)
        return standing

    def _seat(self, service_id: int) -> tuple[float, float] | None:
        """Gives the next visitor of a service a place in the play: (seconds until the call, variance)."""
        self._waiting[service_id] = self._waiting.get(service_id, 0) + 1
        for rivals in self._standing:
            if service_id in rivals:
                self._standing[rivals] += 1
        desks = self._desks_for(service_id)
        if not desks:
            return None
        play = self._play
        first = min(desks, key=play.free_in.__getitem__)
        start = (play.free_in[first], play.variance[first])
        duration = self.durations[service_id]
        play.free_in[first] += duration.mean
        play.variance[first] += duration.variance
        return start

    def newcomer(self, service_id: int, key: datetime | None = None) -> tuple[int, Wait | None]:
        """People ahead and wait of somebody who would enter now; at the end of the queue unless `key` says better."""
        place = bisect_right(self._keys, key) if key else len(self._keys)
        desks = self._desks_for(service_id)
        if place == len(self._keys):
            start = min(((self._play.free_in[index], self._play.variance[index]) for index in desks), default=None)
            return self._ahead_of(service_id), _range(*start) if start else None
        rivals = self._rivals_of(service_id)
        ahead = sum(service in rivals for service in self._services[:place])
        if not desks:
            return ahead, None
        # Takes the place, and so the start, of the first rival behind it; with none behind, it is the last of them.
        for service, taken in zip(self._services[place:], self._starts[place:], strict=True):
            if service in rivals and taken is not None:
                return ahead, _range(*taken)
        return ahead, _range(*min((self._play.free_in[index], self._play.variance[index]) for index in desks))

    def add(self, ticket: InQueue) -> tuple[int, Wait | None]:
        """Enters a ticket issued after the play began; a later full play will know it anyway."""
        known = self.ahead.get(ticket.id)
        if known is not None:
            return known, self.waits[ticket.id]
        key = self._key(ticket.rank, arrived=ticket.rank.rank_from <= ticket.arrived_at)
        ahead, wait = self.newcomer(ticket.service_id, key)
        place = bisect_right(self._keys, key)
        start = self._seat(ticket.service_id)
        self._keys.insert(place, key)
        self._services.insert(place, ticket.service_id)
        self._starts.insert(place, start)
        self.ahead[ticket.id], self.waits[ticket.id] = ahead, wait
        return ahead, wait
