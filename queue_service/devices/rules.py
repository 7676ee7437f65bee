"""What a device may be set to, when its token is renewed, and how a code is written. Pure.

Settings are few and of one table, so that the form, the interface for programs and the pages of the devices agree on what there is.
Refuses settings that it does not know: a misspelt name would look as if it had been set.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from queue_service.devices.errors import BadSettings
from queue_service.devices.models import DeviceKind
from queue_service.text import LANGUAGES, Text

PAGE_VERSIONS: Final[Mapping[DeviceKind, str]] = {DeviceKind.KIOSK: "2", DeviceKind.DISPLAY: "3"}
"""Of the pages that this service hands out; `kiosk/js/device.js` and `display/js/health.js` say the same (a test compares them)."""

CODE_LIFE: Final = timedelta(minutes=10)
"""Long enough to walk from the device to a desk and to type; short enough that a photograph of the screen is worth nothing tomorrow."""
RENEWED_AFTER: Final = timedelta(days=30)
"""A token that was copied from a device (a stolen disk, a shared screen) works for a month at most, and its next use is noticed."""
SAME_SUCCESSOR: Final = timedelta(minutes=5)
"""Two tabs of one device that ask within it get the same successor, so that neither writes a dead one over the other's."""
AFTERMATH: Final = timedelta(seconds=30)
"""Requests with the token before that were under way, or from a second tab, are refused and raise no alarm within it."""


def code_in_groups(code: str) -> str:
    """«483 291»: three digits are read aloud in one breath."""
    return f"{code[:3]} {code[3:]}"


def code_of(typed: str) -> str | None:
    """The six digits that somebody typed, with whatever stands between them; None for anything else."""
    digits = re.sub(r"[\s\-–—.]", "", typed)
    return digits if re.fullmatch(r"[0-9]{6}", digits) else None


def is_to_be_renewed(token_at: datetime | None, now: datetime) -> bool:
    """Whether a device should ask for its next token. One without a date was made for programs (the demo's): it stays."""
    return token_at is not None and now - token_at >= RENEWED_AFTER


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds."""

    least: int
    most: int

    def admits(self, value: Any) -> bool:
        return isinstance(value, int) and not isinstance(value, bool) and self.least <= value <= self.most

    @property
    def sentence(self) -> Text:
        return {
            "ru": f"Нужно целое число от {self.least} до {self.most}.",
            "en": f"Please give a whole number from {self.least} to {self.most}.",
        }


NUMBERS: Final[Mapping[str, Number]] = {
    # Shorter, and a slow reader is thrown out; longer, and a choice waits for the next visitor.
    "idle_seconds": Number(20, 300),
    # From a shop counter to the far end of a station hall.
    "distance_m": Number(2, 25),
    "screen_inches": Number(15, 110),
    "volume": Number(0, 100),
    "rows": Number(1, 12),
}
THEMES: Final = ("dark", "light", "contrast")
DIM: Final = Number(10, 90)
"""Per cent of the light taken away at night; all of it would look like a broken screen."""
LONGEST_CLOSED: Final = 200
"""Characters of «закрыто» that can be read from across a hall."""
OF_KIND: Final[Mapping[DeviceKind, Mapping[str, Any]]] = {
    DeviceKind.KIOSK: {"idle_seconds": 60, "print": True, "languages": ["ru", "en"], "night": None, "closed": None},
    DeviceKind.DISPLAY: {
        "distance_m": 5,
        "screen_inches": 43,
        "volume": 80,
        "rows": 6,
        "theme": "dark",
        "gong": True,
        "languages": ["ru"],
        "night": None,
        "closed": None,
    },
}
"""What a device of this kind can be told, and what holds until somebody does."""

YES_OR_NO: Final[Text] = {"ru": "Нужно «да» или «нет».", "en": "Please give yes or no."}
UNKNOWN: Final[Text] = {"ru": "Такой настройки нет.", "en": "There is no such setting."}
THEME: Final[Text] = {"ru": "Выберите один из вариантов.", "en": "Please choose one of the options."}
LANGUAGE: Final[Text] = {"ru": "Русский язык есть всегда.", "en": "Russian is always offered."}
TIME: Final[Text] = {"ru": "Нужно время вида 22:00.", "en": "Please give a time such as 22:00."}
SAME_TIME: Final[Text] = {"ru": "Начало и конец не должны совпадать.", "en": "The beginning and the end must differ."}
CLOSED_RU: Final[Text] = {"ru": "Напишите, что прочтут посетители.", "en": "Please write what visitors will read in Russian."}
TOO_LONG: Final[Text] = {"ru": f"Не длиннее {LONGEST_CLOSED} знаков.", "en": f"At most {LONGEST_CLOSED} characters."}


def settings_of(kind: DeviceKind, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What a device works by: its own settings over those of its kind."""
    return {name: stored.get(name, value) for name, value in OF_KIND[kind].items()}


def check_settings(kind: DeviceKind, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they are stored. Raises BadSettings with a sentence for each that cannot be."""
    wrong: dict[str, Text] = {}
    kept: dict[str, Any] = {}
    for name, value in wanted.items():
        if name not in OF_KIND[kind]:
            wrong[name] = UNKNOWN
            continue
        found = _wrong_with(name, value)
        wrong.update(found)
        kept[name] = _tidy(name, value) if not found else value
    if wrong:
        raise BadSettings(wrong)
    return kept


def _wrong_with(name: str, value: Any) -> dict[str, Text]:
    if name in NUMBERS:
        return {} if NUMBERS[name].admits(value) else {name: NUMBERS[name].sentence}
    if name == "theme":
        return {} if value in THEMES else {name: THEME}
    if name == "languages":
        known = isinstance(value, list) and all(each in LANGUAGES for each in value) and "ru" in value
        return {} if known else {name: LANGUAGE}
    if name == "night":
        return _wrong_with_night(value)
    if name == "closed":
        return _wrong_with_closed(value)
    return {} if isinstance(value, bool) else {name: YES_OR_NO}


def _tidy(name: str, value: Any) -> Any:
    if name == "languages":
        return [each for each in LANGUAGES if each in value]
    if name == "closed" and value is not None:
        return {language: text for language in LANGUAGES if (text := str(value.get(language, "")).strip())}
    if name == "night" and value is not None:
        return {part: value[part] for part in ("from", "to", "dim")}
    return value


def _wrong_with_night(value: Any) -> dict[str, Text]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        return {"night": TIME}
    wrong = {f"night.{end}": TIME for end in ("from", "to") if minutes_of(value.get(end)) is None}
    if not DIM.admits(value.get("dim")):
        wrong["night.dim"] = DIM.sentence
    if not wrong and value["from"] == value["to"]:
        wrong["night.to"] = SAME_TIME
    return wrong


def _wrong_with_closed(value: Any) -> dict[str, Text]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or not all(isinstance(text, str) for text in value.values()) or not str(value.get("ru", "")).strip():
        return {"closed.ru": CLOSED_RU}
    return {f"closed.{language}": TOO_LONG for language in LANGUAGES if len(value.get(language, "")) > LONGEST_CLOSED}


def minutes_of(clock: Any) -> int | None:
    """Minutes since midnight of a local time such as "22:00"; None for anything else."""
    if not isinstance(clock, str) or not (found := re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", clock)):
        return None
    return int(found[1]) * 60 + int(found[2])


def figures_mm(distance_m: int) -> int:
    """How tall the figures of a display are that is read from so far: a two-hundredth of the distance (display/js/sizes.js says why)."""
    return round(distance_m * 1000 / 200)
