"""kill -9 in the middle of a send, at every place where it could double or lose a message; and what a sender's log says of people."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from cryptography.fernet import Fernet

from queue_service.db import Database
from queue_service.notifications.contacts import Channel
from queue_service.notifications.sender import Sender
from queue_service.notifications.smtp import SmtpChannel
from queue_service.sealing import KeyRing
from queue_service.settings import CHECKOUT
from tests.notifications.scene import (
    ADDRESS,
    NOON,
    SECRET_LINK,
    MailServer,
    a_message,
    facts,
    happens,
    put_away,
    row_of,
    until_true,
)
from tests.support.service import PATIENCE_SECONDS

SEAL_KEY, HASH_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def ring() -> KeyRing:
    """Keys that another process can have too."""
    return KeyRing.made_of((SEAL_KEY,), HASH_KEY)


class Process:
    """One sender; its standard error is in `log`."""

    def __init__(self, database: Database, mail_server: MailServer, log: Path) -> None:
        self.log = log
        environment = {
            **os.environ,
            "DATABASE_URL": database.url,
            "SEAL_KEY": SEAL_KEY,
            "HASH_KEY": HASH_KEY,
            "NOW": NOON.isoformat(),
            "SMTP_URL": mail_server.url + "?starttls=off",
        }
        with log.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.notifications.a_sender"], cwd=CHECKOUT, env=environment, stdout=file, stderr=file
            )

    async def says(self, words: str) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if words in self.log.read_text():
                    return
                await asyncio.sleep(0.02)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)
        self._process.wait()


@pytest.fixture
def start_sender(database: Database, mail_server: MailServer, tmp_path: Path) -> Iterator[Callable[[], Process]]:
    started: list[Process] = []

    def start() -> Process:
        started.append(Process(database, mail_server, tmp_path / f"sender-{len(started)}.log"))
        return started[-1]

    yield start
    for each in started:
        each.kill()
        print(each.log.read_text())  # pytest shows it where the test failed


async def another_sender_comes(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    """An hour later, so that every lease is over."""
    channel = SmtpChannel(mail_server.url + "?starttls=off", "queue@example.ru")
    await Sender(database, ring, {Channel.EMAIL: channel}, now=lambda: NOON + timedelta(hours=1)).send_due()


async def test_killed_before_the_text_is_sent_it_is_delivered_once_by_another(
    database: Database, ring: KeyRing, mail_server: MailServer, start_sender: Callable[[], Process]
) -> None:
    mail_server.may_answer_data.clear()
    await put_away(database, ring, a_message())
    process = start_sender()
    await happens(mail_server.data_asked)
    process.kill()
    mail_server.may_answer_data.set()
    row = await row_of(database)
    assert (row["state"], row["handed_over_at"]) == ("sending", None)

    await another_sender_comes(database, ring, mail_server)
    assert len(mail_server.box) == 1
    row = await row_of(database)
    assert (row["state"], row["attempts"]) == ("sent", 2)
    await another_sender_comes(database, ring, mail_server)
    assert len(mail_server.box) == 1


async def test_killed_between_the_text_and_the_dot_it_is_delivered_once_by_another(
    database: Database, ring: KeyRing, mail_server: MailServer, start_sender: Callable[[], Process]
) -> None:
    """The test holds the row, so the sender waits with its hand-over: the server has the whole text by then, and not the dot."""
    mail_server.may_answer_data.clear()
    await put_away(database, ring, a_message())
    process = start_sender()
    await happens(mail_server.data_asked)
    holder = await asyncpg.connect(database.url)
    try:
        async with holder.transaction():
            await holder.fetch("SELECT 1 FROM outbox_message FOR UPDATE")
            mail_server.may_answer_data.set()
            waiting = await backend_that_waits(database)
            process.kill()
            # The machine is gone, its connection to the database with it.
            await holder.execute("SELECT pg_terminate_backend($1)", waiting)
    finally:
        await holder.close()
    assert (await row_of(database))["handed_over_at"] is None

    await another_sender_comes(database, ring, mail_server)
    assert len(mail_server.box) == 1
    assert (await row_of(database))["state"] == "sent"


async def backend_that_waits(database: Database) -> int:
    waiting = "SELECT min(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%SET handed_over_at%'"
    await until_true(database, waiting)
    return int(await database.hot.fetchval(waiting))


async def test_killed_after_the_server_accepted_it_is_never_sent_again(
    database: Database, ring: KeyRing, mail_server: MailServer, start_sender: Callable[[], Process]
) -> None:
    mail_server.may_answer_dot.clear()
    await put_away(database, ring, a_message())
    process = start_sender()
    await happens(mail_server.accepted)
    process.kill()
    mail_server.may_answer_dot.set()

    await another_sender_comes(database, ring, mail_server)
    await another_sender_comes(database, ring, mail_server)
    assert len(mail_server.box) == 1
    row = await row_of(database)
    assert (row["state"], row["error"], row["recipient"]) == ("unconfirmed", "sender_died", None)


async def test_a_senders_log_names_keys_and_nobody(
    database: Database, ring: KeyRing, mail_server: MailServer, start_sender: Callable[[], Process]
) -> None:
    """Servers quote addresses and texts in their answers."""
    quoting = f"<{ADDRESS}> {SECRET_LINK}"
    mail_server.answers_to_recipients.extend([f"550 5.1.1 {quoting}", f"451 4.7.1 {quoting}", "250 OK"])
    mail_server.answers_to_data.append(f"554 {quoting}")
    due = [NOON - timedelta(minutes=4 - number) for number in range(4)]
    code = facts(code="482913", until=NOON + timedelta(minutes=15))
    await put_away(database, ring, *(a_message(f"key-{number}", due_at=at, facts=code) for number, at in enumerate(due)))
    process = start_sender()
    await until_true(database, "SELECT bool_and(attempts > 0 AND state <> 'sending') FROM outbox_message")
    await process.says("message_sent")
    process.kill()
    said = process.log.read_text()
    for expected in ("smtp_550", "smtp_451", "smtp_554", "message_sent", "key-3"):
        assert expected in said
    for personal in (ADDRESS, "ivanova", SECRET_LINK, "Zq3vTk81", "482913", "Невского", "Traceback"):
        assert personal not in said
