"""A message, a mail server and a gateway for the tests of this folder."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as parsing
from http.server import BaseHTTPRequestHandler
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

from queue_service.db import Database
from queue_service.notifications.calendar import CalendarEvent, Method
from queue_service.notifications.contacts import parse_contact
from queue_service.notifications.outbox import Facts, Kind, Message, put
from queue_service.sealing import KeyRing
from tests.support.service import PATIENCE_SECONDS, HttpServer, a_free_port

NOON = datetime(2031, 3, 11, 9, 0, tzinfo=UTC)
"""In St Petersburg, on the day before the appointment."""
STARTS_AT = datetime(2031, 3, 12, 11, 30, tzinfo=UTC)
ADDRESS = "ivanova@mail.ru"
SECRET_LINK = "https://queue.example.ru/a/Zq3vTk81LmPw0RsX"


def facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "office_name": {"ru": "МФЦ Невского района", "en": "Nevsky district office"},
        "address": {"ru": "пр. Большевиков, 8", "en": "8 Bolshevikov Avenue"},
        "time_zone": "Europe/Moscow",
        "service_name": {"ru": "Выдача паспорта", "en": "Passport"},
        "starts_at": STARTS_AT,
        "reference": "48291350",
        "link": SECRET_LINK,
        "documents": [{"ru": "паспорт", "en": "your passport"}],
    }
    return Facts(**{**given, **changes})


def an_event(method: Method = Method.REQUEST, sequence: int = 0, **changes: Any) -> CalendarEvent:
    given: dict[str, Any] = {
        "uid": "appointment-42@queue.example.ru",
        "starts_at": STARTS_AT,
        "ends_at": STARTS_AT + timedelta(minutes=15),
        "summary": "Выдача паспорта, МФЦ Невского района",
        "location": "пр. Большевиков, 8",
        "description": "Код записи 4829-1350; возьмите с собой паспорт.\nОтметиться можно за тридцать минут до начала приёма.",
        "url": SECRET_LINK,
        "time_zone": "Europe/Moscow",
        "stamp": NOON,
    }
    return CalendarEvent(method=method, sequence=sequence, **{**given, **changes})


def a_message(key: str = "appointment-42-confirmation-0", kind: Kind = Kind.CONFIRMATION, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "contact": parse_contact(ADDRESS),
        "language": "ru",
        "appointment_id": 42,
        "due_at": NOON,
        "facts": facts(),
        "calendar": an_event() if kind in (Kind.CONFIRMATION, Kind.CHANGE, Kind.CANCELLATION) else None,
    }
    return Message(key=key, kind=kind, **{**given, **changes})


async def put_away(database: Database, ring: KeyRing, *messages: Message, now: datetime = NOON) -> None:
    async with database.session() as db:
        for each in messages:
            await put(db, ring, each, now)


async def until_true(database: Database, question: str) -> None:
    """Asks the database until it says yes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await database.hot.fetchval(question):
                return
            await asyncio.sleep(0.02)


async def row_of(database: Database, key: str = "appointment-42-confirmation-0") -> dict[str, Any]:
    row = await database.hot.fetchrow("SELECT * FROM outbox_message WHERE key = $1", key)
    assert row is not None
    return dict(row)


class _Session(SMTP):
    """Tells the test when DATA was asked for, and answers it when the test lets it."""

    mail_server: "MailServer"

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        self.mail_server.data_asked.set()
        await asyncio.to_thread(self.mail_server.may_answer_data.wait, PATIENCE_SECONDS)
        await super().smtp_DATA(arg)


class MailServer(Controller):
    """A real SMTP server in a thread, which takes everything unless told otherwise."""

    def __init__(self, **options: Any) -> None:
        self.box: list[EmailMessage] = []
        """What was accepted: the lone dot was seen."""
        self.answers_to_recipients: deque[str] = deque()
        self.answers_to_data: deque[str] = deque()
        self.data_asked = threading.Event()
        self.may_answer_data = threading.Event()
        self.may_answer_data.set()
        self.accepted = threading.Event()
        self.may_answer_dot = threading.Event()
        self.may_answer_dot.set()
        name = "mail.example.ru"  # else each connection would ask the name service who we are
        super().__init__(self, hostname="127.0.0.1", port=a_free_port(), server_hostname=name, ready_timeout=PATIENCE_SECONDS, **options)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def factory(self) -> SMTP:
        session = _Session(self.handler, **self.SMTP_kwargs)
        session.mail_server = self
        return session

    async def handle_RCPT(self, _server: object, _session: object, envelope: Any, address: str, _options: object) -> str:  # noqa: N802
        answer = self.answers_to_recipients.popleft() if self.answers_to_recipients else "250 OK"
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802
        answer = self.answers_to_data.popleft() if self.answers_to_data else "250 OK"
        if answer.startswith("250"):
            mail = message_from_bytes(envelope.content, policy=parsing)
            assert isinstance(mail, EmailMessage)
            self.box.append(mail)
            self.accepted.set()
        await asyncio.to_thread(self.may_answer_dot.wait, PATIENCE_SECONDS)
        return answer


@contextmanager
def a_mail_server(**options: Any) -> Iterator[MailServer]:
    """`options` are aiosmtpd's."""
    server = MailServer(**options)
    server.start()
    try:
        yield server
    finally:
        server.may_answer_data.set()
        server.may_answer_dot.set()
        server.stop()


async def happens(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE_SECONDS), "it did not happen"


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


class Gateway(HttpServer):
    """An SMS gateway that keeps its promise: one message per id."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, str]] = {}
        self.tokens: list[str | None] = []
        self.answers: deque[int] = deque()
        super().__init__(("127.0.0.1", 0), _GatewayRequest)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/messages"


class _GatewayRequest(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.tokens.append(self.headers["Authorization"])
        status = self.server.answers.popleft() if self.server.answers else 202
        if status < 300:
            status = 409 if body["id"] in self.server.sent else status
            self.server.sent.setdefault(body["id"], body)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Says nothing."""


@contextmanager
def a_gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    thread = threading.Thread(target=gateway.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield gateway
    finally:
        gateway.shutdown()
        thread.join(PATIENCE_SECONDS)
        gateway.server_close()
