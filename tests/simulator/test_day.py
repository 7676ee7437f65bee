"""Simulated time runs at its speed, and ends at once when somebody is in a hurry."""

import asyncio
import time

from queue_service.simulator.day import Bell, Day
from tests.support.service import PATIENCE_SECONDS


class AClock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_real_second_is_a_minute_at_speed_sixty() -> None:
    clock = AClock()
    day = Day(60, 9, clock)
    clock.seconds += 102
    assert round(day.minutes, 6) == 102
    assert day.clock == "10:42"
    assert day.seconds(15) == 15


def test_at_speed_one_time_is_real() -> None:
    clock = AClock()
    day = Day(1, 9, clock)
    clock.seconds += 3600
    assert day.clock == "10:00"
    assert not day.over


def test_the_day_is_over_when_its_hours_have_passed() -> None:
    clock = AClock()
    day = Day(60, 1, clock)
    clock.seconds += 60
    assert day.over


async def test_pauses_take_simulated_time() -> None:
    day = Day(60_000, 9)  # a minute is a millisecond
    started = time.monotonic()
    await day.pause(50)
    assert time.monotonic() - started >= 0.045


async def test_what_lies_in_the_past_is_not_waited_for() -> None:
    await Day(1, 9).until(-10)


async def test_hurry_ends_every_pause_and_wakes_every_bell() -> None:
    day = Day(1, 9)
    bell = day.bell()
    waiting = asyncio.gather(day.pause(600), bell.until(lambda: day.hurried))
    await asyncio.sleep(0)
    day.hurry()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await waiting
        await day.pause(600)
    assert day.over


async def test_a_bell_wakes_only_those_whose_wish_has_come_true() -> None:
    bell, come = Bell(), set[str]()
    first = asyncio.create_task(bell.until(lambda: "first" in come))
    second = asyncio.create_task(bell.until(lambda: "second" in come))
    await asyncio.sleep(0)
    come.add("first")
    bell.ring()
    assert await first
    assert not second.done()
    come.add("second")
    bell.ring()
    assert await second


async def test_what_is_true_already_needs_no_bell() -> None:
    assert await Bell().until(lambda: True, 0.01)


async def test_patience_ends() -> None:
    assert not await Bell().until(lambda: False, 0.01)
