"""Whatever people type becomes one spelling, or is refused in a sentence."""

import pytest

from queue_service.notifications.contacts import BadContact, Channel, Contact, masked, parse_contact


@pytest.mark.parametrize(
    "typed",
    [
        "+7 921 123-45-67",
        "8 (921) 123 45 67",
        "89211234567",
        "79211234567",
        "921 123-45-67",
        " +7\u00a0921\u00a0123\u201145\u201167 ",
        "+7.921.1234567",
    ],
)
def test_a_russian_number_has_one_spelling(typed: str) -> None:
    assert parse_contact(typed) == Contact(Channel.SMS, "+79211234567")


@pytest.mark.parametrize(
    ("typed", "kept"), [("+44 20 7946 0958", "+442079460958"), ("+375 29 123-45-67", "+375291234567"), ("+49 30 12", None)]
)
def test_a_foreign_number_needs_its_country_and_8_to_15_digits(typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(BadContact):
            parse_contact(typed)
    else:
        assert parse_contact(typed).address == kept


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Ivanova@Mail.RU ", "ivanova@mail.ru"),
        ("i.ivanova+queue@sub.example.com", "i.ivanova+queue@sub.example.com"),
        ("ivanova@почта.рф", "ivanova@xn--80a1acny.xn--p1ai"),
    ],
)
def test_an_address_is_kept_in_lower_case_and_ascii(typed: str, kept: str) -> None:
    assert parse_contact(typed) == Contact(Channel.EMAIL, kept)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "   ",
        "Иванова",
        "123",
        "+7 921 123-45-6",
        "+7 921 123-45-678",
        "8 921 123-45-678",
        "+0 921 123 45 67",
        "+" + "1" * 16,
        "٨٩٢١١٢٣٤٥٦٧",
        "921 123-45-67 доб. 3",
        "@mail.ru",
        "ivanova@",
        "ivanova@localhost",
        "иванова@mail.ru",
        "ivanova@mail..ru",
        ".ivanova@mail.ru",
        "ivanova@-mail.ru",
        "ivanova@mail.ru, petrova@mail.ru",
        "ivanova@mail.ru\nBcc: everybody@mail.ru",
        "ivanova\r\n@mail.ru",
        "<ivanova@mail.ru>",
        "ivanova@mail.ru>",
        "a" * 65 + "@mail.ru",
        "ivanova@" + "a" * 64 + ".ru",
        "ivanova@" + "a.b" * 90 + ".ru",
    ],
)
def test_anything_else_is_refused(typed: str) -> None:
    with pytest.raises(BadContact) as refusal:
        parse_contact(typed)
    assert (refusal.value.status, refusal.value.code) == (422, "bad_contact")


@pytest.mark.parametrize("typed", ["ivanova@mail.ru", "+79211234567", "+442079460958"])
def test_what_we_keep_is_read_as_itself(typed: str) -> None:
    assert parse_contact(typed).address == typed


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("ivanova@mail.ru", "i•••@mail.ru"),
        ("i@mail.ru", "i•••@mail.ru"),
        ("+79211234567", "+7 921 •••-••-67"),
        ("+442079460958", "+44 ••••••••58"),
    ],
)
def test_a_masked_contact_is_recognised_by_its_owner_only(typed: str, shown: str) -> None:
    assert masked(parse_contact(typed)) == shown
