"""Mail over SMTP, with a commit between the text and the dot.

SMTP has no transaction with us: a server accepts a message at the lone dot that ends it, and a client that dies between sending the dot
and writing down the answer cannot know whether it was accepted. What it can do is to make that gap the only one. So the body goes out
without its dot; then `hand_over` commits `handed_over_at`; then go the five bytes that remain, and the answer is read.

    killed before the commit   the server saw the connection end within DATA and delivers nothing (RFC 5321, 4.1.1.4): sent again
    killed after the commit    perhaps accepted: the row becomes `unconfirmed` and is not sent again by itself
    answered 4xx or 5xx        certainly not accepted, at whatever point

aiosmtplib's own `data()` writes body and dot in one piece; here its public parts are called one by one: `execute_command(DATA)`, and
`write` and `read_response` of its protocol. The Message-ID is made of the key, so what a server or a person should ever get twice is
recognisably one. Refuses to pool connections: a message per connection keeps one recipient's trouble away from the next.
"""

import contextlib
import re
from email.message import EmailMessage
from email.policy import SMTP as CRLF
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib
import msgspec

from queue_service.errors import SettingsError
from queue_service.notifications.calendar import CalendarEvent, ics
from queue_service.notifications.channels import Delayed, HandOver, Outgoing, Refused, stable_id

ANSWER_SECONDS = 30.0
"""For each answer. A server that scans before it accepts needs seconds; RFC 5321 would allow minutes, longer than our lease."""
GOODBYE_SECONDS = 2.0

_ABOUT_US = frozenset({500, 502, 503, 504, 530, 534, 535, 538})
"""Permanent answers that say we are set up wrongly (unknown command, authenticate first): the administrator mends it, so try again."""
_DOT_AT_LINE_START = re.compile(rb"^\.", re.MULTILINE)
_STARTTLS = {"required": True, "off": False, "offered": None}
"""What `?starttls=` may say; None is aiosmtplib's word for "where the server offers it"."""


class SmtpChannel:
    """`smtp://name:password@host:25?starttls=required|offered|off` or `smtps://…:465`; `sender` is an address, with or without a name."""

    def __init__(self, url: str, sender: str) -> None:
        try:
            parts = urlsplit(url)
            port = parts.port
            start_tls = _STARTTLS[parse_qs(parts.query).get("starttls", ["offered"])[0]]
        except (ValueError, KeyError):
            raise _unusable_url() from None
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise _unusable_url()
        self._host = parts.hostname
        self._over_tls = parts.scheme == "smtps"
        self._port = port or (465 if self._over_tls else 25)
        self._start_tls = None if self._over_tls else start_tls
        self._name = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._address = parseaddr(sender)[1]
        self._domain = self._address.rpartition("@")[2]
        if "@" not in self._address:
            raise SettingsError("QUEUE_MAIL_FROM: нужен адрес, например «Электронная очередь <queue@example.ru>»")

    async def send(self, message: Outgoing, hand_over: HandOver) -> None:
        body = dots_doubled(letter(message, self._sender).as_bytes())
        server = aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._name,
            password=self._password,
            use_tls=self._over_tls,
            start_tls=False if self._over_tls else self._start_tls,
            # Else the library asks the name service who we are, for every letter, and a machine without one waits for its silence.
            local_hostname=self._domain,
            timeout=ANSWER_SECONDS,
        )
        try:
            await self._converse(server, message.contact.address, body, hand_over)
        except aiosmtplib.SMTPResponseException as error:
            if 400 <= error.code < 500:
                raise Delayed(f"smtp_{error.code}") from None
            if 500 <= error.code < 600:
                raise _permanent(error) from None
            raise
        finally:
            server.close()

    async def _converse(self, server: aiosmtplib.SMTP, recipient: str, body: bytes, hand_over: HandOver) -> None:
        await server.connect()
        await server.mail(self._address)
        await server.rcpt(recipient)
        answer = await server.execute_command(b"DATA")
        if answer.code != 354:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        conversation = server.protocol
        if conversation is None:
            raise aiosmtplib.SMTPServerDisconnected("lost within DATA")
        conversation.write(body)
        if not conversation.is_connected:
            raise aiosmtplib.SMTPServerDisconnected("lost within DATA")
        await hand_over()
        conversation.write(b".\r\n")
        answer = await conversation.read_response(timeout=ANSWER_SECONDS)
        if answer.code != 250:
            raise aiosmtplib.SMTPDataError(answer.code, answer.message)
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await server.quit(timeout=GOODBYE_SECONDS)

    async def close(self) -> None:
        """Nothing is kept open."""


def dots_doubled(body: bytes) -> bytes:
    """So that no line of ours is the dot that ends a message (RFC 5321, 4.5.2)."""
    return _DOT_AT_LINE_START.sub(b"..", body)


def _unusable_url() -> SettingsError:
    return SettingsError("QUEUE_SMTP_URL: нужен адрес вида smtp://имя:пароль@узел:25?starttls=required или smtps://имя:пароль@узел:465")


def _permanent(error: aiosmtplib.SMTPResponseException) -> Exception:
    """A 5xx for the recipient or the text is final; one for us, our name or our address is not the recipient's fault."""
    about_recipient = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    if about_recipient and error.code not in _ABOUT_US:
        return Refused(f"smtp_{error.code}")
    return Delayed(f"smtp_{error.code}")


def letter(message: Outgoing, sender: str) -> EmailMessage:
    """The mail: plain text, beside it the event that calendars read, and the same as a file for those that read only files."""
    address = parseaddr(sender)[1]
    mail = EmailMessage(policy=CRLF)
    mail["From"] = sender
    mail["To"] = message.contact.address
    mail["Subject"] = message.wording.subject
    mail["Date"] = format_datetime(message.at)
    mail["Message-ID"] = f"<{stable_id(message.key)}@{address.rpartition('@')[2]}>"
    mail["Content-Language"] = message.language
    # Nobody's absence note should answer us (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.wording.text, cte="base64")
    if message.calendar is not None:
        _add_event(mail, message.calendar, address, message.contact.address)
    return mail


def _add_event(mail: EmailMessage, event: CalendarEvent, sender: str, recipient: str) -> None:
    addressed = msgspec.structs.replace(event, organizer=event.organizer or sender, attendee=recipient)
    file = ics(addressed)
    mail.add_alternative(file.decode(), subtype="calendar", params={"method": event.method.upper()}, cte="base64")
    mail.add_attachment(file, maintype="application", subtype="ics", filename="appointment.ics")
