"""One kept-open HTTP/1.1 connection, as a kiosk or a desk has it: thin enough that a load test loads the service and not itself.

Sixty-four clients of a general library cost more than two workers. Refuses everything that our service does not send: no chunks, no
redirects, no compression.
"""

import asyncio
import json
import time
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit


class ConnectionLost(Exception):
    """No whole answer came: the request may have been done or not."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


IDLE_SECONDS = 4.0
"""The service hangs up on whoever says nothing for five; who stood still for nearly as long opens anew instead of finding the line dead."""


class Wire:
    """Opens itself when it is used, and again after it was lost or idle."""

    def __init__(self, base_url: str, token: str) -> None:
        address = urlsplit(base_url)
        self._address = (address.hostname, address.port)
        self._head = f"Host: {address.netloc}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._used = 0.0

    async def post(self, path: str, key: str | None = None, body: dict[str, Any] | None = None, method: str = "POST") -> Answer:
        """The answer; ConnectionLost when the service died or was not there."""
        content = json.dumps(body).encode() if body is not None else b""
        keyed = f"Idempotency-Key: {key}\r\n" if key else ""
        head = f"{method} {path} HTTP/1.1\r\n{self._head}{keyed}Content-Length: {len(content)}\r\n\r\n"
        try:
            if time.monotonic() - self._used > IDLE_SECONDS:
                self.close()
            if self._streams is None:
                self._streams = await asyncio.open_connection(*self._address)
            reader, writer = self._streams
            writer.write(head.encode() + content)
            answer = await self._answer(reader)
            self._used = time.monotonic()
            return answer
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise ConnectionLost from error

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(status.split(" ", 2)[1]), body)

    async def open(self) -> None:
        """Connects now, and is served by one worker from now on."""
        await self.post("/health/live", method="GET")

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
