"""What a page says and in which language: the gettext catalogues, and the local forms of dates, times and waits.

The catalogues are read as text at start, so nothing compiled stands in the repository. English sentences are the keys,
Russian is what people see first, and both catalogues are complete (tests/pages/test_locales.py). A new sentence goes into
both messages.po by hand; the test prints what is missing.
Refuses to know any page and to guess a time zone: whoever shows a time names the office's zone.
"""

import datetime as calendar
import gettext
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Final
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date
from babel.lists import format_list
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2.runtime import Context
from markupsafe import Markup

from queue_service.text import LANGUAGES, Language, Text, pick

LOCALES: Final = Path(__file__).resolve().parent.parent / "locales"
TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
SCRIPTS: Final = Path(__file__).resolve().parent / "static" / "js"

_KEYWORDS: Final = {"_": None, "ngettext": (1, 2)}
_LOCALE: Final[dict[Language, str]] = {"ru": "ru", "en": "en_GB"}
_DAY: Final[dict[Language, str]] = {"ru": "d MMMM, EEEE", "en": "EEEE, d MMMM"}
_SHORT_DAY: Final[dict[Language, str]] = {"ru": "EEE, d MMM", "en": "EEE d MMM"}
_PLURAL_NAMES: Final[dict[Language, dict[str, int]]] = {
    "ru": {"one": 1, "few": 2, "many": 5},
    "en": {"one": 1, "other": 2},
}
"""A number of each kind, by the name that the browser's Intl.PluralRules gives the kind."""


