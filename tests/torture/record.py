"""The log of a run: every request and every answer, or its absence, and everything that a screen was shown, with both clocks.

A line is written the moment its client knows it, and never changed. Wishes are what people want; an attempt is one sending of a wish.
Refuses to judge: `checks` does.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec


class Clocked(msgspec.Struct, frozen=True, kw_only=True):
    mono: float
    """time.monotonic of the machine that clients, service and database share."""
    wall: float
    """time.time, for comparing with what the service writes."""


class Came(Clocked, frozen=True, tag="came"):
    """A client begins: who it is to the service."""

    client: str
    office: int
    account: int | None = None


class Sent(Clocked, frozen=True, tag="sent"):
    client: str
    wish: int
    attempt: int
    act: str
    method: str
    path: str
    key: str | None = None
    body: Any = None
    skew: float = 0.0
    """Seconds by which this client's own clock is wrong."""


class Heard(Clocked, frozen=True, tag="heard"):
    """The end of an attempt: an answer, or none (`status` is None)."""

    wish: int
    attempt: int
    status: int | None
    body: Any = None


class Shown(Clocked, frozen=True, tag="shown"):
    """A display got a snapshot."""

    client: str
    link: int
    office: int
    version: int
    now: datetime
    calls: tuple[int, ...]


class Followed(Clocked, frozen=True, tag="followed"):
    """A phone got its ticket."""

    client: str
    link: int
    secret: str
    version: int
    now: datetime
    state: str


class Linked(Clocked, frozen=True, tag="linked"):
    """A screen's connection was cut, or the screen was switched off (`asked`)."""

    client: str
    link: int
    asked: bool


class Struck(Clocked, frozen=True, tag="struck"):
    """A fault begins or is over (what was killed is up again)."""

    kind: str
    over: bool


Line = Came | Sent | Heard | Shown | Followed | Linked | Struck


class Recorder:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self._wishes = 0

    def clocks(self) -> dict[str, float]:
        return {"mono": time.monotonic(), "wall": time.time()}

    def wish(self) -> int:
        self._wishes += 1
        return self._wishes

    def note(self, line: Line) -> None:
        self.lines.append(line)


def write_log(path: Path, lines: Iterable[Line]) -> None:
    with path.open("wb") as file:
        for line in lines:
            file.write(msgspec.json.encode(line) + b"\n")


def read_log(path: Path) -> list[Line]:
    decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
    return [decoder.decode(line) for line in path.read_bytes().splitlines()]


NEVER = float("inf")


@dataclass(slots=True)
class Attempt:
    sent: float
    heard: float | None = None
    """When it ended for the client; None where the run ended first."""
    status: int | None = None
    answer: Any = None

    @property
    def lost(self) -> bool:
        """No answer, or one that does not say whether anything was done."""
        return self.status is None or self.status == 503


@dataclass(slots=True)
class Wish:
    """What one client wanted once, however often it asked."""

    number: int
    client: str
    act: str
    path: str
    key: str | None
    body: Any
    skew: float
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def sent(self) -> float:
        return min(attempt.sent for attempt in self.attempts)

    @property
    def answers(self) -> list[Attempt]:
        """The attempts whose answer says that it is done; of two taps at once, one may have been told that there was nothing to do."""
        done = [each for each in self.attempts if each.status is not None and 200 <= each.status < 300]
        return [each for each in done if each.answer is not None] or done

    @property
    def done(self) -> bool:
        return bool(self.answers)

    @property
    def answer(self) -> Any:
        """What the first such answer said."""
        return self.answers[0].answer if self.answers else None

    @property
    def sure_by(self) -> float:
        """From when on the client knows that it is done."""
        return min((each.heard for each in self.answers if each.heard is not None), default=NEVER)

    @property
    def doubtful(self) -> bool:
        """Not acknowledged, and not simply refused: it may have been done."""
        return not self.done and any(each.lost for each in self.attempts)

    @property
    def code(self) -> str:
        """Of the last refusal; empty where there was none."""
        last = self.attempts[-1].answer
        return str(last.get("code", "")) if isinstance(last, dict) else ""


@dataclass(slots=True)
class History:
    """The log as checks read it."""

    wishes: list[Wish]
    came: dict[str, Came]
    boards: list[Shown]
    phones: list[Followed]
    cuts: list[Linked]
    faults: list[Struck]
    begun: float
    ended: float


def history_of(lines: Sequence[Line]) -> History:
    wishes: dict[int, Wish] = {}
    attempts: dict[tuple[int, int], Attempt] = {}
    for line in lines:
        if isinstance(line, Sent):
            wish = wishes.get(line.wish)
            if wish is None:
                wish = wishes[line.wish] = Wish(line.wish, line.client, line.act, line.path, line.key, line.body, line.skew)
            attempt = attempts[line.wish, line.attempt] = Attempt(line.wall)
            wish.attempts.append(attempt)
        elif isinstance(line, Heard):
            attempt = attempts[line.wish, line.attempt]
            attempt.heard, attempt.status, attempt.answer = line.wall, line.status, line.body
    return History(
        wishes=sorted(wishes.values(), key=lambda wish: wish.sent),
        came={line.client: line for line in lines if isinstance(line, Came)},
        boards=[line for line in lines if isinstance(line, Shown)],
        phones=[line for line in lines if isinstance(line, Followed)],
        cuts=[line for line in lines if isinstance(line, Linked)],
        faults=[line for line in lines if isinstance(line, Struck)],
        begun=min((line.wall for line in lines), default=0.0),
        ended=max((line.wall for line in lines), default=0.0),
    )
