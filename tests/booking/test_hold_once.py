"""A wish that is sent again is the same wish: its key is given the hold that it was given before, whatever has happened meanwhile."""

import asyncio
from datetime import datetime, timedelta

import pytest

from queue_service.booking import commands
from queue_service.booking.commands import HoldWish
from queue_service.booking.errors import SlotNotOffered, SlotTaken
from queue_service.booking.hold import Held
from queue_service.booking.office import Booking
from queue_service.db import Database
from queue_service.errors import IdempotencyKeyReused
from tests.booking.scene import MINUTE, TIME, a_booked_office, hold, means, place_of
from tests.support.factories import LATER, AnOffice

AT_ONCE, ROUNDS = 12, 8


async def hold_by(booking: Booking, office: AnOffice, key: str, starts_at: datetime = TIME, now: datetime = LATER) -> Held:
    return await commands.hold(booking, await place_of(booking, office), HoldWish("passport", starts_at, key=key), now)


async def parts_taken(database: Database) -> int:
    taken: int = await database.hot.fetchval("SELECT count(*) FROM lane_taken")
    return taken


@pytest.mark.parametrize("lanes", [1, 3])
async def test_sent_again_it_is_the_same_hold(database: Database, lanes: int) -> None:
    office, booking = await a_booked_office(database, lanes=lanes), means(database)
    first = await hold_by(booking, office, "once")
    assert await hold_by(booking, office, "once", now=LATER + MINUTE) == first
    assert await parts_taken(database) == 1


@pytest.mark.parametrize("lanes", [1, 3])
async def test_sent_many_times_at_once_it_is_one_hold(database: Database, lanes: int) -> None:
    office, booking = await a_booked_office(database, lanes=lanes), means(database)
    for turn in range(ROUNDS):
        starts_at = TIME + turn * 15 * MINUTE
        held = await asyncio.gather(*(hold_by(booking, office, f"turn {turn}", starts_at) for _ in range(AT_ONCE)))
        assert len(set(held)) == 1
        assert await parts_taken(database) == turn + 1


async def test_it_is_known_when_the_time_is_no_longer_offered(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    first = await hold_by(booking, office, "once")
    too_late = TIME + MINUTE
    assert await hold_by(booking, office, "once", now=too_late) == first
    with pytest.raises(SlotNotOffered) as refused:
        await hold_by(booking, office, "never heard of", now=too_late)
    assert refused.value.alternatives


async def test_who_lost_the_slot_is_told_so_whatever_their_key(database: Database) -> None:
    office, booking = await a_booked_office(database), means(database)
    await hold(booking, office)
    for _ in range(2):
        with pytest.raises(SlotTaken) as lost:
            await hold_by(booking, office, "mine")
        assert lost.value.alternatives


@pytest.mark.parametrize("lanes", [1, 3])
async def test_a_key_is_for_one_time(database: Database, lanes: int) -> None:
    office, booking = await a_booked_office(database, lanes=lanes), means(database)
    await hold_by(booking, office, "once")
    with pytest.raises(IdempotencyKeyReused):
        await hold_by(booking, office, "once", TIME + timedelta(minutes=15))
    assert await parts_taken(database) == 1
