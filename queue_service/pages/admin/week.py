"""Hours as a form has them: one line of text per weekday and per date. The drawn week of the page only writes into these lines.

What was typed is kept as it was typed until it can be read. Refuses to judge hours: the rules of the city file do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from queue_service.administration.hours import read_spans, rows_of, typed_week
from queue_service.pages.admin.forms import Refused, Typed
from queue_service.pages.i18n import Translator

WEEKDAYS: Final = range(1, 8)
BLANK_ROWS: Final = 2
"""Empty rows for new dates, so that one can be added without JavaScript."""
UNREADABLE: Final = "Write the hours like 09:00–13:00, 14:00–18:00, or leave the line empty"
ONE_SPAN: Final = "Write one interval like 10:00–15:00, or leave the line empty if it is closed all day"


@dataclass(frozen=True, slots=True)
class Lines:
    """What a form said, and what of it could not be read."""

    value: Any
    errors: dict[str, str] = field(default_factory=dict)
    """By field."""
    fields: dict[str, str] = field(default_factory=dict)
    """Where a place of the document stands in the form."""


def read_week(t: Translator, typed: Typed, part: str) -> Lines:
    """Fields `day.1` to `day.7` as the file's rows; `part` is what the document calls them."""
    spans: dict[int, list[tuple[str, str]]] = {}
    errors = {}
    for weekday in WEEKDAYS:
        read = read_spans(typed.line(f"day.{weekday}"))
        if read is None:
            errors[f"day.{weekday}"] = t.gettext(UNREADABLE)
        else:
            spans[weekday] = read
    rows = rows_of(spans)
    fields = {f"{part}.{index}": f"day.{row['days'][0]}" for index, row in enumerate(rows)}
    return Lines(rows, errors, {part: "day.1", **fields})


def read_closures(t: Translator, typed: Typed) -> Lines:
    """Fields `closures.0.date`, `.hours`, `.reason.ru`, `.reason.en`; a row without a date, or marked as removed, is none."""
    rows: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    fields: dict[str, str] = {}
    for name in _rows(typed, "closures"):
        spans = read_spans(typed.line(f"{name}.hours"))
        if spans is None or len(spans) > 1:
            errors[f"{name}.hours"] = t.gettext(ONE_SPAN)
            continue
        opens, closes = spans[0] if spans else (None, None)
        place = f"closures.{len(rows)}"
        fields |= {place: f"{name}.hours", f"{place}.reason.ru": f"{name}.reason.ru", f"{place}.date": f"{name}.date"}
        rows.append({"date": typed.line(f"{name}.date"), "reason": typed.both(f"{name}.reason"), "from": opens, "to": closes})
    return Lines(rows, errors, fields)


def read_exceptions(t: Translator, typed: Typed) -> Lines:
    """Fields `exceptions.0.date`, `.hours`; several intervals of one date are several rows of the file, none is a closed day."""
    rows: list[dict[str, Any]] = []
    errors: dict[str, str] = {}
    fields: dict[str, str] = {}
    for name in _rows(typed, "exceptions"):
        spans = read_spans(typed.line(f"{name}.hours"))
        if spans is None:
            errors[f"{name}.hours"] = t.gettext(UNREADABLE)
            continue
        day = typed.line(f"{name}.date")
        said: list[dict[str, Any]] = [{"date": day, "from": opens, "to": closes} for opens, closes in spans]
        for row in said or [{"date": day, "from": None, "to": None}]:
            fields |= {f"exceptions.{len(rows)}": f"{name}.hours", f"exceptions.{len(rows)}.date": f"{name}.date"}
            rows.append(row)
    return Lines(rows, errors, fields)


def _rows(typed: Typed, part: str) -> Iterable[str]:
    return (name for name in typed.rows(part) if typed.line(f"{name}.date") and not typed.flag(f"{name}.remove"))


def typed_lines(typed: Typed, part: str) -> list[dict[str, Any]]:
    """The rows as they were typed, to be shown again."""
    return [
        {
            "date": typed.line(f"{name}.date"),
            "hours": typed.line(f"{name}.hours"),
            "reason": typed.both(f"{name}.reason"),
            "remove": typed.flag(f"{name}.remove"),
        }
        for name in typed.rows(part)
    ]


def typed_days(typed: Typed) -> dict[int, str]:
    return {weekday: typed.line(f"day.{weekday}") for weekday in WEEKDAYS}


def days_of(rows: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The file's rows as lines of a form."""
    week = frozenset((day, _minute(row["from"]), _minute(row["to"])) for row in rows for day in row["days"])
    return typed_week(week)


def lines_of(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Dated rows, one line for each date, and empty ones for more."""
    dated: dict[str, dict[str, Any]] = {}
    for row in rows:
        line = dated.setdefault(row["date"], {"date": row["date"], "hours": "", "reason": row.get("reason"), "remove": False})
        if row["from"] is not None:
            line["hours"] = ", ".join(filter(None, [line["hours"], f"{row['from']}–{row['to']}"]))
    return [*dated.values(), *({"date": "", "hours": "", "reason": None, "remove": False} for _ in range(BLANK_ROWS))]


def _minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def unreadable(errors: Mapping[str, str]) -> Refused:
    """Nothing was tried: what was typed cannot be read."""
    return Refused(422, dict(errors), [{"field": name, "text": sentence} for name, sentence in errors.items()])


def at_fields(refusal: Refused, *lines: Lines) -> Refused:
    """The refusal with each sentence at the field in which it was typed."""
    places = {place: name for each in lines for place, name in each.fields.items()}

    def field_of(place: str) -> str:
        while place and place not in places:
            shorter = place.rpartition(".")[0]
            if not shorter:
                return place
            place = shorter
        return places.get(place, place)

    errors = {(places.get(place) or field_of(place)): sentence for place, sentence in refusal.errors.items()}
    mistakes: list[Mapping[str, str | None]] = [{"field": name or None, "text": sentence} for name, sentence in errors.items()]
    return Refused(refusal.status, errors, mistakes or refusal.mistakes, refusal.changed, refusal.fallout, refusal.stands)
