"""The catalogues are complete, so that nobody meets a half-translated page."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

import queue_service
from queue_service.pages.i18n import LOCALES, SCRIPTS, TEMPLATES, translator
from queue_service.text import LANGUAGES, Language

PACKAGE: Final = Path(queue_service.__file__).parent
PLURAL_FORMS: Final = {"ru": 3, "en": 2}
PLACEHOLDER: Final = re.compile(r"%\(\w+\)s")

Key = str | tuple[str, str]


def _key(message: str | tuple[str | None, ...] | None) -> Key:
    if message is None or isinstance(message, str):
        return message or ""
    texts = [text for text in message if text is not None]  # a number stands among them as nothing
    return (texts[0], texts[1]) if len(texts) > 1 else texts[0]


def _template_keys() -> Iterator[Key]:
    for file in TEMPLATES.rglob("*.html"):
        with file.open("rb") as source:
            for _line, _function, message, _comments in babel_extract(source, ["_", "ngettext"], [], {}):
                yield _key(message)


def _script_keys() -> Iterator[Key]:
    for file in SCRIPTS.rglob("*.js"):
        with file.open("rb") as source:
            found = extract("javascript", source, {"_": None, "ngettext": (1, 2)}, options={"parse_template_string": True})
            for _line, message, _comments, _context in found:
                yield _key(message)


def _python_keys() -> Iterator[Key]:
    for file in PACKAGE.rglob("*.py"):
        with file.open("rb") as source:
            for _line, message, _comments, _context in extract("python", source, {"_": None, "gettext": None, "ngettext": (1, 2)}):
                yield _key(message)


@cache
def _python_strings() -> frozenset[str]:
    """Keys also reach gettext through a variable."""
    trees = [ast.parse(file.read_text("utf-8")) for file in (PACKAGE / "pages").rglob("*.py")]
    constants = (node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str))


@cache
def _used_keys() -> frozenset[Key]:
    return frozenset(chain(_template_keys(), _script_keys(), _python_keys()))


@cache
def _catalogue(language: Language) -> Catalog:
    with (LOCALES / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
        return read_po(source, locale=language, abort_invalid=True)


def _messages(language: Language) -> list[Message]:
    return [message for message in _catalogue(language) if message.id]


def _texts(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _keys_of(language: Language) -> frozenset[Key]:
    return frozenset(message.id if isinstance(message.id, str) else (message.id[0], message.id[1]) for message in _messages(language))


def test_pages_scripts_and_code_use_sentences() -> None:
    """A check of the check: an extractor that finds nothing would find nothing missing."""
    assert {"Call the next", "Sign in for staff"} <= _used_keys()
    assert ("%(n)s person", "%(n)s people") in _used_keys()
    assert "No answer yet. Repeating the call…" in _used_keys(), "from a script"
    assert "tomorrow at %(time)s" in _used_keys(), "from Python"


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_in_use_stands_in_the_catalogue(language: Language) -> None:
    missing = _used_keys() - _keys_of(language)
    assert not missing, "\n".join(f'msgid "{key}"' for key in sorted(map(str, missing)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_keeps_no_sentence_that_nobody_uses(language: Language) -> None:
    assert not _keys_of(language) - _used_keys() - _python_strings()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_translation_is_empty_or_fuzzy(language: Language) -> None:
    assert not [message.id for message in _messages(language) if message.fuzzy]
    assert not [message.id for message in _messages(language) if not _texts(message) or not all(_texts(message))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_plurals_have_every_form_of_the_language(language: Language) -> None:
    assert _catalogue(language).num_plurals == PLURAL_FORMS[language]
    plurals = [message for message in _messages(language) if message.pluralizable]
    assert plurals
    assert not [message.id for message in plurals if len(_texts(message)) != PLURAL_FORMS[language]]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_what_its_key_fills_in(language: Language) -> None:
    for message in _messages(language):
        key = message.id if isinstance(message.id, str) else message.id[-1]
        for text in _texts(message):
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(key)), message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_shouted(language: Language) -> None:
    assert not [text for message in _messages(language) for text in _texts(message) if "!" in text]


def test_russian_plurals_follow_the_last_digits() -> None:
    t = translator("ru")
    said = {n: t.ngettext("%(n)s person", "%(n)s people", n) for n in (1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 111)}
    assert said == {
        1: "1 человек",
        2: "2 человека",
        4: "4 человека",
        5: "5 человек",
        11: "11 человек",
        12: "12 человек",
        14: "14 человек",
        21: "21 человек",
        22: "22 человека",
        25: "25 человек",
        111: "111 человек",
    }


def test_waits_read_like_sentences() -> None:
    ru, en = translator("ru"), translator("en")
    assert ru.about_minutes(8, 12) == "примерно 8–12 минут"
    assert ru.minutes(1, 2) == "1–2 минуты"
    assert ru.minutes(21, 21) == "21 минута"
    assert ru.about_minutes(0, 5) == "до 5 минут", "never zero and never less"
    assert ru.minutes(0, 0) == "до 1 минуты"
    assert en.about_minutes(8, 12) == "about 8–12 minutes"


def test_times_are_those_of_the_office() -> None:
    ru, en = translator("ru"), translator("en")
    moment = "2026-03-12T11:30:00.000Z"
    assert ru.time(moment, "Europe/Moscow") == "14:30"
    assert ru.date(moment, "Europe/Moscow") == "12 марта, четверг"
    assert en.date(moment, "Europe/Moscow") == "Thursday, 12 March"
    assert ru.date("2026-03-12T22:30:00Z", "Europe/Moscow") == "13 марта, пятница", "after midnight in Moscow"


def test_a_day_is_named_by_how_near_it_is() -> None:
    t = translator("ru")
    now = "2026-03-12T11:30:00Z"
    assert t.day_and_time("2026-03-12T15:00:00Z", "Europe/Moscow", now) == "сегодня в 18:00"
    assert t.day_and_time("2026-03-13T06:00:00Z", "Europe/Moscow", now) == "завтра в 09:00"
    assert t.day_and_time("2026-03-16T06:00:00Z", "Europe/Moscow", now) == "16 марта, понедельник, в 09:00"


def test_alternatives_are_listed_with_or() -> None:
    assert translator("ru").one_of(["4", "5", "7"]) == "4, 5 или 7"
    assert translator("en").one_of(["4", "5"]) == "4 or 5"


@pytest.mark.parametrize("bundle", ["ticket", "desk"])
def test_scripts_get_the_sentences_they_use(bundle: str) -> None:
    texts = str(translator("ru").script_texts(bundle))
    assert "Обновить" in texts or "минут" in texts
    assert "</" not in texts, "the JSON must not be able to close its script element"
