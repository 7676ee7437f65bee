"""What every client does: send, wait, remember, and send again under the same key when no answer came.

An act that the service cannot recognise as a repeat is sent again only where its second answer says that the first was obeyed; otherwise
the client gives up and does not know. Refuses to decide what a person does next.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random
from typing import Any

import msgspec

from tests.support.wire import ConnectionLost, Wire
from tests.torture.record import Came, Heard, Recorder, Sent

PATIENCE_SECONDS = 8.0
"""As long as the desk's page waits for an answer (`pages/static/js/desk/api.js`)."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.6
LOOK = "look"
"""Reading changes nothing: when it was answered is worth the paper, what was answered is not."""
LONG = frozenset({"alternatives", "why", "service_name", "documents", "results", "detail", "title", "type", "wait", "url"})
"""What no check reads."""


class HallWire(Wire):
    """With the client's own idea of the time, which may be wrong by years."""

    def __init__(self, base_url: str, token: str, skew: float) -> None:
        super().__init__(base_url, token)
        said = datetime.now(UTC) + timedelta(seconds=skew)
        self._head += f"Date: {format_datetime(said.replace(microsecond=0), usegmt=True)}\r\n"


@dataclass(frozen=True)
class Place:
    """An office as clients know it."""

    id: int
    slug: str
    services: tuple[str, ...]
    desks: tuple[str, ...]
    bookable: str


@dataclass
class Hall:
    """What the clients of one run share."""

    recorder: Recorder
    address: str
    hurry: bool = False
    """A burst: nobody pauses."""
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Nobody begins anything new."""
    coming: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=200))
    """Office and code of bookings whose citizens walk to a kiosk."""
    papers: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=50))
    """Office and secret of tickets just printed: somebody scans them."""
    surprises: list[str] = field(default_factory=list)
    """What made a client stumble: a defect of the torture, and never passed over."""


@dataclass(frozen=True)
class Reply:
    status: int | None
    body: Any
    retried: bool
    """An earlier attempt got no answer."""

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def code(self) -> str:
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True)
class Asked:
    """One wish."""

    act: str
    path: str
    body: Any = None
    key: str | None = None
    method: str = "POST"
    stubborn: bool = True
    """Sent again until there is an answer; otherwise once, and then its sender does not know."""


class Client:
    def __init__(self, hall: Hall, name: str, place: Place, token: str, chance: Random, account: int | None = None) -> None:
        self.hall, self.name, self.place, self.token, self.chance = hall, name, place, token, chance
        # Every fourth clock is wrong: by minutes, by a day, by decades.
        self.skew = chance.choice([0.0] * 9 + [-400.0, 86_400.0, -1.6e9])
        self.wire = HallWire(hall.address, token, self.skew)
        self.second_wire = HallWire(hall.address, token, self.skew)
        hall.recorder.note(Came(client=name, office=place.id, account=account, **hall.recorder.clocks()))

    async def pause(self, low: float, high: float) -> None:
        """Thinks; shorter in a burst, and not at all once the hall closes."""
        seconds = self.chance.uniform(low, high) * (0.1 if self.hall.hurry else 1.0)
        try:
            await asyncio.wait_for(self.hall.closing.wait(), seconds)
        except TimeoutError:
            return

    def goes_on(self) -> bool:
        return not self.hall.closing.is_set()

    async def work(self) -> None:
        """Until the hall closes."""
        raise NotImplementedError

    async def ask(self, asked: Asked) -> Reply:
        """The answer; status None where a client that is not stubborn got none."""
        number, retried, wait = self.hall.recorder.wish(), False, FIRST_PAUSE
        attempt = 0
        while True:
            attempt += 1
            reply = await self._attempt(self.wire, asked, number, attempt, retried)
            if not _unknown(reply.status) or not asked.stubborn:
                return reply
            retried = True
            await asyncio.sleep(wait * self.chance.uniform(0.5, 1.5))
            wait = min(wait * 2, LONGEST_PAUSE)

    async def ask_twice(self, asked: Asked) -> Reply:
        """A double tap: the same wish over two connections at once; what is left unknown is asked for again."""
        number = self.hall.recorder.wish()
        both: list[Awaitable[Reply]] = [
            self._attempt(self.wire, asked, number, 1, False),
            self._attempt(self.second_wire, asked, number, 2, False),
        ]
        replies = await asyncio.gather(*both)
        attempt = 2
        while all(_unknown(reply.status) for reply in replies):
            attempt += 1
            await asyncio.sleep(FIRST_PAUSE)
            replies = [await self._attempt(self.wire, asked, number, attempt, True)]
        return next((reply for reply in replies if reply.ok), None) or next(reply for reply in replies if not _unknown(reply.status))

    async def _attempt(self, wire: Wire, asked: Asked, number: int, attempt: int, retried: bool) -> Reply:
        recorder = self.hall.recorder
        sent = Sent(
            client=self.name,
            wish=number,
            attempt=attempt,
            act=asked.act,
            method=asked.method,
            path=asked.path,
            key=asked.key,
            body=asked.body,
            skew=self.skew,
            **recorder.clocks(),
        )
        recorder.note(sent)
        status, body = None, None
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                answer = await wire.post(asked.path, asked.key, asked.body, asked.method)
            status, body = answer.status, msgspec.json.decode(answer.body) if answer.body else None
        except (ConnectionLost, TimeoutError, msgspec.DecodeError) as error:
            wire.close()
            body = repr(error)
        told = None if asked.act == LOOK and status == 200 else _short(body)
        recorder.note(Heard(wish=number, attempt=attempt, status=status, body=told, **recorder.clocks()))
        return Reply(status, body, retried)

    async def look(self, path: str) -> Any:
        """Reads until there is an answer; None where it is a refusal."""
        reply = await self.ask(Asked(LOOK, path, method="GET"))
        return reply.body if reply.ok else None

    def close(self) -> None:
        self.wire.close()
        self.second_wire.close()


def _unknown(status: int | None) -> bool:
    return status is None or status == 503


def _short(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    return {name: value for name, value in body.items() if name not in LONG}
