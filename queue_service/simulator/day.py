"""Simulated time: how real seconds become minutes of an office day, and what ends a day early.

A pause ends at once when the day is hurried (Ctrl-C), so that clerks finish and close. Real rules of the service, such as the
seconds before a no-show, are waited for in real seconds and never scaled.
"""

import asyncio
import time
from collections.abc import Callable

from queue_service.simulator.arrivals import OPENING_HOUR


class Bell:
    """Wakes whoever waits for something to become true; what it is, they look up themselves."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        event, self._event = self._event, asyncio.Event()
        event.set()

    async def until(self, holds: Callable[[], bool], seconds: float | None = None) -> bool:
        """Waits until `holds()`; False when it still does not after so many real seconds."""
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    await self._event.wait()
        except TimeoutError:
            return False
        return True


class Day:
    """The clock that everybody in the hall shares."""

    def __init__(self, speed: float, hours: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self.length = hours * 60
        self.hurried = False
        self._monotonic = monotonic
        self._started = monotonic()
        self._bells: list[Bell] = []
        self._own = self.bell()

    @property
    def minutes(self) -> float:
        """Simulated minutes since the opening."""
        return (self._monotonic() - self._started) * self.speed / 60

    @property
    def over(self) -> bool:
        """Nobody may come in any more."""
        return self.hurried or self.minutes >= self.length

    def seconds(self, minutes: float) -> float:
        """Real seconds that so many simulated minutes take."""
        return minutes * 60 / self.speed

    def bell(self) -> Bell:
        """A bell that also rings when the day is hurried."""
        bell = Bell()
        self._bells.append(bell)
        return bell

    def hurry(self) -> None:
        self.hurried = True
        for bell in self._bells:
            bell.ring()

    async def pause(self, minutes: float) -> None:
        await self._own.until(lambda: self.hurried, self.seconds(max(0.0, minutes)))

    async def until(self, minute: float) -> None:
        await self.pause(minute - self.minutes)

    @property
    def clock(self) -> str:
        """«10:42»."""
        minutes = int(OPENING_HOUR * 60 + self.minutes)
        return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"
