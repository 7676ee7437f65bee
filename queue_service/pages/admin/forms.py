"""What a form of administration sent, and what is shown again when it could not be saved: nothing that was typed is lost.

A form carries what it was filled with (`seen`), so that whoever saves later is told what changed meanwhile. Refuses to judge a value:
the rules of the city file do, and say it beside the field.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import BadEdit, Edit, EditConflict, FallOut, edit
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.errors import DomainError
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest
from queue_service.text import LANGUAGES, Text

_PAIRS: Final = (
    "а:a б:b в:v г:g д:d е:e ё:e ж:zh з:z и:i й:y к:k л:l м:m н:n о:o п:p р:r с:s т:t у:u ф:f х:h ц:ts ч:ch ш:sh щ:sch"
    " ъ: ы:y ь: э:e ю:yu я:ya"
)
LATIN: Final[Mapping[str, str]] = {pair[0]: pair[2:] for pair in _PAIRS.split(" ")}
LONGEST_CODE: Final = 60


class Typed:
    """The fields of a form by their dotted names."""

    def __init__(self, fields: Mapping[str, Any], many: Mapping[str, list[str]]) -> None:
        self._fields = fields
        self._many = many

    @classmethod
    async def of(cls, request: AnyRequest) -> "Typed":
        form = await request.form()
        pairs = [(name, value.replace("\x00", "")) for name, value in form.multi_items() if isinstance(value, str)]
        many: dict[str, list[str]] = {}
        for name, value in pairs:
            many.setdefault(name, []).append(value)
        return cls({name: values[-1] for name, values in many.items()}, many)

    def __contains__(self, name: str) -> bool:
        return name in self._fields

    def line(self, name: str) -> str:
        """One line, without blanks around it."""
        return " ".join(str(self._fields.get(name, "")).split())

    def line_or_none(self, name: str) -> str | None:
        return self.line(name) or None

    def number(self, name: str) -> Any:
        """An integer, None where nothing was typed, else what was typed: the rules say what is wrong with it."""
        typed = self.line(name)
        return int(typed) if re.fullmatch(r"-?[0-9]{1,9}", typed) else typed or None

    def decimal(self, name: str) -> Any:
        """The same for degrees; a comma is a point."""
        typed = self.line(name).replace(",", ".")
        return float(typed) if re.fullmatch(r"-?[0-9]{1,4}(\.[0-9]{1,12})?", typed) else typed or None

    def flag(self, name: str) -> bool:
        return bool(self._fields.get(name))

    def both(self, name: str) -> Text:
        """A sentence in its languages; an empty one stays, so that the rules can ask for it."""
        return {language: self.line(f"{name}.{language}") for language in LANGUAGES}

    def both_or_none(self, name: str) -> Text | None:
        said = self.both(name)
        return said if any(said.values()) else None

    def many(self, name: str) -> list[str]:
        return self._many.get(name, [])

    def rows(self, name: str) -> list[str]:
        """Names of the rows of a list, `documents.0`, `documents.1`, in the order of their numbers."""
        start = re.compile(re.escape(name) + r"\.([0-9]{1,3})\.")
        numbers = {int(found.group(1)) for each in self._fields if (found := start.match(each))}
        return [f"{name}.{number}" for number in sorted(numbers)]

    @property
    def seen(self) -> Any:
        """What the form was filled with; None where it says nothing that can be read."""
        try:
            return json.loads(str(self._fields.get("seen", "null")))
        except (ValueError, RecursionError):
            return None

    @property
    def seen_fields(self) -> dict[str, Any]:
        """The same, of a form that was filled with fields by name; nothing where somebody has written something else into it."""
        return self.seen if isinstance(self.seen, dict) else {}


def carried(seen: Any) -> str:
    """`seen` for the hidden field."""
    return json.dumps(seen, ensure_ascii=False, separators=(",", ":"))


def only(part: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """The fields that a form shows."""
    return {name: part[name] for name in names if name in part}


def code_of(*names: str, taken: Iterable[str] = ()) -> str:
    """A code for something new, from its name: latin letters, digits and hyphens, not among those taken."""
    for name in names:
        latin = "".join(LATIN.get(letter, letter) for letter in name.casefold())
        words = re.findall(r"[a-z0-9]+", latin)
        code = "-".join(words).lstrip("0123456789-")[: LONGEST_CODE - 4].rstrip("-")
        if code:
            break
    else:
        code = "new"
    used, number, free = set(taken), 2, code
    while free in used:
        free, number = f"{code}-{number}", number + 1
    return free


@dataclass(frozen=True, slots=True)
class Refused:
    """Why nothing was saved, as a page shows it."""

    status: int
    errors: Mapping[str, str] = field(default_factory=dict)
    """By field."""
    mistakes: Sequence[Mapping[str, str | None]] = ()
    """For the box above the form."""
    changed: Sequence[Mapping[str, str]] = ()
    fallout: FallOut | None = None
    stands: Mapping[str, Any] = field(default_factory=dict)
    """What stands in the fields that somebody else changed."""


NOTHING_WRONG: Final = Refused(200)


async def attempt(
    db: AsyncSession, edits: Sequence[Edit], actor: Actor, now: datetime, booking: Booking | None = None
) -> DomainError | None:
    """Saves all of them or none; what was in the way, for the page to show."""
    try:
        async with db.begin_nested():
            for each in edits:
                await edit(db, each, actor, now, booking)
    except (BadEdit, EditConflict, FallOut) as error:
        return error
    return None


def refused(t: Translator, error: DomainError, labels: Mapping[str, str] | None = None) -> Refused:
    """The refusal in the page's language. `labels`: fields by their names on the page, for what somebody else changed."""
    if isinstance(error, BadEdit):
        errors = {place: _as_a_sentence(t, sentence) for place, sentence in error.places.items()}
        mistakes = [{"field": place or None, "text": _where(t, place, labels or {}) + said} for place, said in errors.items()]
        return Refused(error.status, errors, mistakes)
    if isinstance(error, EditConflict):
        lines = [
            {"what": t.gettext((labels or {}).get(name, "This")), "before": spoken(t, seen), "after": spoken(t, stands)}
            for name, (seen, stands) in error.changed.items()
        ]
        stands = {name: both[1] for name, both in error.changed.items()}
        return Refused(error.status, changed=lines, stands=stands)
    mistakes = [{"field": None, "text": t.text(error.text)}]
    return Refused(error.status, mistakes=mistakes, fallout=error if isinstance(error, FallOut) else None)


