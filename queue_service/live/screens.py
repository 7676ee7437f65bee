"""One open socket and what it shows: its whole view of one office, and again whenever its bytes change.

A slow client skips what it missed. Refuses to keep a task, a request or the bytes it sent: ten thousand of these live in one process.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from queue_service.errors import DomainError
from queue_service.limits.line import Line
from queue_service.live.hub import HEARTBEAT_SECONDS, OfficeFeed
from queue_service.live.state import OfficeState
from queue_service.live.views.parts import enveloped

log = structlog.get_logger(__name__)

View = Callable[[OfficeState], bytes | Awaitable[bytes]]
"""What a screen shows of a state: at once where the state says it all, awaited where the database must be asked."""
REFUSED = 4401
"""Close code for "who are you?": the client must not reconnect with the same token at once."""
BROKEN = 1011


class Screen:
    """Told of every new state; tells its client what has changed for it."""

    __slots__ = ("_feed", "_line", "_reading", "_silence", "_told", "_told_at", "_version", "_view", "about")

    def __init__(self, feed: OfficeFeed, line: Line, view: View, silence: float, about: int | None = None) -> None:
        self._feed, self._line, self._view, self._silence, self.about = feed, line, view, silence, about
        self._told = 0
        """Hash of what the client has."""
        self._told_at = 0.0
        self._version = 0
        self._reading: asyncio.Future[bytes] | None = None

    def open(self, state: OfficeState, content: bytes) -> None:
        """The client has this already; from now on it is told of the rest, until either side goes."""
        self._version, self._told, self._told_at = state.version, hash(content), time.monotonic()
        self._line.keep(room=self._catch_up, over=self._leave)
        if not self._line.disconnected:
            self._feed.join(self)
            self._catch_up()

    def show(self, state: OfficeState) -> None:
        """Nothing waits for it: who has no room or still reads catches up afterwards."""
        if state.version <= self._version or self._reading is not None or not self._line.has_room:
            return
        self._version = state.version
        try:
            content = self._view(state)
            if isinstance(content, bytes):
                self._tell(state, content)
            else:
                self._reading = asyncio.ensure_future(content)
                self._reading.add_done_callback(partial(self._read, state))
        except Exception as error:
            self._end(error)

    def _read(self, state: OfficeState, reading: asyncio.Future[bytes]) -> None:
        if reading.cancelled():
            return
        self._reading = None
        error = reading.exception()
        if error is not None:
            self._end(error)
            return
        self._tell(state, reading.result())
        self._catch_up()

    def _tell(self, state: OfficeState, content: bytes) -> None:
        now, told = time.monotonic(), hash(content)
        # Heartbeats come on a coarse clock; half a beat of slack keeps `silence` from doubling.
        if told != self._told or now - self._told_at >= self._silence - HEARTBEAT_SECONDS / 2:
            self._line.push(enveloped(state, content))
            self._told, self._told_at = told, now

    def _catch_up(self) -> None:
        if self._feed.state is not None:
            self.show(self._feed.state)

    def _end(self, error: BaseException) -> None:
        self._leave()
        if isinstance(error, DomainError):
            self._line.hang_up(REFUSED, error.code)
            return
        log.warning("screen_ended", office=self._feed.office_id, error=repr(error))
        self._line.hang_up(BROKEN)

    def _leave(self) -> None:
        self._feed.watchers.leave(self)
        if self._reading is not None:
            self._reading.cancel()
