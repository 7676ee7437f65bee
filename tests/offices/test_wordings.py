"""A sentence that an office writes itself can say what it likes, and break nothing."""

from datetime import UTC, datetime

import pytest

from queue_service.notifications.outbox import Facts
from queue_service.notifications.rules import Kind
from queue_service.notifications.templates import LONGEST_SMS, compose
from queue_service.offices.wordings import WORDINGS, filled, own_words, wrong_with

NOON = datetime(2027, 3, 12, 9, 0, tzinfo=UTC)


def _facts(**notes: str) -> Facts:
    return Facts(
        office_name={"ru": "Единое окно", "en": "The office"},
        address={"ru": "Невский, 176", "en": "176 Nevsky"},
        time_zone="Europe/Moscow",
        service_name={"ru": "Паспорт", "en": "Passport"},
        starts_at=NOON,
        reference="48291350",
        link="https://q.example/a/0123456789abcdef",
        notes={name.replace("_", "-"): {"ru": said} for name, said in notes.items()},
        phone="+7 812 000-00-00",
    )


def test_placeholders_are_names_and_nothing_else() -> None:
    assert filled("Ждём {date} в {time}", {"date": "12 марта", "time": "14:30"}) == "Ждём 12 марта в 14:30"
    assert filled("{date.__class__} {0}", {"date": "12 марта"}) == ""


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        ("Паспорт {reference}", "Поля {reference} здесь нет"),
        ("Скобка { без пары", "скобка без пары"),
        ("д" * 121, "Слишком длинно: 121 знаков, можно 120"),
        ("Звон \x07", "нельзя напечатать"),
    ],
)
def test_what_may_not_stand_on_a_ticket_is_said(said: str, complaint: str) -> None:
    assert complaint in wrong_with("ticket-note", {"ru": said})["ru"]["ru"]


def test_the_length_is_of_what_people_read_not_of_what_was_typed() -> None:
    assert wrong_with("ticket-note", {"ru": "{office} " + "д" * 80}) == {}
    assert "ru" in wrong_with("ticket-note", {"ru": "{office} " + "д" * 95})


def test_english_alone_is_not_enough() -> None:
    assert list(wrong_with("ticket-note", {"ru": "", "en": "Bring a passport"})) == ["ru"]


def test_an_office_goes_before_the_city_and_an_empty_sentence_is_none() -> None:
    rows = [
        (7, "ticket-note", {"ru": "Отделение"}),
        (None, "ticket-note", {"ru": "Город"}),
        (None, "message-sms", {"ru": ""}),
        (7, "gone", {"ru": "?"}),
    ]
    assert own_words(rows) == {"ticket-note": {"ru": "Отделение"}}


def test_a_letter_has_the_offices_paragraph_and_signature() -> None:
    facts = _facts(message_confirmation="Приходите {date} к {time}, код {reference}.", message_signature="{office}, {phone}")
    letter = compose(Kind.CONFIRMATION, facts, "ru", NOON).text
    assert "Приходите 12 марта к 12:00, код 4829-1350." in letter
    assert "Единое окно, +7 812 000-00-00" in letter
    assert "Приходите" not in compose(Kind.REMINDER_DAY, facts, "ru", NOON).text


def test_a_text_message_takes_the_note_only_where_there_is_room() -> None:
    short = compose(Kind.CANCELLATION, _facts(message_sms="т. {phone}"), "ru", NOON).short
    assert short.endswith("т. +7 812 000-00-00")
    full = compose(Kind.CONFIRMATION, _facts(message_sms="д" * 40), "ru", NOON).short
    assert "дддд" not in full
    assert len(full) <= LONGEST_SMS


def test_every_default_obeys_its_own_rules() -> None:
    assert [code for code, form in WORDINGS.items() if wrong_with(code, form.default)] == []
