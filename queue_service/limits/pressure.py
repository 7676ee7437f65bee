"""What happens past capacity: citizens wait a moment and are then asked to come again, while desks, kiosks and displays go on.

A worker lets so many of the citizens' requests in at once, a few more wait at its door for a moment, and everybody else is answered 503
with Retry-After a second later, which costs no query and no line of the log. So the connections to the database always have room for
the hall, and memory stays flat however many come. Refuses to look at who somebody is or to limit anybody over time: that is the gate's.
"""

import asyncio
from asyncio import sleep
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from litestar import Request
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send, WebSocketReceiveMessage
from prometheus_client import Counter

from queue_service.errors import DomainError, Unavailable
from queue_service.limits.bodies import BODY_LIMIT_BYTES
from queue_service.limits.classes import READ, SAFE, WRITE, Limit, acts_on_own, limit_of
from queue_service.limits.line import line_of
from queue_service.problems import render, told

TURNED_AWAY = Counter("queue_turned_away_total", "Citizens' requests answered 503 because the worker was full.", ["kind"])
FOLLOWED: Final = ("/live/ticket/", "/live/appointment/")


@dataclass(frozen=True, slots=True)
class Capacity:
    """Of one worker."""

    reads: int = 2
    """What is remembered needs no connection and is over before the next one comes in; of what does, two keep a core of the database busy,
    and more would only take it from the desks (one crowd, desks' p99: 3.2 s with four of each, 0.6 s with two, and citizens got more)."""
    writes: int = 4
    """Of those who want a place."""
    own: int = 3
    """Of those who have one: a hold lasts five minutes, and its owner must not lose it behind those who want one. So nobody else gets a
    hold while one of them waits at the door: holds that come faster than they are confirmed would only lapse. With the two above
    nine of the sixteen connections of the hot pool, and half of the unit-of-work pool (`db.Database`): however long citizens wait for
    each other's locks, the hall goes on."""
    waiting: int = 500
    """At the door, of each kind: a second and a half of what comes when a day of slots opens; some ten kilobytes each."""
    patience: float = 8.0
    """Seconds at the door: less than the ten for which a person's attention lasts, so the page that says so is still read."""
    linger: float = 1.0
    """Seconds between turning away and telling. Programs that ask again at once would otherwise fill the whole worker with refusals."""
    told: float = 200.0
    """So many a second at most: one waits so much longer as there are others who wait to be told. Those who were turned away in one moment
    are told one after the other; told together they came back together, and each time the loop stood still for all of them (0.3 ms of CPU
    for each refusal and as much for the server's part of it: 300 at once are the whole time that a desk is promised)."""
    lingering: int = 5_000
    """So many at a time, some ten kilobytes each; beyond them one is told at once."""
    sockets: int = 20_000
    """Phones that one worker follows: at 10 KB each, 200 MB."""
    handshakes: int = 4
    """Phones let in at once: each costs two milliseconds and a look-up, and after a restart all of them come back within seconds."""
    coming_back: int = 5_000
    """Phones at the door, some thirty kilobytes each; the others go on by polling and come again."""
    return_patience: float = 30.0
    """Seconds at the door for a phone, whose page already shows what was last known."""


class Full(Unavailable):
    """There is no room just now. No failure of ours: it is counted, and no trace of it is drawn for the log, which would cost more than
    the answer itself."""


class Room:
    """So many inside, so many at the door, everybody else is sent away.

    `after`: the room whose door must be empty before anybody of this one is let in.
    """

    def __init__(self, inside: int, waiting: int, patience: float, after: "Room | None" = None) -> None:
        self._free = inside
        self._waiting = waiting
        self._patience = patience
        self._door: OrderedDict[asyncio.Future[None], None] = OrderedDict()
        self._before: Room | None = None
        self._after = after
        if after is not None:
            after._before = self

    @property
    def at_the_door(self) -> int:
        return len(self._door)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Callable[[], None]]:
        """Until its end, or until what it gives is called. Raises Full."""
        if self._door or not self._lets_in():
            await self._wait()
        else:
            self._free -= 1
        inside = True

        def leave() -> None:
            nonlocal inside
            if inside:
                inside = False
                self._free += 1
                self._let_in()

        try:
            yield leave
        finally:
            leave()

    async def _wait(self) -> None:
        if len(self._door) >= self._waiting:
            raise Full(FULL, retry_after=RETRY_SECONDS)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._door[turn] = None
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._free += 1  # it was let in at the moment when it went away
            self._door.pop(turn, None)
            self._let_in()
            if isinstance(error, TimeoutError):
                raise Full(FULL, retry_after=RETRY_SECONDS) from None
            raise

    def _lets_in(self) -> bool:
        return self._free > 0 and not (self._after is not None and self._after.at_the_door)

    def _let_in(self) -> None:
        """Whoever may come in now, of this room and of the one that waits for its door."""
        while self._door and self._lets_in():
            turn, _ = self._door.popitem(last=False)
            if not turn.done():
                self._free -= 1
                turn.set_result(None)
        if self._before is not None:
            self._before._let_in()


