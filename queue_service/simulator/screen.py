"""A websocket that shows the latest snapshot and comes back by itself, as every screen of the product does.

Refuses to keep history: whoever looks sees the newest. A reconnect backs off with jitter, so that a restarted service is not
met by a crowd in step.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

import msgspec
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from queue_service.simulator.wire import Snapshot

FIRST_DELAY, LONGEST_DELAY = 0.2, 5.0
SnapshotT = TypeVar("SnapshotT", bound=Snapshot)


class Screen(Generic[SnapshotT]):
    """`changed` is told every snapshot; one that cannot be read goes to `unreadable` as a sentence."""

    def __init__(
        self,
        kind: type[SnapshotT],
        path: str,
        changed: Callable[[SnapshotT], None],
        unreadable: Callable[[str], None],
    ) -> None:
        self.latest: SnapshotT | None = None
        self._kind = kind
        self._path = path
        self._changed = changed
        self._unreadable = unreadable

    @property
    def version(self) -> int:
        """0 before the first snapshot."""
        return self.latest.version if self.latest is not None else 0

    def show(self, message: str | bytes) -> None:
        try:
            self.latest = msgspec.json.decode(message, type=self._kind)
        except msgspec.DecodeError as error:
            self._unreadable(f"{self._path.split('?')[0]}: снимок не такой, как описано ({error}).")
        else:
            self._changed(self.latest)

    async def follow(self, base_url: str, token: Callable[[], str | None]) -> None:
        """Until cancelled. `token` is asked at each connection, because a clerk may have signed in anew."""
        address = base_url.replace("http", "ws", 1) + self._path
        delay = FIRST_DELAY
        while True:
            secret = token()
            headers = {"Authorization": f"Bearer {secret}"} if secret else {}
            with suppress(OSError, WebSocketException):
                async with connect(address, additional_headers=headers, compression=None, proxy=None, open_timeout=10) as socket:
                    async for message in socket:
                        delay = FIRST_DELAY
                        self.show(message)
            await asyncio.sleep(delay * random.uniform(0.7, 1.3))
            delay = min(delay * 2, LONGEST_DELAY)

    @asynccontextmanager
    async def followed(self, base_url: str, token: Callable[[], str | None]) -> AsyncIterator[None]:
        """Follows for as long as the block runs."""
        task = asyncio.create_task(self.follow(base_url, token))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])  # unlike `await task`, cannot swallow a cancellation that is meant for us