_NOTHING_TYPED: Final = "expected a text that is not empty, but here is an empty text"


def _as_a_sentence(t: Translator, told: Text) -> str:
    """The rules speak in the middle of a line, «ожидается …»; a form says it by itself, and asks for what is just missing."""
    if told.get("en") == _NOTHING_TYPED:
        return t.gettext("Please fill this in.")
    said = t.text(told)
    return f"{said[:1].upper()}{said[1:]}".removesuffix(".") + "."


def _where(t: Translator, place: str, labels: Mapping[str, str]) -> str:
    """«Название, по-английски: », so that the box above the form can be read by itself; "" for what the page has no name for."""
    steps = place.split(".")
    label = next((labels[step] for step in reversed(steps) if step and step in labels), None)
    if label is None:
        return ""
    which = [str(int(step) + 1) for step in steps if step.isdigit() and len(steps) > 1]
    language = {"ru": t.gettext("in Russian"), "en": t.gettext("in English")}.get(steps[-1])
    return ", ".join(filter(None, [" ".join([t.gettext(label), *which]), language])) + ": "


def seen_again(seen: Any, refusal: Refused) -> Any:
    """What the next saving compares with: who has been told of a change has seen it."""
    if "" in refusal.stands:
        return refusal.stands[""]
    return {**seen, **refusal.stands} if isinstance(seen, dict) else seen


def spoken(t: Translator, value: Any) -> str:
    """A configured value in a sentence."""
    if value is None or value in ("", [], {}):
        return t.gettext("nothing")
    if isinstance(value, bool):
        return t.gettext("yes") if value else t.gettext("no")
    if isinstance(value, dict):
        if "ru" in value:
            return t.text(value)
        if "name" in value:
            return spoken(t, value["name"])
        return ", ".join(spoken(t, each) for each in value.values() if each is not None)
    if isinstance(value, list):
        return ", ".join(spoken(t, each) for each in value)
    return str(value)


def back_to(path: str, saved: str = "1") -> Redirect:
    """After a change that worked; the page says so."""
    return Redirect(f"{path}{'&' if '?' in path else '?'}saved={saved}", status_code=HTTP_303_SEE_OTHER)


def form_context(refusal: Refused, seen: Any) -> dict[str, Any]:
    """What every form's template gets: `errors`, `mistakes`, `changed`, `seen`."""
    return {
        "errors": dict(refusal.errors),
        "mistakes": list(refusal.mistakes),
        "changed": list(refusal.changed),
        "seen": carried(seen_again(seen, refusal)),
    }


def moved(items: Sequence[Any], key: str, code: str, *, up: bool) -> list[Any]:
    """The list with one item a place higher or lower; the same list where it cannot go."""
    order = list(items)
    at = next((index for index, each in enumerate(order) if each[key] == code), None)
    there = None if at is None else at - 1 if up else at + 1
    if at is not None and there is not None and 0 <= there < len(order):
        order[at], order[there] = order[there], order[at]
    return order
