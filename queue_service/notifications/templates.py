"""What our messages say, in Russian and in English: a subject, a plain text and one short text for a telephone.

«вы» in lower case, no exclamation marks, 24-hour time (domain.md). Refuses names and everything that a stranger who reads the screen of a
locked telephone should not learn beyond time and place; the code of a CODE message stays out of its subject for the same reason.
"""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from queue_service.notifications.outbox import BookingLink, Facts
from queue_service.notifications.rules import Kind
from queue_service.offices.wordings import filled
from queue_service.text import LANGUAGES, Text, pick

LONGEST_SMS = 134
"""Two segments of 67 UCS-2 characters: Cyrillic fits no other alphabet of SMS, and gateways charge by the segment."""


@dataclass(frozen=True, slots=True)
class Wording:
    subject: str
    text: str
    short: str
    """At most `LONGEST_SMS` characters, unless the link itself is longer than any of ours."""


_HEADLINES: dict[Kind, Text] = {
    Kind.CONFIRMATION: {
        "ru": "Запись подтверждена: {date}, {time}. Код {reference}.",
        "en": "Booking confirmed: {date}, {time}. Code {reference}.",
    },
    Kind.CHANGE: {
        "ru": "Запись перенесена: {date}, {time}. Код {reference}.",
        "en": "Booking moved: {date}, {time}. Code {reference}.",
    },
    Kind.CANCELLATION: {"ru": "Запись отменена: {date}, {time}.", "en": "Booking cancelled: {date}, {time}."},
    Kind.REMINDER_EARLY: {"ru": "Напоминание: {day} в {time}", "en": "Reminder: {day} at {time}"},
    Kind.REMINDER_DAY: {"ru": "Напоминание: {day} в {time}", "en": "Reminder: {day} at {time}"},
    Kind.OFFER: {"ru": "Освободилось время: {date}, {time}.", "en": "A time has become free: {date}, {time}."},
    Kind.CODE: {"ru": "Код подтверждения", "en": "Confirmation code"},
    Kind.LINKS: {"ru": "Ваши записи", "en": "Your bookings"},
    Kind.DISPLACED: {
        "ru": "Ваше время отменено отделением: {date}, {time}. Выберите новое.",
        "en": "The office has cancelled your time: {date}, {time}. Please choose a new one.",
    },
}
_LABELS: dict[str, Text] = {
    "service": {"ru": "Услуга", "en": "Service"},
    "office": {"ru": "Отделение", "en": "Office"},
    "address": {"ru": "Адрес", "en": "Address"},
    "when": {"ru": "Дата и время", "en": "Date and time"},
    "before": {"ru": "Прежнее время", "en": "Previous time"},
    "reference": {"ru": "Код записи", "en": "Booking code"},
    "bring": {"ru": "Возьмите с собой:", "en": "What to bring:"},
    "manage": {"ru": "Посмотреть, перенести или отменить запись:", "en": "View, move or cancel the booking:"},
    "again": {"ru": "Подробности и новая запись:", "en": "Details and a new booking:"},
    "choose": {"ru": "Выбрать новое время (ближайшее — в одно нажатие):", "en": "Choose a new time (the nearest ones with one press):"},
    "accept": {"ru": "Принять или отказаться:", "en": "Accept or decline:"},
    "until": {"ru": "Ответьте до {until}.", "en": "Please answer by {until}."},
    "code": {"ru": "Ваш код: {code}. Действует до {until}.", "en": "Your code: {code}. Valid until {until}."},
    "code_short": {"ru": "Код подтверждения: {code}. Действует до {until}.", "en": "Confirmation code: {code}. Valid until {until}."},
    "keep": {
        "ru": "Никому не сообщайте этот код. Если вы не записывались на приём, не отвечайте на это сообщение.",
        "en": "Do not tell this code to anybody. If you have not made a booking, ignore this message.",
    },
    "none": {"ru": "Предстоящих записей нет.", "en": "There are no upcoming bookings."},
    "more": {"ru": "Ещё записей: {count}.", "en": "More bookings: {count}."},
    "automatic": {
        "ru": "Это сообщение отправлено автоматически, отвечать на него не нужно.",
        "en": "This message was sent automatically; please do not reply.",
    },
}
_NOTES: dict[Kind, str] = {
    Kind.CONFIRMATION: "message-confirmation",
    Kind.CHANGE: "message-confirmation",
    Kind.REMINDER_EARLY: "message-reminder",
    Kind.REMINDER_DAY: "message-reminder",
    Kind.CANCELLATION: "message-cancellation",
}
"""Which of the office's own paragraphs a letter has."""
_NEAR_DAYS: dict[int, Text] = {0: {"ru": "сегодня", "en": "today"}, 1: {"ru": "завтра", "en": "tomorrow"}}


