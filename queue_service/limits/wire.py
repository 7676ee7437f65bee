"""The server's protocol with an end to what it waits for: uvicorn takes headers of any length for any time.

Refuses to judge content: what a request asks is the application's business.
"""

import asyncio
import socket

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from queue_service.limits.bodies import HEAD_LIMIT_BYTES, HEAD_SECONDS

DOORS = 16
"""Of one and the same listening socket: uvloop lets one connection in per door and turn of its loop. In a crowd a turn takes ten
milliseconds, and a desk's new connection stood for seconds behind those of the citizens."""


def doors_of(listening: socket.socket) -> list[socket.socket]:
    return [listening, *(listening.dup() for _ in range(DOORS - 1))]


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose heads are at most so long and come within so many seconds."""

    _head = 0
    """Bytes of the present head that the parser has handed over."""
    _fed = 0
    """Bytes that came while it went on: one endless header is handed over only when it ends."""
    _begun = 0
    """Heads of this line so far."""
    _in_head = True
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        begun = self._begun
        super().data_received(data)
        if not self._in_head or begun != self._begun:
            return
        self._fed += len(data)
        if self._fed > HEAD_LIMIT_BYTES and not self.transport.is_closing():
            self.send_400_response("")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head, self._fed, self._in_head = 0, 0, True
        self._begun += 1
        self._wait()

    def on_url(self, url: bytes) -> None:
        self._grow(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._grow(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._settle()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """And 431 where it was only too long."""
        if max(self._head, self._fed) <= HEAD_LIMIT_BYTES:
            super().send_400_response(msg)
            return
        self.transport.write(STATUS_LINE[431] + b"content-length: 0\r\nconnection: close\r\n\r\n")
        self.transport.close()

    def _grow(self, size: int) -> None:
        self._head += size
        if self._head > HEAD_LIMIT_BYTES:
            raise httptools.HttpParserError("the head is too long")

    def _wait(self) -> None:
        self._settle()
        self._patience = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _settle(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _give_up(self) -> None:
        if self._in_head and not self.transport.is_closing():
            self.transport.close()
