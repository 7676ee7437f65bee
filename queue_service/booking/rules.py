"""When a lane is open, how long a visit lasts, what may be booked and by whom: pure arithmetic on an office's calendar.

`availability` subtracts what is taken in SQL; here is everything that needs no database, so that "why is there nothing on this day?"
has one answer. Refuses to read a clock or a table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from queue_service.offices.rules import Schedule, instant

REFERENCE_DIGITS: Final = 8
"""Two groups of four: short enough to say on the phone; the last digit checks the others."""


class AppointmentState(StrEnum):
    HELD = "held"
    """Somebody fills in the form."""
    OFFERED = "offered"
    """Kept for somebody on the waitlist."""
    UNVERIFIED = "unverified"
    """The form is sent, the contact's code is not."""
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    MISSED = "missed"


ACTIVE: Final = frozenset({AppointmentState.HELD, AppointmentState.OFFERED, AppointmentState.UNVERIFIED, AppointmentState.BOOKED})
"""Has a part of a lane."""
ON_HOLD: Final = ACTIVE - {AppointmentState.BOOKED}


class TakenBy(StrEnum):
    """Why a part of a lane is not free."""

    HOLD = "hold"
    BOOKING = "booking"
    FREED = "freed"
    """Given up, and not yet back: the waitlist comes first, and nobody can hand a slot over."""
    BLOCK = "block"


class WaitlistState(StrEnum):
    WAITING = "waiting"
    OFFERED = "offered"
    ACCEPTED = "accepted"
    LEFT = "left"
    EXPIRED = "expired"


class Channel(StrEnum):
    """Whom a lane is kept for, and who asks."""

    BOTH = "both"
    ONLINE = "online"
    HALL = "hall"


class NoSlots(StrEnum):
    """Why a day has nothing to offer, in the order in which it is asked."""

    PAST = "past"
    HORIZON = "horizon"
    CLOSURE = "closure"
    HOLIDAY = "holiday"
    NO_LANE = "no_lane"
    HOURS = "hours"
    KEPT = "kept"
    """Kept for the other channel."""
    TOO_LONG = "too_long"
    LEAD_TIME = "lead_time"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class LaneInfo:
    """A lane's calendar, minutes since local midnight; two intervals of one weekday have the break between them."""

    id: int
    name: str
    channel: Channel
    services: frozenset[int]
    week: Mapping[int, tuple[tuple[int, int], ...]]
    exceptions: Mapping[date, tuple[tuple[int, int], ...]]

    def minutes(self, day: date) -> tuple[tuple[int, int], ...]:
        """The lane's hours on a day: the exception where there is one, else the week."""
        exception = self.exceptions.get(day)
        return exception if exception is not None else self.week.get(day.isoweekday(), ())