class _Moments:
    """Dates and times as they are read in one office and one language."""

    def __init__(self, time_zone: str, language: str) -> None:
        self._zone = ZoneInfo(time_zone)
        self._language = language

    def date(self, moment: datetime) -> str:
        """«12 марта»"""
        return format_date(moment.astimezone(self._zone).date(), "d MMMM", locale=self._language)

    def time(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%H:%M")

    def full(self, moment: datetime) -> str:
        """«12 марта, четверг, 14:30»"""
        return f"{self._dated(moment)}, {self.time(moment)}"

    def day(self, moment: datetime, now: datetime) -> str:
        """«сегодня», «завтра», else «12 марта, четверг,»: goes before the preposition of the time."""
        apart = (moment.astimezone(self._zone).date() - now.astimezone(self._zone).date()).days
        return pick(_NEAR_DAYS[apart], self._language) if apart in _NEAR_DAYS else self._dated(moment) + ","

    def until(self, moment: datetime, now: datetime) -> str:
        """The time alone while it is of today."""
        same_day = moment.astimezone(self._zone).date() == now.astimezone(self._zone).date()
        return self.time(moment) if same_day else f"{self.date(moment)}, {self.time(moment)}"

    def _dated(self, moment: datetime) -> str:
        return format_date(moment.astimezone(self._zone).date(), "d MMMM, EEEE", locale=self._language)


def grouped(reference: str) -> str:
    """«4829-1350»"""
    return f"{reference[:4]}-{reference[4:]}"


def compose(kind: Kind, facts: Facts, language: str, now: datetime) -> Wording:
    """`now` decides what «завтра» means, so a late message is still true. A language that we do not speak is Russian."""
    language = language if language in LANGUAGES else "ru"
    moments = _Moments(facts.time_zone, language)
    headline = pick(_HEADLINES[kind], language).format(
        date=moments.date(facts.starts_at),
        time=moments.time(facts.starts_at),
        day=moments.day(facts.starts_at, now),
        reference=grouped(facts.reference),
    )
    if kind is Kind.CODE:
        return _code(headline, facts, moments, language, now)
    if kind is Kind.LINKS:
        return _links(headline, facts, language)
    return _appointment(kind, headline, facts, moments, language, now)


def _label(name: str, language: str, **values: object) -> str:
    return pick(_LABELS[name], language).format(**values)


def _paragraphs(*paragraphs: str, language: str) -> str:
    return "\n\n".join([*(each for each in paragraphs if each), _label("automatic", language)]) + "\n"


def _in_own_words(code: str | None, facts: Facts, moments: _Moments, language: str) -> str:
    """The office's own sentence, or "" where it has none."""
    said = facts.notes.get(code or "")
    if said is None:
        return ""
    known = {
        "office": pick(facts.office_name, language),
        "address": pick(facts.address, language),
        "phone": facts.phone,
        "service": pick(facts.service_name, language),
        "date": moments.date(facts.starts_at),
        "time": moments.time(facts.starts_at),
        "reference": grouped(facts.reference) if facts.reference else "",
    }
    return filled(pick(said, language), known)


def _appointment(kind: Kind, headline: str, facts: Facts, moments: _Moments, language: str, now: datetime) -> Wording:
    def line(name: str, value: str) -> str:
        return f"{_label(name, language)}: {value}"

    details = [
        line("service", pick(facts.service_name, language)),
        line("office", pick(facts.office_name, language)),
        line("address", pick(facts.address, language)),
        line("when", moments.full(facts.starts_at)),
    ]
    if kind is Kind.CHANGE and facts.old_starts_at is not None:
        details.append(line("before", moments.full(facts.old_starts_at)))
    if facts.reference and kind not in (Kind.CANCELLATION, Kind.OFFER):
        details.append(line("reference", grouped(facts.reference)))
    bring = ""
    if facts.documents and kind is not Kind.CANCELLATION:
        bring = "\n".join([_label("bring", language), *(f"- {pick(each, language)}" for each in facts.documents)])
    answer_by = _label("until", language, until=moments.until(facts.until, now)) if kind is Kind.OFFER and facts.until else ""
    door = {Kind.CANCELLATION: "again", Kind.OFFER: "accept", Kind.DISPLACED: "choose"}.get(kind, "manage")
    link = f"{_label(door, language)}\n{facts.link}" if facts.link else ""
    note, signature, short_note = (
        _in_own_words(code, facts, moments, language) for code in (_NOTES.get(kind), "message-signature", "message-sms")
    )
    short = _short([headline, answer_by], pick(facts.address, language), facts.link)
    return Wording(
        subject=headline.removesuffix("."),
        text=_paragraphs(headline, answer_by, "\n".join(details), bring, note, link, signature, language=language),
        short=f"{short} {short_note}" if short_note and len(short) + 1 + len(short_note) <= LONGEST_SMS else short,
    )


def _short(sentences: list[str], place: str, link: str) -> str:
    """What must be said, then where and the link as far as there is room; the link before the place."""
    said = " ".join(each for each in sentences if each)
    ended = said if said.endswith(".") else f"{said}."
    with_place = f"{ended} {place}."
    for fuller in (f"{with_place} {link}", f"{ended} {link}"):
        if link and len(fuller) <= LONGEST_SMS:
            return fuller
    if link:
        return f"{ended} {link}"
    return with_place if len(with_place) <= LONGEST_SMS else ended


def _code(headline: str, facts: Facts, moments: _Moments, language: str, now: datetime) -> Wording:
    until = moments.until(facts.until or facts.starts_at, now)
    return Wording(
        subject=headline,
        text=_paragraphs(_label("code", language, code=facts.code, until=until), _label("keep", language), language=language),
        short=_label("code_short", language, code=facts.code, until=until),
    )


def _links(headline: str, facts: Facts, language: str) -> Wording:
    nearest_first = sorted(facts.links, key=lambda each: each.starts_at)
    if not nearest_first:
        nothing = _label("none", language)
        return Wording(subject=headline, text=_paragraphs(nothing, language=language), short=nothing)
    return Wording(
        subject=headline,
        text=_paragraphs(f"{headline}:", *(_listed(each, language) for each in nearest_first), language=language),
        short=_links_short(headline, nearest_first, language),
    )


def _listed(booking: BookingLink, language: str) -> str:
    moments = _Moments(booking.time_zone, language)
    return "\n".join(
        [
            f"{moments.full(booking.starts_at)}, {pick(booking.office_name, language)}",
            pick(booking.service_name, language),
            f"{_label('reference', language)}: {grouped(booking.reference)}",
            booking.link,
        ]
    )


def _links_short(headline: str, nearest_first: list[BookingLink], language: str) -> str:
    """The nearest always, others while there is room, and how many there was no room for."""
    shown = [f"{headline}: {nearest_first[0].link}"]
    left = nearest_first[1:]
    while left:
        rest = len(left) - 1
        tail = [_label("more", language, count=rest)] if rest else []
        if len(" ".join([*shown, left[0].link, *tail])) > LONGEST_SMS:
            break
        shown.append(left.pop(0).link)
    if left:
        shown.append(_label("more", language, count=len(left)))
    return " ".join(shown)
