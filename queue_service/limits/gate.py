"""What every request passes before anything is done for it: its limit, its origin, and a body that arrives in reasonable time.

Reads cost a few microseconds and no query. Refuses to know who somebody is: a token counts as good when the service answered it well a
moment ago, which is enough to tell a working desk from somebody who tries.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage

from queue_service.errors import DomainError, Forbidden, Malformed
from queue_service.limits.bodies import BODY_SECONDS
from queue_service.limits.classes import DEVICE, GUESS, SAFE, STAFF, STRANGER, household, limit_of, secret_in
from queue_service.limits.meter import Meter
from queue_service.problems import render

SESSION_COOKIE: Final = "queue_session"
REMEMBERED: Final = 50_000
"""Tokens and secrets that were good here: more than a city has at once."""
REFUSED: Final = 4401
"""The close code of `live.sockets` for who may not watch."""


class TooManyRequests(DomainError):
    status = 429
    code = "too_many_requests"
    sentence = {
        "ru": "Слишком много запросов. Подождите немного и попробуйте ещё раз.",
        "en": "Too many requests. Please wait a little and try again.",
    }


class TooSlow(DomainError):
    status = 408
    code = "too_slow"
    sentence = {"ru": "Запрос передавался слишком долго.", "en": "The request took too long to arrive."}


class ForeignOrigin(Forbidden):
    code = "foreign_origin"
    sentence = {"ru": "Форма отправлена с чужого сайта.", "en": "The form was sent from another site."}


def header_of(scope: Scope, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def is_foreign(scope: Scope, public_url: str) -> bool:
    """Whether a page of another site sent this; programs send neither header."""
    origin, site = header_of(scope, b"origin"), header_of(scope, b"sec-fetch-site")
    if origin and origin != "null":
        return urlsplit(origin).netloc not in (header_of(scope, b"host"), urlsplit(public_url).netloc)
    return site in ("cross-site", "same-site")


def token_of(scope: Scope) -> str | None:
    """Whatever the caller shows as who they are: header, cookie, or the query of a websocket."""
    kind, _, token = header_of(scope, b"authorization").partition(" ")
    if kind.lower() == "bearer" and token.strip():
        return token.strip()
    for part in header_of(scope, b"cookie").split(";"):
        name, _, value = part.strip().partition("=")
        if name == SESSION_COOKIE and value:
            return value
    return next(iter(parse_qs(scope["query_string"].decode("latin-1")).get("token", [])), None)


class Good:
    """Digests of what was answered well lately; forgets all at once when it is full."""

    def __init__(self) -> None:
        self._digests: set[bytes] = set()

    def __contains__(self, digest: bytes) -> bool:
        return digest in self._digests

    def add(self, digest: bytes) -> None:
        if len(self._digests) >= REMEMBERED:
            self._digests.clear()
        self._digests.add(digest)


class Gate:
    def __init__(self, public_url: str, on: bool, clock: Callable[[], datetime]) -> None:
        self._public_url = public_url
        self._on = on
        """Off for load tests (QUEUE_RATE_LIMITS): the limits only."""
        self._clock = clock
        self._good = Good()
        self.meter = Meter()

    def around(self, app: ASGIApp) -> ASGIApp:
        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            method = scope["method"] if scope["type"] == ScopeType.HTTP else "GET"
            shown = self._shown(scope, method)
            error = self._refusal(scope, method, shown)
            if error is not None:
                await _refuse(error, scope, receive, send)
                return
            if shown is not None:
                send = self._learning(shown, household(_address(scope)), scope, send)
            await app(scope, _in_time(receive) if method not in SAFE else receive, send)

        return middleware

    def _shown(self, scope: Scope, method: str) -> bytes | None:
        """Digest of the token or the secret by which this request wants something; None where anybody may have it."""
        if not self._on:
            return None
        path = scope["path"]
        key = secret_in(path)
        if key is None and limit_of(path, method) in (STAFF, DEVICE):
            key = token_of(scope)
        return None if key is None else hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()

    def _refusal(self, scope: Scope, method: str, shown: bytes | None) -> DomainError | None:
        if "\0" in scope["path"]:
            return Malformed()  # neither the file system nor PostgreSQL has a name with it
        if method not in SAFE and is_foreign(scope, self._public_url):
            return ForeignOrigin()
        limit = limit_of(scope["path"], method) if self._on else None
        if limit is None:
            return None
        now, who = self._clock(), household(_address(scope))
        wait: int | None = None
        good = shown is not None and shown in self._good
        if limit in (STAFF, DEVICE):
            if good and shown is not None:
                who = shown.hex()
            else:
                limit = STRANGER
        elif shown is not None and not good:
            wait = self.meter.is_over(GUESS, who, now)
        wait = wait or self.meter.hit(limit, who, now)
        return None if wait is None else TooManyRequests(retry_after=wait)

    def _learning(self, shown: bytes, who: str, scope: Scope, send: Send) -> Send:
        """Remembers what was answered well, counts secrets that are nobody's."""
        secret = secret_in(scope["path"]) is not None

        async def learn(message: Message) -> None:
            if message["type"] == "websocket.send" or (message["type"] == "http.response.start" and message["status"] < 400):
                self._good.add(shown)
            elif secret and (
                (message["type"] == "http.response.start" and message["status"] == 404)
                or (message["type"] == "websocket.close" and message["code"] == REFUSED and shown not in self._good)
            ):
                self.meter.hit(GUESS, who, self._clock())
            await send(message)

        return learn


def _address(scope: Scope) -> str | None:
    client = scope["client"]
    return client[0] if client else None


async def _refuse(error: DomainError, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == ScopeType.WEBSOCKET:
        # Before it is accepted: the handshake fails, and the page tries again later as for any lost line.
        await receive()
        await send({"type": "websocket.close", "code": 1013, "reason": error.code})
        return
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await render(request, error).to_asgi_response(None, request)(scope, receive, send)


def _in_time(receive: Receive) -> Receive:
    """The same body, or TooSlow. Nothing of the database is taken before it is there."""
    deadline: float | None = None
    more = True

    async def timed() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal deadline, more
        if not more:
            return await receive()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise TooSlow from None
        more = bool(message.get("more_body"))
        return message

    return timed
