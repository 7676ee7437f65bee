"""The sender and a real mail server: what is due arrives once, what fails is tried again or given up."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest

from queue_service.db import Database
from queue_service.errors import SettingsError
from queue_service.notifications.channels import Adapter, HandOver, Outgoing
from queue_service.notifications.contacts import Channel, parse_contact
from queue_service.notifications.demo_log import LogChannel
from queue_service.notifications.outbox import Kind, State, deliveries, withdraw
from queue_service.notifications.rules import PAUSES
from queue_service.notifications.sender import Sender, channels_of
from queue_service.notifications.sms import SmsChannel
from queue_service.notifications.smtp import SmtpChannel, dots_doubled
from queue_service.sealing import KeyRing
from queue_service.settings import Settings
from tests.notifications.scene import (
    ADDRESS,
    NOON,
    SECRET_LINK,
    STARTS_AT,
    MailServer,
    a_message,
    facts,
    happens,
    put_away,
    row_of,
    text_of,
    until_true,
)
from tests.support.service import PATIENCE_SECONDS, a_free_port

KEY = "appointment-42-confirmation-0"


def a_sender(database: Database, ring: KeyRing, adapter: Adapter, now: datetime = NOON, **options: Any) -> Sender:
    return Sender(database, ring, {Channel.EMAIL: adapter}, now=lambda: now, **options)


def by(mail_server: MailServer) -> SmtpChannel:
    return SmtpChannel(mail_server.url + "?starttls=off", "Электронная очередь <queue@example.ru>")


async def test_a_confirmation_arrives_with_its_event(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    await put_away(database, ring, a_message())
    assert await a_sender(database, ring, by(mail_server)).send_due() == 1

    [mail] = mail_server.box
    assert mail["To"] == ADDRESS
    assert mail["From"] == "Электронная очередь <queue@example.ru>"
    assert mail["Subject"] == "Запись подтверждена: 12 марта, 14:30. Код 4829-1350"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert SECRET_LINK in text_of(mail)
    [beside, attached] = [part for part in mail.walk() if part.get_content_type() in ("text/calendar", "application/ics")]
    assert beside.get_content_type() == "text/calendar"
    assert beside.get_param("method") == "REQUEST"
    assert attached.get_filename() == "appointment.ics"
    assert beside.get_payload(decode=True) == attached.get_payload(decode=True)
    event: Any = icalendar.Calendar.from_ical(attached.get_content().decode()).walk("VEVENT")[0]
    assert event.start == STARTS_AT
    assert event["ORGANIZER"] == "mailto:queue@example.ru"
    assert event["ATTENDEE"] == f"mailto:{ADDRESS}"

    [delivery] = await deliveries(database.hot, 42)
    assert (delivery.state, delivery.at) == (State.SENT, NOON)
    row = await row_of(database)
    assert (row["recipient"], row["payload"]) == (None, None), "nothing personal is kept longer than it is needed"


def test_no_line_of_ours_is_the_dot_that_ends_a_message() -> None:
    assert dots_doubled(b".\r\n.a\r\nb.\r\n..\r\n") == b"..\r\n..a\r\nb.\r\n...\r\n"


async def test_the_message_id_is_made_of_the_key(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    for _ in range(2):
        await put_away(database, ring, a_message())
        await a_sender(database, ring, by(mail_server)).send_due()
        await database.hot.execute("DELETE FROM outbox_message")
    await put_away(database, ring, a_message("another"))
    await a_sender(database, ring, by(mail_server)).send_due()
    first, again, other = [mail["Message-ID"] for mail in mail_server.box]
    assert first == again != other
    assert first.endswith("@example.ru>")
    assert KEY not in first


async def test_a_temporary_refusal_is_tried_again_later_and_delivered_once(
    database: Database, ring: KeyRing, mail_server: MailServer
) -> None:
    mail_server.answers_to_recipients.append("451 4.7.1 greylisted, come back")
    await put_away(database, ring, a_message())
    assert await a_sender(database, ring, by(mail_server)).send_due() == 1
    row = await row_of(database)
    assert (row["state"], row["error"], row["due_at"]) == ("pending", "smtp_451", NOON + PAUSES[0])
    assert await a_sender(database, ring, by(mail_server)).send_due() == 0, "not before its time"

    assert await a_sender(database, ring, by(mail_server), NOON + PAUSES[0]).send_due() == 1
    assert await a_sender(database, ring, by(mail_server), NOON + timedelta(days=2)).send_due() == 0
    assert len(mail_server.box) == 1
    assert (await row_of(database))["state"] == "sent"


@pytest.mark.parametrize("answer", ["451 4.3.0 the disk is full", "452 4.2.2 later"])
async def test_a_temporary_refusal_after_the_dot_is_certain_too(
    database: Database, ring: KeyRing, mail_server: MailServer, answer: str
) -> None:
    mail_server.answers_to_data.append(answer)
    await put_away(database, ring, a_message())
    await a_sender(database, ring, by(mail_server)).send_due()
    row = await row_of(database)
    assert (row["state"], row["handed_over_at"]) == ("pending", None)
    await a_sender(database, ring, by(mail_server), NOON + PAUSES[0]).send_due()
    assert len(mail_server.box) == 1


async def test_a_recipient_who_does_not_exist_is_given_up_at_once(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    mail_server.answers_to_recipients.append(f"550 5.1.1 <{ADDRESS}> is unknown here")
    await put_away(database, ring, a_message())
    await a_sender(database, ring, by(mail_server)).send_due()
    row = await row_of(database)
    assert (row["state"], row["error"], row["recipient"], row["payload"]) == ("failed", "smtp_550", None, None)
    assert not mail_server.box


async def test_a_refused_text_is_given_up_at_once(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    mail_server.answers_to_data.append("554 5.7.1 looks like spam")
    await put_away(database, ring, a_message())
    await a_sender(database, ring, by(mail_server)).send_due()
    row = await row_of(database)
    assert (row["state"], row["error"], row["handed_over_at"]) == ("failed", "smtp_554", None)


async def test_a_server_that_wants_us_to_sign_in_is_not_the_recipients_fault(
    database: Database, ring: KeyRing, mail_server: MailServer
) -> None:
    mail_server.answers_to_recipients.append("530 5.7.0 authentication required")
    await put_away(database, ring, a_message())
    await a_sender(database, ring, by(mail_server)).send_due()
    assert (await row_of(database))["state"] == "pending"


async def test_attempts_end(database: Database, ring: KeyRing) -> None:
    nobody = SmtpChannel(f"smtp://127.0.0.1:{a_free_port()}", "queue@example.ru")
    await put_away(database, ring, a_message())
    now, attempts = NOON, 0
    while (row := await row_of(database))["state"] == "pending":
        now = max(now, row["due_at"])
        attempts += await a_sender(database, ring, nobody, now).send_due()
    assert attempts == len(PAUSES) + 1
    assert row["state"] == "failed"
    assert now - NOON < timedelta(days=1)


async def test_two_senders_at_once_send_each_key_once(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    keys = [f"message-{number}" for number in range(30)]
    await put_away(database, ring, *(a_message(key, appointment_id=number) for number, key in enumerate(keys)))
    tried = await asyncio.gather(*(a_sender(database, ring, by(mail_server)).send_due() for _ in range(4)))
    assert sum(tried) == 30
    assert len({mail["Message-ID"] for mail in mail_server.box}) == len(mail_server.box) == 30
    assert await database.hot.fetchval("SELECT count(*) FROM outbox_message WHERE state = 'sent'") == 30


async def _until_sent(database: Database, count: int) -> None:
    await until_true(database, f"SELECT count(*) = {count} FROM outbox_message WHERE state = 'sent'")


async def test_a_running_sender_works_when_it_is_woken(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    sender = a_sender(database, ring, by(mail_server))
    running = asyncio.create_task(sender.run())
    try:
        await put_away(database, ring, a_message("first"))
        sender.wake()
        await _until_sent(database, 1)
        await put_away(database, ring, *(a_message(f"next-{number}") for number in range(10)))
        sender.wake()
        await _until_sent(database, 11)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert len(mail_server.box) == 11


async def test_a_sender_that_is_asked_to_end_waits_for_the_answer(
    database: Database, ring: KeyRing, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queue_service.notifications.sender.FAREWELL_SECONDS", PATIENCE_SECONDS)
    mail_server.may_answer_dot.clear()
    await put_away(database, ring, a_message())
    running = asyncio.create_task(a_sender(database, ring, by(mail_server)).run())
    await happens(mail_server.accepted)
    running.cancel()
    asyncio.get_running_loop().call_later(0.1, mail_server.may_answer_dot.set)
    await asyncio.gather(running, return_exceptions=True)
    assert (await row_of(database))["state"] == "sent"


class Held:
    """A carrier that stops before or after the hand-over until the test lets it go on, or loses its connection there."""

    def __init__(self, *, before: Callable[[], Any] | None = None, fails: bool = False) -> None:
        self.before = before
        self.fails = fails
        self.sent: list[str] = []

    async def send(self, message: Outgoing, hand_over: HandOver) -> None:
        if self.before is not None:
            await self.before()
        await hand_over()
        if self.fails:
            raise ConnectionResetError
        self.sent.append(message.key)

    async def close(self) -> None: ...


async def test_a_connection_lost_after_the_hand_over_is_not_repeated(database: Database, ring: KeyRing) -> None:
    await put_away(database, ring, a_message())
    await a_sender(database, ring, Held(fails=True)).send_due()
    row = await row_of(database)
    assert (row["state"], row["handed_over_at"]) == ("unconfirmed", NOON)
    assert await a_sender(database, ring, Held(), NOON + timedelta(days=3)).send_due() == 0
    [delivery] = await deliveries(database.hot, 42)
    assert (delivery.state, delivery.at) == (State.UNCONFIRMED, NOON)


async def test_who_lost_the_lease_can_no_longer_hand_over(database: Database, ring: KeyRing) -> None:
    """The first sender sleeps past its lease; the second one has sent meanwhile."""
    second = Held()

    async def the_second_takes_over() -> None:
        assert await a_sender(database, ring, second, NOON + timedelta(hours=1)).send_due() == 1

    first = Held(before=the_second_takes_over)
    await put_away(database, ring, a_message())
    await a_sender(database, ring, first).send_due()
    assert (first.sent, second.sent) == ([], [KEY])
    row = await row_of(database)
    assert (row["state"], row["attempts"]) == ("sent", 2)


async def test_a_reminder_withdrawn_while_it_is_being_sent_does_not_go(database: Database, ring: KeyRing) -> None:
    async def the_booking_is_cancelled() -> None:
        async with database.session() as db:
            await withdraw(db, 42, [Kind.REMINDER_DAY], NOON)

    carrier = Held(before=the_booking_is_cancelled)
    await put_away(database, ring, a_message("reminder", Kind.REMINDER_DAY))
    await a_sender(database, ring, carrier).send_due()
    assert carrier.sent == []
    assert (await row_of(database, "reminder"))["state"] == "withdrawn"


async def test_a_reminder_is_not_sent_at_night(database: Database, ring: KeyRing) -> None:
    midnight = datetime(2031, 3, 11, 21, 0, tzinfo=UTC)
    carrier = Held()
    await put_away(database, ring, a_message("reminder", Kind.REMINDER_DAY), a_message("confirmation", appointment_id=43))
    await a_sender(database, ring, carrier, midnight).send_due()
    assert carrier.sent == ["confirmation"], "an answer to a person's own act goes at once"
    assert (await row_of(database, "reminder"))["due_at"] == datetime(2031, 3, 12, 5, 0, tzinfo=UTC)
    await a_sender(database, ring, carrier, datetime(2031, 3, 12, 5, 0, tzinfo=UTC)).send_due()
    assert carrier.sent == ["confirmation", "reminder"]


async def test_a_reminder_of_what_has_begun_is_not_sent(database: Database, ring: KeyRing) -> None:
    carrier = Held()
    await put_away(database, ring, a_message("reminder", Kind.REMINDER_DAY), a_message("code", Kind.CODE, facts=facts(until=NOON)))
    await a_sender(database, ring, carrier, STARTS_AT).send_due()
    assert carrier.sent == []
    assert {(await row_of(database, key))["state"] for key in ("reminder", "code")} == {"withdrawn"}


async def test_what_no_key_opens_fails_and_lets_the_next_one_pass(database: Database, ring: KeyRing) -> None:
    carrier = Held()
    await put_away(database, KeyRing.throwaway(), a_message("unreadable"))
    await put_away(database, ring, a_message("readable", due_at=NOON))
    await a_sender(database, ring, carrier).send_due()
    assert carrier.sent == ["readable"]
    row = await row_of(database, "unreadable")
    assert (row["state"], row["error"]) == ("failed", "unreadable")


async def test_the_demo_writes_its_messages_to_a_file(database: Database, ring: KeyRing, tmp_path: Path) -> None:
    file = tmp_path / "data" / "messages.log"
    demo = LogChannel(file)
    sms = a_message("sms", Kind.REMINDER_DAY, contact=parse_contact("+7 921 123-45-67"))
    await put_away(database, ring, a_message(), sms)
    await Sender(database, ring, {Channel.EMAIL: demo, Channel.SMS: demo}, now=lambda: NOON).send_due()
    by_mail, by_sms = [json.loads(line) for line in file.read_text().splitlines()]
    assert (by_mail["channel"], by_mail["to"], by_mail["time"]) == ("email", ADDRESS, "2031-03-11T09:00:00.000Z")
    assert SECRET_LINK in by_mail["text"]
    assert "BEGIN:VEVENT" in by_mail["ics"]
    assert (by_sms["channel"], by_sms["to"], by_sms["ics"]) == ("sms", "+79211234567", "")
    assert by_sms["text"].startswith("Напоминание: завтра в 14:30.")
    assert file.stat().st_mode & 0o077 == 0


def test_the_settings_choose_the_channels() -> None:
    assert {type(each) for each in channels_of(Settings()).values()} == {LogChannel}
    configured = channels_of(
        Settings(
            smtp_url="smtps://queue:p%40ss@mail.example.ru", mail_from="queue@example.ru", sms_url="https://sms.example.ru/", sms_token="t"
        )
    )
    assert (type(configured[Channel.EMAIL]), type(configured[Channel.SMS])) == (SmtpChannel, SmsChannel)


@pytest.mark.parametrize(
    "settings",
    [
        Settings(smtp_url="http://mail.example.ru"),
        Settings(smtp_url="smtp://"),
        Settings(smtp_url="smtp://mail:port"),
        Settings(smtp_url="smtp://mail?starttls=perhaps"),
        Settings(smtp_url="smtp://mail", mail_from="Очередь"),
        Settings(sms_url="sms.example.ru"),
    ],
)
def test_unusable_settings_are_named(settings: Settings) -> None:
    with pytest.raises(SettingsError, match=r"QUEUE_(SMTP_URL|MAIL_FROM|SMS_URL)"):
        channels_of(settings)
