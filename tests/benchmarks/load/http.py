"""The cheapest HTTP/1.1 client that still reads every answer: one keep-alive connection, one request at a time.

Client, service and database share two cores, so what a client costs is taken from what it measures. Refuses all that our service
does not send: chunked answers, redirects, compression.
"""

import asyncio
import os
import time
from typing import cast


class Answer:
    __slots__ = ("body", "retry_after", "status")

    def __init__(self, status: int, body: bytes, *, retry_after: bool) -> None:
        self.status, self.body, self.retry_after = status, body, retry_after


class HttpConnection(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._asked: asyncio.Future[Answer] | None = None

    @staticmethod
    async def open(port: int) -> "HttpConnection":
        _, connection = await asyncio.get_running_loop().create_connection(HttpConnection, "127.0.0.1", port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def ask(self, request: bytes) -> "asyncio.Future[Answer]":
        assert self._transport is not None
        self._asked = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._asked

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        head = received.find(b"\r\n\r\n")
        if head < 0:
            return
        body = head + 4
        named = received.find(b"content-length: ", 0, head)
        length = int(received[named + 16 : received.find(b"\r\n", named)]) if named >= 0 else 0
        if len(received) < body + length:
            return
        self._received = b""
        if self._asked is not None and not self._asked.done():
            status = int(received[9:12])
            told = status == 503 and received.find(b"\r\nretry-after: ", 0, head) >= 0
            self._asked.set_result(Answer(status, received[body:], retry_after=told))

    def connection_lost(self, error: Exception | None) -> None:
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(ConnectionError("the service closed the connection"))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def get(path: str) -> bytes:
    return b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode()


def new_key() -> bytes:
    """The line with an Idempotency-Key like a kiosk's, which begins with its moment: `newKey` in kiosk/js/main.js."""
    return b"Idempotency-Key: %012x%s\r\n" % (time.time_ns() // 1_000_000, os.urandom(10).hex().encode())


def post(path: str, token: str, body: bytes = b"", headers: bytes = b"") -> bytes:
    """A whole request; `headers` are further lines, each with its CRLF."""
    first = b"POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n" % (path.encode(), token.encode())
    return first + headers + b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
