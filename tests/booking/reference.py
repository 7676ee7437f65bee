"""Booking once more, minute by minute: what `rules`, `availability` and `hold` must agree with.

Written to be obvious and slow. It walks the minutes of a day as a clock on the wall shows them and asks of each whether a lane is open and
nobody has it. Refuses everything the real thing is made of: ranges, SQL, offsets, arithmetic on zones.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Spans = Sequence[tuple[int, int]]
"""Opening and closing minute of a day, as somebody typed them."""


@cache
def the_minutes_of(zone: str, day: date) -> tuple[tuple[datetime, int], ...]:
    """Every minute of a local day with what the clock on the wall shows, in minutes; 23 or 25 hours of them, or none at all."""
    walked = []
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - DAY
    for _ in range(3 * 24 * 60):
        wall = moment.astimezone(ZoneInfo(zone))
        if wall.date() == day:
            walked.append((moment, wall.hour * 60 + wall.minute))
        moment += MINUTE
    return tuple(walked)


@cache
def open_minutes(zone: str, day: date, spans: tuple[tuple[int, int], ...]) -> frozenset[datetime]:
    """The minutes of the day within these hours."""
    walked = the_minutes_of(zone, day)
    return frozenset(moment for opens, closes in spans for moment, _ in walked[_place(walked, opens) : _place(walked, closes)])


def _place(walked: Sequence[tuple[datetime, int]], typed: int) -> int:
    """Where in the day the clock first shows what was typed; a minute that the clock jumps over comes as much after the jump."""
    before = -1
    for place, (_, shown) in enumerate(walked):
        if shown == typed:
            return place
        if before < typed < shown:
            return place + typed - (before + 1)
        before = shown
    return len(walked)


@dataclass
class TheLane:
    """A lane as somebody wrote it down."""

    takes_it: bool
    channel: str
    week: dict[int, Spans]
    exceptions: dict[date, Spans]
    taken: list["Taken"] = field(default_factory=list)


@dataclass
class Taken:
    starts: datetime
    ends: datetime
    kind: str
    expires: datetime | None
    own: bool = False
    """The part of the one who asks."""

    def is_in_the_way(self, now: datetime, beyond: "Sees") -> bool:
        if self.expires is not None and self.expires <= now:
            return False
        if self.kind == "freed" and beyond.freed:
            return False
        return not (self.own and beyond.own)


@dataclass(frozen=True)
class Sees:
    """What somebody sees as free that is not free to all."""

    freed: bool = False
    own: bool = False


@dataclass
class TheOffice:
    """An office and one service of it; all times in minutes."""

    zone: str
    week: dict[int, Spans]
    closures: dict[date, Spans]
    holidays: frozenset[date]
    lanes: list[TheLane]
    grid: int
    length: int
    lead: int
    horizon: int
    quota_returns: int | None
    known: dict[tuple[datetime, str], list[int]] = field(default_factory=dict)
    """What `lanes_at` has counted already, for one moment."""

    def date_of(self, moment: datetime) -> date:
        return moment.astimezone(ZoneInfo(self.zone)).date()

    def begins(self, day: date) -> datetime:
        """The first minute of the first day from this one on that has any."""
        while not the_minutes_of(self.zone, day):
            day += DAY
        return the_minutes_of(self.zone, day)[0][0]

    def office_minutes(self, day: date) -> frozenset[datetime]:
        if day in self.closures:
            return open_minutes(self.zone, day, tuple(self.closures[day]))
        if day in self.holidays:
            return frozenset()
        return open_minutes(self.zone, day, tuple(self.week.get(day.isoweekday(), ())))

    def lane_minutes(self, lane: TheLane, day: date) -> frozenset[datetime]:
        hours = lane.exceptions[day] if day in lane.exceptions else lane.week.get(day.isoweekday(), ())
        return open_minutes(self.zone, day, tuple(hours)) & self.office_minutes(day)

    def is_for(self, lane: TheLane, channel: str, day: date, now: datetime) -> bool:
        if lane.channel in ("both", channel):
            return True
        return self.quota_returns is not None and now >= self.begins(day) - self.quota_returns * MINUTE

    def bookable(self, lane: TheLane, channel: str, day: date, now: datetime) -> frozenset[datetime]:
        """The minutes of the day in which the lane may have a visit of this channel."""
        today = self.date_of(now)
        if not lane.takes_it or not today <= day <= today + self.horizon * DAY or not self.is_for(lane, channel, day, now):
            return frozenset()
        return self.lane_minutes(lane, day)

    def grid_of(self, day: date) -> list[datetime]:
        """When visits may begin, counted from the day's first minute."""
        return [moment for moment, _ in the_minutes_of(self.zone, day)[:: self.grid]]

    def joins(self, day: date) -> bool:
        """Whether a visit may go on after midnight: where half an hour is skipped, an hour's grid is another one on the next day."""
        return (self.begins(day + DAY) - self.begins(day)) % (self.grid * MINUTE) == timedelta()

    def lanes_at(self, start: datetime, channel: str, now: datetime) -> list[int]:
        """The places of the lanes that could take a visit if nothing were taken, whenever it must be booked."""
        if (start, channel) not in self.known:
            self.known[start, channel] = self._lanes_at(start, channel, now)
        return self.known[start, channel]

    def _lanes_at(self, start: datetime, channel: str, now: datetime) -> list[int]:
        day = self.date_of(start)
        if start not in self.grid_of(day):
            return []
        visit = [start + each * MINUTE for each in range(self.length)]
        found = []
        for place, lane in enumerate(self.lanes):
            minutes = self.bookable(lane, channel, day, now)
            if self.joins(day):
                minutes |= self.bookable(lane, channel, day + DAY, now)
            if all(minute in minutes for minute in visit):
                found.append(place)
        return found

    def in_time(self, start: datetime, now: datetime) -> bool:
        return start >= now + self.lead * MINUTE

    def free_lanes(self, start: datetime, channel: str, now: datetime, beyond: Sees) -> list[int]:
        if not self.in_time(start, now):
            return []
        ends = start + self.length * MINUTE
        return [
            place
            for place in self.lanes_at(start, channel, now)
            if not any(each.starts < ends and start < each.ends and each.is_in_the_way(now, beyond) for each in self.lanes[place].taken)
        ]

    def offers(self, day: date, channel: str, now: datetime, beyond: Sees) -> dict[datetime, int]:
        """Start -> how many lanes are free."""
        lanes = {start: len(self.free_lanes(start, channel, now, beyond)) for start in self.grid_of(day)}
        return {start: free for start, free in lanes.items() if free}

    def why_nothing(self, day: date, channel: str, now: datetime) -> str:
        """The first reason that a person would name."""
        today = self.date_of(now)
        lanes = [lane for lane in self.lanes if lane.takes_it]
        fitting = [start for start in self.grid_of(day) if self.lanes_at(start, channel, now)]
        closed = "closure" if day in self.closures else "holiday" if day in self.holidays else "hours"
        reasons = [
            ("past", day < today),
            ("no_lane", not lanes),
            ("horizon", day > today + self.horizon * DAY),
            (closed, not self.office_minutes(day)),
            ("hours", not any(self.lane_minutes(lane, day) for lane in lanes)),
            ("kept", not any(self.bookable(lane, channel, day, now) for lane in lanes)),
            ("too_long", not fitting),
            ("lead_time", not any(self.in_time(start, now) for start in fitting)),
        ]
        return next((reason for reason, is_so in reasons if is_so), "full")
