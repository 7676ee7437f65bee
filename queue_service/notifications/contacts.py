"""One contact, as people type it and as we keep it: an e-mail address or a mobile number, normalised so that equal ones compare equal.

Refuses to ask the world whether the address exists: the verification code does that. Whatever passes here is safe in a mail header, because
nothing but the plain characters of an address passes.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from queue_service.errors import DomainError


class Channel(StrEnum):
    EMAIL = "email"
    SMS = "sms"


@dataclass(frozen=True, slots=True)
class Contact:
    channel: Channel
    address: str
    """`name@host` in lower case, or `+` and digits."""


class BadContact(DomainError):
    status = 422
    code = "bad_contact"
    sentence = {
        "ru": "Введите адрес электронной почты, например ivanova@mail.ru, или номер телефона, например +7 921 123-45-67.",
        "en": "Enter an e-mail address, such as ivanova@mail.ru, or a telephone number, such as +7 921 123-45-67.",
    }


LONGEST_ADDRESS = 254
"""RFC 5321 admits no longer path."""
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_BETWEEN_DIGITS = re.compile(r"[\s().\-\u2010-\u2015\u2212]")
"""What people and phones put between the digits of a number."""


def parse_contact(text: str) -> Contact:
    """BadContact where the text is neither an address nor a number."""
    typed = text.strip()
    if "@" in typed:
        return Contact(Channel.EMAIL, _address(typed))
    return Contact(Channel.SMS, _number(typed))


def _address(typed: str) -> str:
    local, _, host = typed.lower().rpartition("@")
    try:
        # «почта.рф» is a host like any other; mail carries it in its ASCII form.
        host = host.encode("idna").decode()
    except UnicodeError:
        raise BadContact from None
    address = f"{local}@{host}"
    if len(local) > 64 or len(address) > LONGEST_ADDRESS or not _LOCAL.fullmatch(local) or not _HOST.fullmatch(host):
        raise BadContact
    return address


def _number(typed: str) -> str:
    digits = _BETWEEN_DIGITS.sub("", typed)
    international = digits.startswith("+")
    digits = digits.removeprefix("+")
    if not digits.isascii() or not digits.isdigit():
        raise BadContact
    if not international:
        # A Russian number as it is dialled at home: 8 921…, 7 921… or 921….
        if len(digits) == 11 and digits[0] in "78":
            digits = digits[1:]
        if len(digits) != 10:
            raise BadContact
        digits = "7" + digits
    if digits[0] == "0" or not 8 <= len(digits) <= 15 or (digits[0] == "7" and len(digits) != 11):
        raise BadContact
    return "+" + digits


def masked(contact: Contact) -> str:
    """What its owner recognises and nobody else can use: «i•••@mail.ru», «+7 921 •••-••-67»."""
    if contact.channel is Channel.EMAIL:
        local, _, host = contact.address.partition("@")
        return f"{local[0]}•••@{host}"
    if contact.address.startswith("+7"):
        return f"+7 {contact.address[2:5]} •••-••-{contact.address[-2:]}"
    return f"{contact.address[:3]} {'•' * (len(contact.address) - 5)}{contact.address[-2:]}"
