"""When an office is open: pure arithmetic on local time.

Refuses to read a clock or a table; the caller names the moment and the zone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from queue_service.text import Text, pick

DAYS_LOOKED_AHEAD = 14
"""How far «откроется» is searched; longer closures (January holidays are ten days) would be told by the notice, not by us."""


@dataclass(frozen=True, slots=True)
class OpenInterval:
    """Minutes since local midnight, `closes` may be 1440."""

    weekday: int
    opens: int
    closes: int


@dataclass(frozen=True, slots=True)
class ClosureDay:
    """`opens is None` means closed all day."""

    local_date: date
    opens: int | None
    closes: int | None
    reason: Text


def instant(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The instant of a wall-clock minute of a local day; a minute that a DST change skips moves forward with it."""
    return (datetime.combine(day, time()) + timedelta(minutes=minutes)).replace(tzinfo=zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Schedule:
    time_zone: ZoneInfo
    week: Sequence[OpenInterval]
    closures: Sequence[ClosureDay]
    holidays: Mapping[date, Text] = field(default_factory=dict)
    """Public holidays on which the office is closed, unless a dated closure gives the day hours of its own."""

    def local_date(self, now: datetime) -> date:
        return now.astimezone(self.time_zone).date()

    def local_midnight(self, now: datetime) -> datetime:
        """The instant at which the office's current day began."""
        return instant(self.local_date(now), 0, self.time_zone)

    def closure(self, day: date) -> ClosureDay | None:
        """What overrides the week on this date: a dated closure, else a public holiday."""
        dated = next((closure for closure in self.closures if closure.local_date == day), None)
        if dated is None and day in self.holidays:
            return ClosureDay(day, None, None, self.holidays[day])
        return dated

    def is_holiday(self, day: date) -> bool:
        """Closed because of a public holiday, and not by a decision of the office."""
        return day in self.holidays and all(closure.local_date != day for closure in self.closures)

    def _minutes(self, day: date) -> list[tuple[int, int]]:
        closure = self.closure(day)
        if closure is not None:
            if closure.opens is None or closure.closes is None:
                return []
            return [(closure.opens, closure.closes)]
        return sorted((open_.opens, open_.closes) for open_ in self.week if open_.weekday == day.isoweekday())

    def intervals(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open intervals of a local day as instants, in their order."""
        return self.instants(day, self._minutes(day))

    def instants(self, day: date, spans: Iterable[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
        """Minutes of a local day as instants; what a DST change skips whole is left out."""
        moments = [(instant(day, opens, self.time_zone), instant(day, closes, self.time_zone)) for opens, closes in spans]
        return sorted((opens, closes) for opens, closes in moments if opens < closes)

    def closes_at(self, now: datetime) -> datetime | None:
        """When the office closes, over joined intervals (a day that ends at 24:00 goes on into the next); None when closed now."""
        end: datetime | None = None
        day = self.local_date(now)
        for offset in range(2):
            for opens, closes in self.intervals(day + timedelta(days=offset)):
                if opens <= now < closes or (end is not None and opens <= end < closes):
                    end = closes
        return end

    def opens_at(self, now: datetime) -> datetime | None:
        """The next opening after `now`; None when there is none in the coming two weeks."""
        day = self.local_date(now)
        for offset in range(DAYS_LOOKED_AHEAD):
            for opens, _ in self.intervals(day + timedelta(days=offset)):
                if opens > now:
                    return opens
        return None

    def closure_reason(self, now: datetime) -> Text | None:
        """Why the office is closed on this date of all dates; None where it is just outside its hours."""
        closure = self.closure(self.local_date(now))
        return closure.reason if closure is not None and closure.opens is None else None

    def closed_sentence(self, now: datetime) -> Text:
        """Why the office is closed and until when, for the person at the door."""
        reason, opens = self.closure_reason(now), self.opens_at(now)
        ru = f"Сегодня отделение закрыто: {reason['ru']}." if reason else "Отделение сейчас закрыто."
        en = f"The office is closed today: {pick(reason, 'en')}." if reason else "The office is closed now."
        if opens is not None:
            local = opens.astimezone(self.time_zone)
            if local.date() == self.local_date(now):
                ru, en = f"{ru} Откроется сегодня в {local:%H:%M}.", f"{en} It opens today at {local:%H:%M}."
            else:
                ru, en = (
                    f"{ru} Откроется {local:%d.%m} в {local:%H:%M}.",
                    f"{en} It opens on {local:%d.%m} at {local:%H:%M}.",
                )
        return {"ru": ru, "en": en}
