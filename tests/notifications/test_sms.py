"""The SMS gateway, as a real HTTP server."""

from datetime import timedelta

import pytest

from queue_service.db import Database
from queue_service.notifications.contacts import Channel, parse_contact
from queue_service.notifications.outbox import Kind, Message
from queue_service.notifications.rules import PAUSES
from queue_service.notifications.sender import Sender
from queue_service.notifications.sms import SmsChannel
from queue_service.sealing import KeyRing
from tests.notifications.scene import NOON, Gateway, a_message, put_away, row_of
from tests.support.service import a_free_port


def an_sms() -> Message:
    return a_message("sms", Kind.REMINDER_DAY, contact=parse_contact("8 921 123-45-67"))


async def send(database: Database, ring: KeyRing, gateway: Gateway | str, later: timedelta = timedelta()) -> None:
    channel = SmsChannel(gateway if isinstance(gateway, str) else gateway.url, "gateway-token")
    await Sender(database, ring, {Channel.SMS: channel}, now=lambda: NOON + later).send_due()
    await channel.close()


async def test_the_gateway_gets_an_id_a_number_and_a_short_text(database: Database, ring: KeyRing, gateway: Gateway) -> None:
    await put_away(database, ring, an_sms())
    await send(database, ring, gateway)
    [body] = gateway.sent.values()
    assert body["to"] == "+79211234567"
    assert body["text"].startswith("Напоминание: завтра в 14:30.")
    assert gateway.tokens == ["Bearer gateway-token"]
    assert (await row_of(database, "sms"))["state"] == "sent"


@pytest.mark.parametrize("answer", [429, 500, 503, 401])
async def test_a_gateway_in_trouble_is_asked_again_with_the_same_id(
    database: Database, ring: KeyRing, gateway: Gateway, answer: int
) -> None:
    gateway.answers.append(answer)
    await put_away(database, ring, an_sms())
    await send(database, ring, gateway)
    row = await row_of(database, "sms")
    assert (row["state"], row["error"]) == ("pending", f"http_{answer}")
    await send(database, ring, gateway, PAUSES[0])
    assert len(gateway.sent) == 1
    assert (await row_of(database, "sms"))["state"] == "sent"


async def test_a_gateway_that_is_not_there_is_asked_again(database: Database, ring: KeyRing) -> None:
    await put_away(database, ring, an_sms())
    await send(database, ring, f"http://127.0.0.1:{a_free_port()}/")
    row = await row_of(database, "sms")
    assert (row["state"], row["error"]) == ("pending", "ConnectError")


async def test_a_number_that_the_gateway_refuses_is_given_up(database: Database, ring: KeyRing, gateway: Gateway) -> None:
    gateway.answers.append(422)
    await put_away(database, ring, an_sms())
    await send(database, ring, gateway)
    row = await row_of(database, "sms")
    assert (row["state"], row["error"]) == ("failed", "http_422")


async def test_a_sender_that_died_after_the_gateway_took_it_makes_no_second_sms(
    database: Database, ring: KeyRing, gateway: Gateway
) -> None:
    await put_away(database, ring, an_sms())
    await send(database, ring, gateway)
    # As the row was before the dead sender could write the answer down.
    await database.hot.execute("DELETE FROM outbox_message")
    await put_away(database, ring, an_sms())
    await database.hot.execute("UPDATE outbox_message SET state = 'sending', attempts = 1, claimed_until = $1", NOON)
    await send(database, ring, gateway, timedelta(minutes=1))
    assert len(gateway.tokens) == 2
    assert len(gateway.sent) == 1
    assert (await row_of(database, "sms"))["state"] == "sent"
