"""Sentences that the city or an office says in its own words: on the ticket, on the display, in letters.

One registry says which there are, what may stand in them and how long they may be; an office's own goes before the city's, which goes
before the default. Refuses formats and expressions: a placeholder is a name in braces, replaced as plain text.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from queue_service.text import LANGUAGES, Text

_PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
_LEFT_OVER: Final = re.compile(r"[{}]")
PLACEHOLDERS: Final[Mapping[str, Text]] = {
    "office": {"ru": "название отделения", "en": "the office's name"},
    "address": {"ru": "адрес отделения", "en": "the office's address"},
    "phone": {"ru": "телефон отделения", "en": "the office's telephone"},
    "number": {"ru": "номер талона", "en": "the ticket's number"},
    "service": {"ru": "услуга", "en": "the service"},
    "date": {"ru": "дата", "en": "the date"},
    "time": {"ru": "время", "en": "the time"},
    "reference": {"ru": "код записи", "en": "the booking code"},
}
_VISIT: Final = ("office", "address", "phone", "service", "date", "time", "reference")


@dataclass(frozen=True, slots=True)
class WordingForm:
    """What one sentence may be."""

    code: str
    name: Text
    where: Text
    """Who reads it, and when."""
    placeholders: tuple[str, ...]
    longest: int
    """Characters, with the placeholders filled in by the longest facts that we show as an example."""
    why_longest: Text
    default: Text
    """What is said where nobody wrote anything; empty: nothing."""
    shown_as: str
    """The preview: `ticket`, `letter`, `sms` or `display`."""


_PAPER: Final[Text] = {"ru": "три строки на бумаге шириной 80 мм", "en": "three lines on paper 80 mm wide"}
_LETTER: Final[Text] = {"ru": "один абзац, который дочитают до конца", "en": "one paragraph that is read to its end"}
_NOTHING: Final[Text] = {"ru": "", "en": ""}
WORDINGS: Final[Mapping[str, WordingForm]] = {
    form.code: form
    for form in (
        WordingForm(
            "ticket-note",
            {"ru": "Строка на талоне", "en": "Line on the ticket"},
            {
                "ru": "Внизу бумажного талона и на странице талона в телефоне.",
                "en": "At the foot of the paper ticket and on the ticket's page on the phone.",
            },
            ("office", "phone", "number", "date", "time"),
            120,
            _PAPER,
            _NOTHING,
            "ticket",
        ),
        WordingForm(
            "message-confirmation",
            {"ru": "В подтверждении записи", "en": "In the confirmation of a booking"},
            {
                "ru": "Отдельный абзац письма о новой и о перенесённой записи, после списка документов.",
                "en": "A paragraph of its own in the letter about a new or a moved booking, after the documents to bring.",
            },
            _VISIT,
            400,
            _LETTER,
            _NOTHING,
            "letter",
        ),
        WordingForm(
            "message-reminder",
            {"ru": "В напоминании", "en": "In the reminder"},
            {
                "ru": "Отдельный абзац напоминания за два дня и в день приёма.",
                "en": "A paragraph of its own in the reminders two days before and on the day.",
            },
            _VISIT,
            400,
            _LETTER,
            _NOTHING,
            "letter",
        ),
        WordingForm(
            "message-cancellation",
            {"ru": "В письме об отмене", "en": "In the letter of a cancellation"},
            {"ru": "Отдельный абзац письма об отменённой записи.", "en": "A paragraph of its own in the letter of a cancelled booking."},
            tuple(name for name in _VISIT if name != "reference"),
            400,
            _LETTER,
            _NOTHING,
            "letter",
        ),
        WordingForm(
            "message-signature",
            {"ru": "Подпись в письмах", "en": "Signature of letters"},
            {"ru": "В конце каждого письма о записи.", "en": "At the end of every letter about a booking."},
            ("office", "address", "phone"),
            200,
            {"ru": "подпись, а не ещё одно письмо", "en": "a signature, not another letter"},
            _NOTHING,
            "letter",
        ),
        WordingForm(
            "message-sms",
            {"ru": "В конце СМС", "en": "At the end of a text message"},
            {
                "ru": "Добавляется к СМС о записи, если в нём осталось место; ссылка важнее.",
                "en": "Added to a text message about a booking where there is room left; the link goes first.",
            },
            ("phone",),
            40,
            {
                "ru": "в двух частях СМС 134 знака, и почти все уже заняты",
                "en": "two parts of a text message are 134 characters, and nearly all are taken",
            },
            _NOTHING,
            "sms",
        ),
        WordingForm(
            "display-closed",
            {"ru": "На табло вне часов работы", "en": "On the display outside opening hours"},
            {
                "ru": "Вместо обычной строки; время открытия табло добавит само. В день особого закрытия показывается его причина.",
                "en": "Instead of the usual line; the display adds by itself when the office opens. On a closure its reason is shown.",
            },
            ("office", "phone"),
            90,
            {"ru": "две строки, которые читают через весь зал", "en": "two lines that are read across the hall"},
            _NOTHING,
            "display",
        ),
    )
}
EXAMPLE: Final[Mapping[str, Text]] = {
    "office": {"ru": "Единое окно Центрального района", "en": "Central District office"},
    "address": {"ru": "Невский проспект, 176", "en": "176 Nevsky Prospekt"},
    "phone": {"ru": "+7 812 000-00-00", "en": "+7 812 000-00-00"},
    "number": {"ru": "А012", "en": "А012"},
    "service": {"ru": "Регистрация по месту жительства", "en": "Registration of permanent residence"},
    "date": {"ru": "12 марта", "en": "12 March"},
    "time": {"ru": "14:30", "en": "14:30"},
    "reference": {"ru": "4829-1350", "en": "4829-1350"},
}
"""What a preview fills the placeholders with where there is no real office."""


def filled(sentence: str, facts: Mapping[str, str]) -> str:
    """The sentence with its placeholders replaced; one that has no fact is left out."""
    return " ".join(_PLACEHOLDER.sub(lambda found: facts.get(found.group(1), ""), sentence).split())


def filled_text(sentence: Text, facts: Mapping[str, Text]) -> Text:
    """The same in every language that the sentence has."""
    return {language: filled(said, {name: fact.get(language, "") for name, fact in facts.items()}) for language, said in sentence.items()}


def wrong_with(code: str, sentence: Text) -> dict[str, Text]:
    """{language: what is wrong}: what may not stand in this sentence. KeyError for a sentence that there is not."""
    form = WORDINGS[code]
    wrong: dict[str, Text] = {}
    for language in LANGUAGES:
        if found := _wrong(form, sentence.get(language, ""), language):
            wrong[language] = found
    if not wrong and sentence.get("en", "").strip() and not sentence.get("ru", "").strip():
        wrong["ru"] = {
            "ru": "Русский текст обязателен, если есть английский.",
            "en": "The Russian text is needed where there is an English one.",
        }
    return wrong


def _wrong(form: WordingForm, said: str, language: str) -> Text | None:
    allowed = " ".join(f"{{{name}}}" for name in form.placeholders)
    for name in _PLACEHOLDER.findall(said):
        if name not in form.placeholders:
            return {
                "ru": f"Поля {{{name[:40]}}} здесь нет. Можно: {allowed}.",
                "en": f"There is no {{{name[:40]}}} here. Possible: {allowed}.",
            }
    if _LEFT_OVER.search(_PLACEHOLDER.sub("", said)):
        return {
            "ru": f"Фигурная скобка без пары. Поле пишется так: {{{form.placeholders[0]}}}.",
            "en": f"A brace without its pair. A field is written like this: {{{form.placeholders[0]}}}.",
        }
    if any(not character.isprintable() and not character.isspace() for character in said):
        return {"ru": "Здесь есть знаки, которых нельзя напечатать.", "en": "There are characters here that cannot be printed."}
    length = len(filled(said, {name: fact[language] for name, fact in EXAMPLE.items()}))
    if length > form.longest:
        return {
            "ru": f"Слишком длинно: {length} знаков, можно {form.longest} ({form.why_longest['ru']}).",
            "en": f"Too long: {length} characters of {form.longest} ({form.why_longest['en']}).",
        }
    return None


def own_words(rows: Iterable[tuple[int | None, str, Text]]) -> dict[str, Text]:
    """(office or None for the city's, code, sentence) as one office says them: its own before the city's, empty ones left out."""
    said = {code: form.default for code, form in WORDINGS.items()}
    for _office, code, sentence in sorted(rows, key=lambda row: row[0] is not None):
        if code in said and any(sentence.values()):
            said[code] = sentence
    return {code: sentence for code, sentence in said.items() if any(sentence.values())}