RETRY_SECONDS: Final = 3
FULL: Final = {
    "ru": "Сейчас очень много обращений. Подождите несколько секунд и повторите: введённое не потеряно.",
    "en": "Very many people are here just now. Please wait a few seconds and try again: what you typed is not lost.",
}


class Pressure:
    def __init__(self, capacity: Capacity | None = None) -> None:
        self._capacity = capacity or Capacity()
        self._own = Room(self._capacity.own, self._capacity.waiting, self._capacity.patience)
        self._rooms: dict[Limit | None, Room] = {
            READ: Room(self._capacity.reads, self._capacity.waiting, self._capacity.patience),
            WRITE: Room(self._capacity.writes, self._capacity.waiting, self._capacity.patience, after=self._own),
        }
        self._returning = Room(self._capacity.handshakes, self._capacity.coming_back, self._capacity.return_patience)
        self._sockets = 0
        self._lingering = 0

    def around(self, app: ASGIApp) -> ASGIApp:
        follow = self._following(app)

        async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == ScopeType.WEBSOCKET:
                await (follow if scope["path"].startswith(FOLLOWED) else app)(scope, receive, send)
                return
            method: str = scope["method"]
            limit = limit_of(scope["path"], method)
            room = self._own if limit is WRITE and acts_on_own(scope["path"]) else self._rooms.get(limit)
            if room is None:
                await app(scope, receive, send)
                return
            try:
                if method not in SAFE:
                    receive = await _arrived(receive)
                async with room.place() as leave:
                    await app(scope, receive, _leaving(send, leave))
            except DomainError as error:
                TURNED_AWAY.labels(error.code).inc()
                if isinstance(error, Full):
                    await self._linger()
                request: Request[Any, Any, Any] = Request(scope, receive, send)
                answer = (told if isinstance(error, Full) else render)(request, error)
                await answer.to_asgi_response(None, request)(scope, receive, send)

        return middleware

    async def _linger(self) -> None:
        """A sleeping task costs nothing."""
        if self._lingering >= self._capacity.lingering:
            return
        self._lingering += 1
        try:
            await sleep(self._capacity.linger + (self._lingering - 1) / self._capacity.told)
        finally:
            self._lingering -= 1

    def _following(self, app: ASGIApp) -> ASGIApp:
        async def follow(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                if self._sockets >= self._capacity.sockets:
                    raise Full(FULL, retry_after=RETRY_SECONDS)
                async with self._returning.place():
                    self._sockets += 1
                    line_of(scope).when_over(self._left)  # which is long after the handler has returned
                    await app(scope, receive, send)
            except Full:
                TURNED_AWAY.labels("socket").inc()
                await receive()
                # Before it is accepted: the page goes on by polling and tries the socket again later.
                await send({"type": "websocket.close", "code": 1013, "reason": Unavailable.code})

        return follow

    def _left(self) -> None:
        self._sockets -= 1


def _leaving(send: Send, leave: Callable[[], None]) -> Send:
    """The work is done when the answer begins: whoever reads it slowly must not hold a place meanwhile."""

    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            leave()
        await send(message)

    return sent


async def _arrived(receive: Receive) -> Receive:
    """The same messages, once the whole body is here: whoever sends it slowly must not hold a place meanwhile."""
    messages: list[HTTPReceiveMessage | WebSocketReceiveMessage] = []
    size, more = 0, True
    while more and size <= BODY_LIMIT_BYTES:  # what is longer is refused inside, without being read
        message = await receive()
        messages.append(message)
        body = message.get("body")
        size += len(body) if isinstance(body, bytes) else 0
        more = bool(message.get("more_body"))
    messages.reverse()

    async def again() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        return messages.pop() if messages else await receive()

    return again