class Translator:
    """One language: sentences from its catalogue, texts of the database, local time. Made once per process."""

    def __init__(self, language: Language, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def gettext(self, message: str, **values: object) -> str:
        """The sentence in this language, with %(name)s filled in."""
        sentence = self._catalogue.gettext(message)
        return sentence % values if values else sentence

    def ngettext(self, singular: str, plural: str, n: int, **values: object) -> str:
        """The sentence in the form that `n` asks for; %(n)s is the number itself."""
        return self._catalogue.ngettext(singular, plural, n) % {"n": n, **values}

    def text(self, text: Text) -> str:
        return pick(text, self.language)

    def time(self, moment: datetime | str, zone: str) -> str:
        """14:30 on the clock of `zone`."""
        return f"{_local(moment, zone):%H:%M}"

    def date(self, moment: datetime | str, zone: str) -> str:
        """12 марта, четверг."""
        return format_date(_local(moment, zone).date(), _DAY[self.language], locale=_LOCALE[self.language])

    def day(self, day: calendar.date) -> str:
        """12 марта, четверг, for a day that is one already."""
        return format_date(day, _DAY[self.language], locale=_LOCALE[self.language])

    def day_in_short(self, day: calendar.date) -> str:
        """чт, 12 мар., for a row of days."""
        return format_date(day, _SHORT_DAY[self.language], locale=_LOCALE[self.language])

    def local_date(self, moment: datetime | str, zone: str) -> calendar.date:
        """Which day it is there."""
        return _local(moment, zone).date()

    def decimal(self, number: float) -> str:
        """3,4 in Russian, 3.4 in English."""
        return format_decimal(round(number, 1), locale=_LOCALE[self.language])

    def day_and_time(self, moment: datetime | str, zone: str, now: datetime | str) -> str:
        """сегодня в 14:30, завтра в 09:00, 12 марта, четверг, в 09:00."""
        local, today = _local(moment, zone), _local(now, zone).date()
        time = f"{local:%H:%M}"
        if local.date() == today:
            return self.gettext("today at %(time)s", time=time)
        if local.date() == today + timedelta(days=1):
            return self.gettext("tomorrow at %(time)s", time=time)
        return self.gettext("%(date)s at %(time)s", date=self.date(local, zone), time=time)

    def minutes(self, low: int, high: int) -> str:
        """8–12 минут: a wait as it stands under a heading. A wait of nothing to five minutes is «до 5 минут»."""
        if low <= 0:
            return self.ngettext("up to %(n)s minute", "up to %(n)s minutes", max(high, 1))
        span = str(low) if low >= high else f"{low}–{high}"
        return self.ngettext("%(span)s minute", "%(span)s minutes", max(low, high), span=span)

    def about_minutes(self, low: int, high: int) -> str:
        """Примерно 8–12 минут, for the middle of a sentence."""
        wait = self.minutes(low, high)
        return wait if low <= 0 else self.gettext("about %(wait)s", wait=wait)

    def one_of(self, items: list[str]) -> str:
        """4, 5 или 7."""
        return format_list(items, style="or", locale=_LOCALE[self.language])

    def script_texts(self, bundle: str) -> Markup:
        """The sentences used by static/js/*.js and static/js/{bundle}/*.js as JSON for `<script type="application/json">`.

        A key with plural forms has one text per form, named as Intl.PluralRules names it.
        """
        texts: dict[str, str | dict[str, str]] = {}
        for message in _script_messages(bundle):
            if isinstance(message, str):
                texts[message] = self._catalogue.gettext(message)
            else:
                texts[message[0]] = {name: self._catalogue.ngettext(*message, n) for name, n in _PLURAL_NAMES[self.language].items()}
        return Markup(json.dumps(texts, ensure_ascii=False).replace("<", "\\u003c"))  # noqa: S704  JSON that cannot close its script


@cache
def translator(language: Language) -> Translator:
    """The translator of a language, read from its messages.po on first use."""
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        catalogue = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translator(language, gettext.GNUTranslations(compiled))


def environment() -> jinja2.Environment:
    """The templates. Each needs `t`, a `Translator`, from which `_` and `ngettext` inside it take their language.

    Reads both catalogues, so that a broken one stops the start and not a page.
    """
    for language in LANGUAGES:
        translator(language)
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals["govuk"] = _govuk()
    templates.globals["_"] = _gettext
    templates.globals["ngettext"] = _ngettext
    return templates


_COMPONENTS: Final = ("back-link", "button", "details", "error-summary", "input", "inset-text", "radios", "summary-list")


def _govuk() -> SimpleNamespace:
    """The components of govuk-frontend that our forms use: `govuk.error_summary({...})`.

    They stand in an environment of their own, because they ask for parameters that nobody gave, which our templates must not.
    """
    components = jinja2.Environment(
        loader=jinja2.PrefixLoader({"govuk_frontend_jinja": jinja2.PackageLoader("govuk_frontend_jinja")}),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    macros = {}
    for name in _COMPONENTS:
        module = components.get_template(f"govuk_frontend_jinja/components/{name}/macro.html").module
        macro = "govuk" + "".join(word.capitalize() for word in name.split("-"))
        macros[name.replace("-", "_")] = getattr(module, macro)
    return SimpleNamespace(**macros)


@jinja2.pass_context
def _gettext(context: Context, message: str, **values: object) -> str:
    return _translator_of(context).gettext(message, **values)


@jinja2.pass_context
def _ngettext(context: Context, singular: str, plural: str, n: int, **values: object) -> str:
    return _translator_of(context).ngettext(singular, plural, n, **values)


def _translator_of(context: Context) -> Translator:
    t = context["t"]
    if not isinstance(t, Translator):
        raise TypeError("a template needs t, a Translator")
    return t


def _local(moment: datetime | str, zone: str) -> datetime:
    """A moment, also as our JSON writes it, on the clock of `zone`."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(ZoneInfo(zone))


@cache
def _script_messages(bundle: str) -> tuple[str | tuple[str, str], ...]:
    """The keys that the scripts of a page use, found by reading the scripts: a list kept by hand would go stale."""
    files = sorted(SCRIPTS.glob("*.js")) + sorted((SCRIPTS / bundle).rglob("*.js"))
    return tuple(dict.fromkeys(message for file in files for message in _messages_of(file)))


def _messages_of(file: Path) -> Iterator[str | tuple[str, str]]:
    with file.open("rb") as source:
        for _line, message, _comments, _context in extract(
            "javascript", source, keywords=_KEYWORDS, options={"parse_template_string": True}
        ):
            yield message if isinstance(message, str) else (message[0], message[1])
