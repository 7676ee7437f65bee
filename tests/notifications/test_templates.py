"""The words themselves (domain.md «Wording»)."""

import re
from datetime import timedelta

import pytest

from queue_service.notifications.outbox import BookingLink, Facts, Kind
from queue_service.notifications.templates import LONGEST_SMS, compose
from tests.notifications.scene import NOON, SECRET_LINK, STARTS_AT, facts


def of(kind: Kind) -> Facts:
    until = NOON + timedelta(minutes=40)
    if kind is Kind.CODE:
        return facts(code="482913", until=until)
    if kind is Kind.OFFER:
        return facts(until=until)
    if kind is Kind.CHANGE:
        return facts(old_starts_at=STARTS_AT - timedelta(days=2))
    return facts(links=[a_link(days) for days in (3, 0, 1)]) if kind is Kind.LINKS else facts()


def a_link(days: int) -> BookingLink:
    return BookingLink(
        service_name={"ru": "Выдача паспорта", "en": "Passport"},
        office_name={"ru": "МФЦ Невского района", "en": "Nevsky district office"},
        time_zone="Europe/Moscow",
        starts_at=STARTS_AT + timedelta(days=days),
        reference="48291350",
        link=f"{SECRET_LINK[:-1]}{days}",
    )


@pytest.mark.parametrize(
    ("kind", "subject", "short"),
    [
        (
            Kind.CONFIRMATION,
            "Запись подтверждена: 12 марта, 14:30. Код 4829-1350",
            f"Запись подтверждена: 12 марта, 14:30. Код 4829-1350. пр. Большевиков, 8. {SECRET_LINK}",
        ),
        (
            Kind.CHANGE,
            "Запись перенесена: 12 марта, 14:30. Код 4829-1350",
            f"Запись перенесена: 12 марта, 14:30. Код 4829-1350. пр. Большевиков, 8. {SECRET_LINK}",
        ),
        (Kind.CANCELLATION, "Запись отменена: 12 марта, 14:30", f"Запись отменена: 12 марта, 14:30. пр. Большевиков, 8. {SECRET_LINK}"),
        (Kind.REMINDER_DAY, "Напоминание: завтра в 14:30", f"Напоминание: завтра в 14:30. пр. Большевиков, 8. {SECRET_LINK}"),
        (
            Kind.OFFER,
            "Освободилось время: 12 марта, 14:30",
            f"Освободилось время: 12 марта, 14:30. Ответьте до 12:40. пр. Большевиков, 8. {SECRET_LINK}",
        ),
        (Kind.CODE, "Код подтверждения", "Код подтверждения: 482913. Действует до 12:40."),
        (Kind.LINKS, "Ваши записи", f"Ваши записи: {SECRET_LINK[:-1]}0 {SECRET_LINK[:-1]}1 Ещё записей: 1."),
    ],
)
def test_what_is_said(kind: Kind, subject: str, short: str) -> None:
    said = compose(kind, of(kind), "ru", NOON)
    assert (said.subject, said.short) == (subject, short)


def test_a_confirmation_says_what_to_bring_and_where_to_change_it() -> None:
    assert compose(Kind.CONFIRMATION, facts(), "ru", NOON).text == (
        "Запись подтверждена: 12 марта, 14:30. Код 4829-1350.\n\n"
        "Услуга: Выдача паспорта\n"
        "Отделение: МФЦ Невского района\n"
        "Адрес: пр. Большевиков, 8\n"
        "Дата и время: 12 марта, среда, 14:30\n"
        "Код записи: 4829-1350\n\n"
        "Возьмите с собой:\n- паспорт\n\n"
        f"Посмотреть, перенести или отменить запись:\n{SECRET_LINK}\n\n"
        "Это сообщение отправлено автоматически, отвечать на него не нужно.\n"
    )


def test_a_move_says_both_times() -> None:
    text = compose(Kind.CHANGE, of(Kind.CHANGE), "ru", NOON).text
    assert "Дата и время: 12 марта, среда, 14:30\nПрежнее время: 10 марта, понедельник, 14:30\n" in text


@pytest.mark.parametrize(
    ("days_before", "language", "said"),
    [
        (2, "ru", "Напоминание: 12 марта, среда, в 14:30"),
        (1, "ru", "Напоминание: завтра в 14:30"),
        (0, "ru", "Напоминание: сегодня в 14:30"),
        (2, "en", "Reminder: 12 March, Wednesday, at 14:30"),
        (1, "en", "Reminder: tomorrow at 14:30"),
    ],
)
def test_a_reminder_that_was_late_is_still_true(days_before: int, language: str, said: str) -> None:
    assert compose(Kind.REMINDER_EARLY, facts(), language, STARTS_AT - timedelta(days=days_before)).subject == said


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_message_is_calm_complete_and_short_enough_for_a_telephone(kind: Kind, language: str) -> None:
    said = compose(kind, of(kind), language, NOON)
    everything = said.subject + said.text + said.short
    assert "!" not in everything
    assert "{" not in everything
    assert "None" not in everything
    assert not re.search(r"[а-яё,] В(ы|ас|ам|аш)", everything), "«вы» is written small"
    assert len(said.short) <= LONGEST_SMS
    assert "\n" not in said.subject
    assert any("а" <= letter <= "я" for letter in everything.lower()) == (language == "ru")
    if kind is not Kind.CODE:
        assert "https://queue.example.ru/a/" in said.text
        assert "https://queue.example.ru/a/" in said.short


def test_a_long_address_gives_way_to_the_link() -> None:
    long = facts(address={"ru": "набережная канала Грибоедова, дом 174, корпус 2, второй этаж, вход со двора"})
    said = compose(Kind.CONFIRMATION, long, "ru", NOON).short
    assert said == f"Запись подтверждена: 12 марта, 14:30. Код 4829-1350. {SECRET_LINK}"


def test_the_code_is_not_in_the_subject() -> None:
    said = compose(Kind.CODE, of(Kind.CODE), "ru", NOON)
    assert "482913" not in said.subject
    assert "482913" in said.text


def test_links_of_nobody_say_so() -> None:
    assert compose(Kind.LINKS, facts(links=[]), "ru", NOON).short == "Предстоящих записей нет."


def test_an_unknown_language_is_russian() -> None:
    assert compose(Kind.REMINDER_DAY, facts(), "fr", NOON) == compose(Kind.REMINDER_DAY, facts(), "ru", NOON)
