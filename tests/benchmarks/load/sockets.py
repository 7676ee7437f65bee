"""The cheapest websocket client that still sees every message: it notes when each came, and shows its bytes to who asks.

Thousands of them live in one process beside the service they measure. Refuses what our service does not send: fragments, masks,
compression.
"""

import asyncio
import time
from collections.abc import Callable
from typing import cast

TEXT, CLOSE, PING = 0x1, 0x8, 0x9
_UPGRADE = (
    b"GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class LiveSocket(asyncio.Protocol):
    """`heard` is called with the socket, a message's bytes and the moment of `time.perf_counter` at which its last byte came."""

    def __init__(self, path: str, heard: Callable[["LiveSocket", bytes, float], None]) -> None:
        self._path = path
        self._heard = heard
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._upgraded = False
        self.messages = 0
        self.lost = False

    @staticmethod
    async def open(port: int, path: str, heard: Callable[["LiveSocket", bytes, float], None]) -> "LiveSocket":
        loop = asyncio.get_running_loop()
        _, socket = await loop.create_connection(lambda: LiveSocket(path, heard), "127.0.0.1", port)
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._transport.write(_UPGRADE % self._path.encode())

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        received = self._received + data
        if not self._upgraded:
            head = received.find(b"\r\n\r\n")
            if head < 0:
                self._received = received
                return
            self._upgraded = received.startswith(b"HTTP/1.1 101")
            received = received[head + 4 :]
        while (size := _frame_size(received)) is not None and len(received) >= size[0] + size[1]:
            header, length = size
            self._frame(received[0] & 0x0F, received[header : header + length], now)
            received = received[header + length :]
        self._received = received

    def _frame(self, opcode: int, payload: bytes, now: float) -> None:
        assert self._transport is not None
        if opcode == TEXT:
            self.messages += 1
            self._heard(self, payload, now)
        elif opcode == PING:
            # The answer must carry the ping's own bytes, or the service would take us for dead after its patience.
            self._transport.write(bytes((0x8A, 0x80 | len(payload))) + b"\x00\x00\x00\x00" + payload)
        elif opcode == CLOSE:
            self._transport.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def _frame_size(received: bytes) -> tuple[int, int] | None:
    """Lengths of header and payload of the first frame; None while the header is not all there."""
    if len(received) < 2:
        return None
    length = received[1] & 0x7F
    if length < 126:
        return 2, length
    header = 4 if length == 126 else 10
    if len(received) < header:
        return None
    return header, int.from_bytes(received[2:header], "big")
