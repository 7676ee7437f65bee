"""The process's one LISTEN connection: survives the loss of the database and says when it was deaf.

What was notified while it was away is lost by design; `on_gap` makes the process read everything afresh. Refuses to do work in the
callback: it only passes the payload on.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
import structlog

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 5.0
"""A half-dead connection (a cut cable) raises nothing by itself; this bounds how long we believe in it."""
FIRST_RETRY_SECONDS = 0.1
LONGEST_RETRY_SECONDS = 3.0
"""A restarted PostgreSQL is back in seconds; screens should not wait longer for us than for it."""


class Listener:
    """Runs until cancelled; `channels` maps a channel to what is called with each payload."""

    def __init__(self, url: str, channels: Mapping[str, Callable[[str], None]], on_gap: Callable[[], None]) -> None:
        self._url = url
        self._channels = channels
        self._on_gap = on_gap
        self._connection: asyncpg.Connection[Any] | None = None

    @property
    def hears(self) -> bool:
        return self._connection is not None and not self._connection.is_closed()

    async def run(self) -> None:
        retry = FIRST_RETRY_SECONDS
        while True:
            try:
                await self._listen()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("listener_lost", error=repr(error))
            if self._connection is not None:
                retry = FIRST_RETRY_SECONDS
                self._connection.terminate()
                self._connection = None
            await asyncio.sleep(retry * random.uniform(0.5, 1.0))
            retry = min(retry * 2, LONGEST_RETRY_SECONDS)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=HEARTBEAT_SECONDS, command_timeout=HEARTBEAT_SECONDS)
        self._connection = connection
        ended = asyncio.Event()
        connection.add_termination_listener(lambda _: ended.set())
        for channel in self._channels:
            await connection.add_listener(channel, self._heard)
        # Subscribed first, read afterwards: nothing falls between.
        self._on_gap()
        log.info("listener_ready")
        while not ended.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), HEARTBEAT_SECONDS)
            if not ended.is_set():
                await connection.execute("SELECT 1")

    def _heard(self, _connection: object, _pid: int, channel: str, payload: object) -> None:
        self._channels[channel](str(payload))
