"""What hangs in the hall and lies in a hand: displays and phones over websockets, which come back by themselves when they are cut off."""

import asyncio
import contextlib
from datetime import datetime
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.torture.clients.base import Asked, Client
from tests.torture.record import Followed, Linked, Shown

FIRST_DELAY, LONGEST_DELAY = 0.2, 1.0
FOLLOWED_SECONDS = 6.0
"""So long somebody looks at one ticket before another one is scanned."""
OVER = frozenset({"served", "left", "expired"})


class Screen(Client):
    link = 0

    async def _connected(self, path: str) -> ClientConnection | None:
        address = self.hall.address.replace("http", "ws", 1) + path
        try:
            return await connect(address, compression=None, proxy=None, open_timeout=5, max_size=None, ping_interval=None)
        except (OSError, WebSocketException, TimeoutError, EOFError):
            return None

    def _cut(self, *, asked: bool) -> None:
        self.hall.recorder.note(Linked(client=self.name, link=self.link, asked=asked, **self.hall.recorder.clocks()))


class Display(Screen):
    """Follows its office's board until it is switched off (cancelled)."""

    calls: frozenset[int] = frozenset()

    async def work(self) -> None:
        delay = FIRST_DELAY
        while True:
            self.link += 1
            connection = await self._connected(f"/live/board?office={self.place.slug}&token={self.token}")
            if connection is not None:
                delay = FIRST_DELAY
                try:
                    async for message in connection:
                        self._show(msgspec.json.decode(message))
                except ConnectionClosed:
                    pass
                except asyncio.CancelledError:
                    self._cut(asked=True)
                    connection.transport.abort()
                    raise
                self._cut(asked=False)
            await asyncio.sleep(delay * self.chance.uniform(0.7, 1.3))
            delay = min(delay * 2, LONGEST_DELAY)

    def _show(self, seen: Any) -> None:
        self.calls = frozenset(call["call_id"] for call in seen["calls"])
        self.hall.recorder.note(
            Shown(
                client=self.name,
                link=self.link,
                office=self.place.id,
                version=seen["version"],
                now=datetime.fromisoformat(seen["now"]),
                calls=tuple(sorted(self.calls)),
                **self.hall.recorder.clocks(),
            )
        )


class Phone(Screen):
    """Somebody scans a ticket, looks at it for a while, and now and then goes home."""

    async def work(self) -> None:
        while self.goes_on():
            await self.pause(0.05, 0.3)
            if not self.hall.papers:
                continue
            _, secret = self.hall.papers.pop()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FOLLOWED_SECONDS):
                    await self._follow(secret)
            if self.chance.random() < 0.15:
                await self.ask(Asked("leave-by-phone", f"/api/public/tickets/{secret}/leave"))

    async def _follow(self, secret: str) -> None:
        while self.goes_on():
            self.link += 1
            connection = await self._connected(f"/live/ticket/{secret}")
            if connection is None:
                await asyncio.sleep(FIRST_DELAY)
                continue
            asked = True
            try:
                async for message in connection:
                    if self._show(secret, msgspec.json.decode(message)) in OVER:
                        return
                asked = False
            except ConnectionClosed:
                asked = False
            finally:
                self._cut(asked=asked)
                connection.transport.abort()

    def _show(self, secret: str, seen: Any) -> str:
        state = str(seen["state"])
        self.hall.recorder.note(
            Followed(
                client=self.name,
                link=self.link,
                secret=secret,
                version=seen["version"],
                now=datetime.fromisoformat(seen["now"]),
                state=state,
                **self.hall.recorder.clocks(),
            )
        )
        return state
