"""What is put is sent once or withdrawn, and nobody reads it in the database."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from queue_service.db import Database
from queue_service.notifications.outbox import OUTBOX, Kind, State, deliveries, put, withdraw
from queue_service.sealing import KeyRing
from tests.notifications.scene import ADDRESS, NOON, SECRET_LINK, a_message, facts, put_away, row_of
from tests.support.service import PATIENCE_SECONDS


async def test_a_key_is_one_message_for_ever(database: Database, ring: KeyRing) -> None:
    await put_away(database, ring, a_message())
    await put_away(database, ring, a_message(), a_message(kind=Kind.CANCELLATION))
    assert [each.kind for each in await deliveries(database.hot, 42)] == [Kind.CONFIRMATION]


async def test_twenty_who_put_one_key_at_once_make_one_message(database: Database, ring: KeyRing) -> None:
    await asyncio.gather(*(put_away(database, ring, a_message()) for _ in range(20)))
    assert await database.hot.fetchval("SELECT count(*) FROM outbox_message") == 1


async def test_a_rolled_back_booking_says_nothing(database: Database, ring: KeyRing) -> None:
    async def a_booking_that_fails() -> None:
        async with database.session() as db:
            await put(db, ring, a_message(), NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await a_booking_that_fails()
    assert await deliveries(database.hot, 42) == []


async def test_nobody_reads_it_in_the_database(database: Database, ring: KeyRing) -> None:
    await put_away(database, ring, a_message(kind=Kind.CODE, facts=facts(code="482913")))
    kept = await database.hot.fetchval("SELECT row_to_json(outbox_message)::text || convert_from(payload, 'UTF8') FROM outbox_message")
    for secret in (ADDRESS, "ivanova", SECRET_LINK, "482913", "48291350", "Невского"):
        assert secret not in kept
        assert secret.encode().hex() not in kept
    row = await row_of(database)
    assert ring.unseal(row["recipient"]) == ADDRESS
    assert "482913" in ring.unseal(row["payload"])


async def test_what_is_personal_is_not_in_a_messages_repr() -> None:
    assert ADDRESS not in repr(a_message())
    assert SECRET_LINK not in repr(a_message())


async def test_a_message_that_is_due_wakes_the_senders_when_it_is_committed(database: Database, ring: KeyRing) -> None:
    heard = asyncio.Event()
    listening = await asyncpg.connect(database.url)
    try:
        await listening.add_listener(OUTBOX, lambda *_: heard.set())
        await put_away(database, ring, a_message("later", due_at=NOON + timedelta(hours=1)))
        await listening.execute("SELECT 1")
        assert not heard.is_set(), "what is due later wakes nobody"
        await put_away(database, ring, a_message())
        await asyncio.wait_for(heard.wait(), PATIENCE_SECONDS)
    finally:
        await listening.close()


async def test_withdrawing_takes_back_the_chosen_kinds_of_one_appointment(database: Database, ring: KeyRing) -> None:
    await put_away(
        database,
        ring,
        a_message("a-confirmation"),
        a_message("b-early", Kind.REMINDER_EARLY),
        a_message("c-day", Kind.REMINDER_DAY),
        a_message("d-other", Kind.REMINDER_DAY, appointment_id=43),
    )
    async with database.session() as db:
        await withdraw(db, 42, [Kind.REMINDER_EARLY, Kind.REMINDER_DAY], NOON)
    assert [(each.key, each.state) for each in await deliveries(database.hot, 42)] == [
        ("a-confirmation", State.PENDING),
        ("b-early", State.WITHDRAWN),
        ("c-day", State.WITHDRAWN),
    ]
    assert [each.state for each in await deliveries(database.hot, 43)] == [State.PENDING]
    assert (await row_of(database, "b-early"))["recipient"] is None