@dataclass(frozen=True, slots=True)
class ServiceRules:
    """How one service is booked."""

    grid: timedelta
    """Offers start on multiples of this from local midnight, never on the edge of a gap."""
    duration: timedelta
    per_application: timedelta
    lead: timedelta
    horizon_days: int

    def length(self, applications: int) -> timedelta:
        """How long a visit with so many applications lasts, rounded up to the grid so that visits stand next to each other."""
        whole = self.duration + self.per_application * (applications - 1)
        return self.grid * -(-whole // self.grid)

    @property
    def asks_applications(self) -> bool:
        return self.per_application > timedelta()


@dataclass(frozen=True, slots=True)
class OfficeRules:
    hold: timedelta = timedelta(minutes=5)
    check_in_opens: timedelta = timedelta(minutes=30)
    verify_contact: bool = False
    active_limit: int = 3
    moves_limit: int = 2
    freed_delay: timedelta = timedelta(minutes=10)
    offer: timedelta = timedelta(minutes=30)
    quota_returns: timedelta | None = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class OpenRange:
    """A lane takes visits that start and end between these; `phase` is where its grid starts, seconds within the grid's step."""

    lane_id: int
    opens: datetime
    closes: datetime
    phase: int


@dataclass(frozen=True, slots=True)
class OpenTogether:
    """Lanes that have the same hours: said once for all of them, because most lanes of an office have."""

    lanes: tuple[int, ...]
    hours: list[tuple[datetime, datetime, int]]
    """Opens, closes, phase: see OpenRange."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to book, and through which channel."""

    service_id: int
    applications: int
    channel: Channel


@dataclass(frozen=True, slots=True)
class BookingCalendar:
    """Everything about one office's booking that does not change while citizens book."""

    office_id: int
    schedule: Schedule
    rules: OfficeRules
    services: Mapping[int, ServiceRules]
    lanes: Sequence[LaneInfo]
    closed_today: frozenset[int] = frozenset()
    """Services that the hall gives no more of today."""
    _known: dict[tuple[date, tuple[tuple[int, int], ...]], list[tuple[datetime, datetime]]] = field(default_factory=dict, repr=False)
    """Hours worked out already: most lanes have the same, and everybody asks for the same days."""
    _alike: dict[int, list[tuple[LaneInfo, tuple[int, ...]]]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Service id -> its lanes by their calendars: one of a kind, and the ids of all of them."""

    def today(self, now: datetime) -> date:
        return self.schedule.local_date(now)

    def last_day(self, service_id: int, now: datetime) -> date:
        """The last day of the service's horizon."""
        return self.today(now) + timedelta(days=self.services[service_id].horizon_days)

    def midnight(self, day: date) -> datetime:
        return instant(day, 0, self.schedule.time_zone)

    def lanes_for(self, wanted: Wanted, day: date, now: datetime) -> list[LaneInfo]:
        """Lanes that take the service and are open to the channel: its own, the common ones, and all once the quota has returned."""
        returns = self.rules.quota_returns
        returned = returns is not None and now >= self.midnight(day) - returns
        return [
            lane
            for lane in self.lanes
            if wanted.service_id in lane.services and (returned or lane.channel in (Channel.BOTH, wanted.channel))
        ]

    def hours(self, lane: LaneInfo, day: date) -> list[tuple[datetime, datetime]]:
        """When the lane and the office are both open on a local day, as instants.

        Never beyond the day: where its last hour is skipped (America/Nuuk in March), «until 23:30» would be half past midnight; a day
        that is skipped whole (Pacific/Apia, 30.12.2011) has no hours.
        """
        minutes = lane.minutes(day)
        known = self._known.get((day, minutes))
        if known is None:
            whole = [(self.midnight(day), self.midnight(day + timedelta(days=1)))]
            both = intersection(self.schedule.instants(day, minutes), self.schedule.intervals(day))
            known = self._known[day, minutes] = intersection(both, whole)
        return known

    def open_together(self, wanted: Wanted, days: Iterable[date], now: datetime) -> list[OpenTogether]:
        """Where visits may stand on these days: after the lead time, within the horizon, in lanes open to the channel."""
        rules = self.services.get(wanted.service_id)
        if rules is None:
            return []
        earliest = now + rules.lead
        found = []
        for each in self._open(wanted, days, now):
            hours = [(max(opens, earliest), closes, phase) for opens, closes, phase in each.hours if closes > earliest]
            if hours:
                found.append(OpenTogether(each.lanes, hours))
        return found

    def opening(self, wanted: Wanted, days: Iterable[date], now: datetime) -> list[OpenRange]:
        """The same lane by lane."""
        return [
            OpenRange(lane, *hours)
            for together in self.open_together(wanted, days, now)
            for lane in together.lanes
            for hours in together.hours
        ]

    def _open(self, wanted: Wanted, days: Iterable[date], now: datetime) -> list[OpenTogether]:
        """The same as `open_together` whatever the lead time."""
        step, last_day = int(self.services[wanted.service_id].grid.total_seconds()), self.last_day(wanted.service_id, now)
        today, returns = self.today(now), self.rules.quota_returns
        begins = {
            day: self.midnight(day)
            for day in days
            if today <= day <= last_day and not (day == today and wanted.service_id in self.closed_today)
        }
        returned = {day for day, midnight in begins.items() if returns is not None and now >= midnight - returns}
        return [
            OpenTogether(
                lanes,
                [
                    (opens, closes, int(midnight.timestamp()) % step)
                    for day, midnight in begins.items()
                    if day in returned or lane.channel in (Channel.BOTH, wanted.channel)
                    for opens, closes in self.hours(lane, day)
                ],
            )
            for lane, lanes in self._kinds(wanted.service_id)
        ]

    def _kinds(self, service_id: int) -> list[tuple[LaneInfo, tuple[int, ...]]]:
        known = self._alike.get(service_id)
        if known is None:
            alike: dict[object, list[LaneInfo]] = {}
            for lane in self.lanes:
                if service_id in lane.services:
                    kind = lane.channel, tuple(sorted(lane.week.items())), tuple(sorted(lane.exceptions.items()))
                    alike.setdefault(kind, []).append(lane)
            known = self._alike[service_id] = [(lanes[0], tuple(lane.id for lane in lanes)) for lanes in alike.values()]
        return known

    def why_nothing(self, wanted: Wanted, day: date, now: datetime) -> NoSlots | None:
        """Why the calendar offers nothing on the day; None when it does, so that only what is taken can be the reason."""
        rules = self.services.get(wanted.service_id)
        if day < self.today(now):
            return NoSlots.PAST
        if rules is None or not any(wanted.service_id in lane.services for lane in self.lanes):
            return NoSlots.NO_LANE
        if day > self.last_day(wanted.service_id, now):
            return NoSlots.HORIZON
        if day == self.today(now) and wanted.service_id in self.closed_today:
            return NoSlots.CLOSURE
        if not self.schedule.intervals(day):
            return NoSlots.HOLIDAY if self.schedule.is_holiday(day) else NoSlots.CLOSURE if self.schedule.closure(day) else NoSlots.HOURS
        if not any(self.hours(lane, day) for lane in self.lanes if wanted.service_id in lane.services):
            return NoSlots.HOURS
        if not any(self.hours(lane, day) for lane in self.lanes_for(wanted, day, now)):
            return NoSlots.KEPT
        last = self._last_start(wanted, day, now)
        if last is None:
            return NoSlots.TOO_LONG
        return NoSlots.LEAD_TIME if last < now + rules.lead else None

    def _last_start(self, wanted: Wanted, day: date, now: datetime) -> datetime | None:
        """The day's last point of the grid at which a visit fits a lane's hours; they go on after midnight where the lane does."""
        rules = self.services[wanted.service_id]
        midnight, following = self.midnight(day), day + timedelta(days=1)
        lanes: dict[tuple[tuple[int, ...], int], list[tuple[datetime, datetime]]] = {}
        for each in self._open(wanted, [day, following], now):
            for opens, closes, phase in each.hours:
                lanes.setdefault((each.lanes, phase), []).append((opens, closes))
        starts = []
        for opens, closes in (span for spans in lanes.values() for span in joined(spans)):
            latest = min(closes - rules.length(wanted.applications), self.midnight(following) - timedelta.resolution)
            start = midnight + (latest - midnight) // rules.grid * rules.grid
            if start >= max(opens, midnight):
                starts.append(start)
        return max(starts, default=None)


def intersection(
    first: Sequence[tuple[datetime, datetime]], second: Sequence[tuple[datetime, datetime]]
) -> list[tuple[datetime, datetime]]:
    """What two lists of intervals have in common."""
    common = []
    for opens, closes in first:
        for also_opens, also_closes in second:
            low, high = max(opens, also_opens), min(closes, also_closes)
            if low < high:
                common.append((low, high))
    return sorted(common)


def joined(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The intervals in their order, as one where they touch."""
    whole: list[tuple[datetime, datetime]] = []
    for opens, closes in sorted(spans):
        if whole and opens <= whole[-1][1]:
            whole[-1] = whole[-1][0], max(closes, whole[-1][1])
        else:
            whole.append((opens, closes))
    return whole


_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)
"""The quasigroup of order 10 from M. Damm's thesis (2004)."""


def check_digit(digits: str) -> str:
    """Damm's check digit: finds every single wrong digit and every swap of neighbours."""
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)


def reference_of(number: int) -> str:
    """The reference that a number of seven digits makes."""
    digits = f"{number:0{REFERENCE_DIGITS - 1}d}"
    return digits + check_digit(digits)


def spoken(reference: str) -> str:
    """4829-1350."""
    return f"{reference[:4]}-{reference[4:]}"


_LOOKS_LIKE: Final = str.maketrans({"O": "0", "О": "0", "Q": "0", "I": "1", "L": "1", "І": "1", "|": "1", "З": "3", "Э": "3", "Z": "2"})
"""Letters, Latin and Cyrillic, that people type for a digit that they see on paper. The check digit finds a wrong guess."""


def reference_in(typed: str) -> str | None:
    """The reference that somebody typed, with whatever spaces, dashes and look-alikes; None when it cannot be one."""
    digits = "".join(character for character in typed.upper().translate(_LOOKS_LIKE) if character.isalnum())
    sound = len(digits) == REFERENCE_DIGITS and digits.isascii() and digits.isdigit() and check_digit(digits) == "0"
    return digits if sound else None
