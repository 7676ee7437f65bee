"""Hours in the forms that administration compares: minutes of a week, the city file's rows, and what a person types per weekday.

Pure. Refuses to judge: whether hours collide is said by the city file's rules.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from queue_service.offices.configuration import LaneException, OpeningHours, minute_of_day

Week = frozenset[tuple[int, int, int]]
"""ISO weekday, opening and closing minute since local midnight."""

_SPAN: Final = re.compile(r"(\d{1,2})[:.](\d{2})\s*[-–—]\s*(\d{1,2})[:.](\d{2})")
_CLOSED: Final = frozenset({"", "-", "–", "—", "закрыто", "выходной", "closed"})


def clock_time(minute: int) -> str:
    """1440 is "24:00"."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def span(opens: int | None, closes: int | None) -> dict[str, str | None]:
    """Fields of a dated row."""
    return {"opens": None if opens is None else clock_time(opens), "closes": None if closes is None else clock_time(closes)}


def minutes_of_week(rows: Iterable[Any]) -> Week:
    return frozenset((row.weekday, row.opens, row.closes) for row in rows)


def said_week(hours: Iterable[OpeningHours]) -> Week:
    return frozenset((day, minute_of_day(each.opens), minute_of_day(each.closes)) for each in hours for day in each.days)


def week_of(week: Week) -> list[OpeningHours]:
    """The file's rows, each span once with all of its days: one spelling for equal weeks."""
    days: dict[tuple[int, int], list[int]] = defaultdict(list)
    for weekday, opens, closes in sorted(week):
        days[opens, closes].append(weekday)
    rows = [OpeningHours(days=named, opens=clock_time(opens), closes=clock_time(closes)) for (opens, closes), named in days.items()]
    return sorted(rows, key=lambda row: (row.days[0], row.opens, row.closes))


def in_order(exceptions: Iterable[LaneException]) -> list[LaneException]:
    return sorted(exceptions, key=lambda each: (each.local_date, each.opens or ""))


def typed_week(week: Week) -> dict[int, str]:
    """`{1: "09:00–13:00, 14:00–18:00", …}` for a form; a closed day is empty."""
    return {day: ", ".join(f"{clock_time(a)}–{clock_time(b)}" for d, a, b in sorted(week) if d == day) for day in range(1, 8)}


def read_spans(typed: str) -> list[tuple[str, str]] | None:
    """What a person typed for one day, «9:00-13:00, 14.00–18.00»; None where it cannot be read."""
    plain = typed.strip().lower()
    if plain in _CLOSED:
        return []
    spans = []
    for part in re.split(r"[,;]", plain):
        found = _SPAN.fullmatch(part.strip())
        if found is None:
            return None
        opens, closes = f"{int(found[1]):02d}:{found[2]}", f"{int(found[3]):02d}:{found[4]}"
        if closes == "00:00":
            closes = "24:00"
        if not all(re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00", each) for each in (opens, closes)):
            return None
        spans.append((opens, closes))
    return spans


def rows_of(spans: Mapping[int, Iterable[tuple[str, str]]]) -> list[dict[str, Any]]:
    """The file's rows as plain values, in its one spelling; hours that collide are kept, for the rules to speak of."""
    days: dict[tuple[str, str], list[int]] = defaultdict(list)
    for weekday in sorted(spans):
        for each in spans[weekday]:
            days[each].append(weekday)
    rows = [{"days": named, "from": opens, "to": closes} for (opens, closes), named in days.items()]
    return sorted(rows, key=lambda row: (row["days"], row["from"]))
