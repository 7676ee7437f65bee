"""When an office is open: pure arithmetic on local time.

Refuses to read a clock or a table; the caller names the moment and the zone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Schedule:
    time_zone: ZoneInfo
    week: Sequence[OpenInterval]
    closures: Sequence[ClosureDay]

    def local_date(self, now: datetime) -> date:
        return now.astimezone(self.time_zone).date()

    def local_midnight(self, now: datetime) -> datetime:
        """The instant at which the office's current day began."""
        return datetime.combine(self.local_date(now), time(), self.time_zone).astimezone(UTC)

    def _closure(self, day: date) -> ClosureDay | None:
        return next((closure for closure in self.closures if closure.local_date == day), None)

    def _minutes(self, day: date) -> list[tuple[int, int]]:
        closure = self._closure(day)
        if closure is not None:
            if closure.opens is None or closure.closes is None:
                return []
            return [(closure.opens, closure.closes)]
        return sorted((open_.opens, open_.closes) for open_ in self.week if open_.weekday == day.isoweekday())

    def intervals(self, day: date) -> list[tuple[datetime, datetime]]:
        """The open intervals of a local day as instants, in their order.

        Wall-clock times that a DST change skips move forward with it; an interval that it skips to the end is left out.
        """
        midnight = datetime.combine(day, time())
        spans = [
            (
                (midnight + timedelta(minutes=opens)).replace(tzinfo=self.time_zone).astimezone(UTC),
                (midnight + timedelta(minutes=closes)).replace(tzinfo=self.time_zone).astimezone(UTC),
            )
            for opens, closes in self._minutes(day)
        ]
        return sorted((opens, closes) for opens, closes in spans if opens < closes)

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
        closure = self._closure(self.local_date(now))
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
