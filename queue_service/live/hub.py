"""Who watches which office, and when its state is read again: at once after silence, at most every 50 ms in a storm.

A screen never queues: it shows the newest or nothing. Refuses to know what a view looks like.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from queue_service.booking.calendar import Calendars
from queue_service.db import Pool
from queue_service.live.state import BOOKINGS, OfficeState, load_state
from queue_service.live.watchers import Watcher, Watchers
from queue_service.offices.catalogue import Catalogues
from queue_service.statistics.durations import Durations
from queue_service.statistics.forecast import InQueue, Wait
from queue_service.tickets.queries import TicketNow
from queue_service.tickets.rules import State
from queue_service.timing import clock

log = structlog.get_logger(__name__)

SHORTEST_INTERVAL_SECONDS = 0.05
"""Below what an eye sees as delay; the screens of a storming office cost at most 20 reads a second."""
READ_SHARE = 4
"""A read that took t is not repeated before 4 t: however long the queue, reading it takes at most a fifth of the process."""
LONGEST_PAUSE_SECONDS = 1.0
USUAL_SECONDS = 0.01
"""What a read is taken to cost at first, and then at most twice what the one before did: when a thousand phones connect, or the
machine is busy with something else, a slow one says nothing of its cost and must not hold up the next call."""
ESTIMATE_SECONDS = 1.0
"""How old a state may be for an estimate while nothing but newcomers is heard of: minutes are told, so a second is nothing."""
ESTIMATE_WAIT_SECONDS = 0.1
"""So long an estimate waits for a reading that a call has made necessary. In a crowd that takes longer; a kiosk must not stand still."""
READS_AT_ONCE = 5
"""Halls of a process: a desk's command must not wait for a connection behind sixty of them. With three, a crowded machine's boards waited
for each other."""
HEARTBEAT_SECONDS = 10.0
"""Offices are read at least this often, one after the other: waits grow while nothing happens, and silence means a dead connection."""
RETRY_SECONDS = 0.5
"""When the database does not answer; it is usually restarting."""


class OfficeFeed:
    """The latest state of one office and those who are told of the next.

    Changes are counted: a state covers all changes heard of before its read began, so whoever asks for the present waits for
    exactly the read that includes it, and not for a storm to end.
    """

    def __init__(self, office_id: int, load: Callable[[int], Awaitable[OfficeState]], turn: asyncio.Semaphore | None = None) -> None:
        """`turn`: shared by all offices of a process that read no more at once than it admits."""
        self.office_id = office_id
        self._load = load
        self._turn = turn or asyncio.Semaphore()
        self.state: OfficeState | None = None
        self.watchers = Watchers()
        self._news = False
        """Something was heard of since the last reading began."""
        self._heard = 1
        self._covered = 0
        self._moves_heard = 1
        self._moves_covered = 0
        self._read_at = 0.0
        self._failure: Exception | None = None
        self._turned = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._cost = USUAL_SECONDS
        self._entered: list[tuple[float, InQueue]] = []
        """Newcomers of this process since the last reading began."""

    def mark_dirty(self, *, newcomer: bool = False) -> None:
        """`newcomer`: a ticket was issued and nothing else, which a forecast of this process may know already."""
        self._news = True
        if not newcomer:
            self._moves_heard += 1
        self.grow_old()

    def grow_old(self) -> None:
        """Only time has passed: the next look reads afresh, and those who watch are told without haste."""
        self._heard += 1
        if self.watchers:
            self._ensure_reading()

    def _ensure_reading(self) -> None:
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_what_was_heard())

    async def _read_what_was_heard(self) -> None:
        while self._covered < self._heard:
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            async with self._turn:
                await self._read()
            self._turned.set()
            self._turned = asyncio.Event()
            if self._failure is not None and not self.watchers:
                return  # whoever asks next starts anew

    async def _read(self) -> None:
        heard, moves, started = self._heard, self._moves_heard, time.monotonic()
        news, self._news = self._news, False
        try:
            self.state = await self._load(self.office_id)
        except Exception as error:  # the screens go on with what they have; the log says why
            log.warning("office_not_read", office=self.office_id, error=repr(error))
            self._failure = error
            self._news = self._news or news
            self._not_before = time.monotonic() + RETRY_SECONDS
        else:
            finished = time.monotonic()
            self._covered, self._moves_covered, self._failure, self._read_at = heard, moves, None, started
            self._enter_again(self.state, started)
            self._cost = min(finished - started, max(2 * self._cost, USUAL_SECONDS))
            pause = min(READ_SHARE * self._cost, LONGEST_PAUSE_SECONDS)
            self._not_before = max(started + SHORTEST_INTERVAL_SECONDS, finished + pause)
            self.watchers.tell(self.state, hurried=news)

    def _enter_again(self, state: OfficeState, started: float) -> None:
        """Whoever came while the state was being read may be missing in it."""
        self._entered = [each for each in self._entered if each[0] >= started]
        for _, newcomer in self._entered:
            if newcomer.id not in state.waiting_by_id:
                state.forecast.add(newcomer)

    async def fresh(self) -> OfficeState:
        """The present state: nothing that this process has done or heard of is missing; in a storm it takes up to 50 ms.

        Raises what reading raised when the database is away.
        """
        heard = self._heard
        while self.state is None or self._covered < heard:
            self._ensure_reading()
            await self._turned.wait()
            if self._failure is not None and self._covered < heard:
                raise self._failure
        return self.state

    async def knowing(self, ticket: TicketNow) -> OfficeState:
        """The present state, for a page of this ticket: read once more if it waits and is not there, because its NOTIFY is on the way."""
        state = await self.fresh()
        if ticket.state == State.WAITING and state.ticket(ticket.id) is None:
            self.grow_old()
            state = await self.fresh()
        return state

    async def soon(self) -> OfficeState:
        """The state for an estimate, which a hot command must not pay for: newcomers since the last read may be missing.

        Those of this process are not: they are entered into the state's forecast as they come.
        """
        now = time.monotonic()
        known = self._moves_covered == self._moves_heard and now - self._read_at < ESTIMATE_SECONDS
        if self.state is None:
            return await self.fresh()
        if not known and now >= self._not_before:
            with suppress(TimeoutError):
                async with asyncio.timeout(ESTIMATE_WAIT_SECONDS):
                    return await self.fresh()
        return self.state

    async def present(self) -> OfficeState:
        """For a screen that opens: the present state; the last one known while the database is away, and if there is none, the first."""
        heard = self._heard  # and not what comes while it waits: a storm would keep the screen closed
        while self.state is None or self._covered < heard:
            self._ensure_reading()
            await self._turned.wait()
            if self._failure is not None and self.state is not None:
                break
        return self.state

    def join(self, watcher: Watcher) -> None:
        """Whoever watches is told of all that comes, and of what came while their first view was made."""
        self.watchers.join(watcher)
        if self._covered < self._heard:
            self._ensure_reading()

    def enter(self, newcomer: InQueue) -> tuple[int, Wait | None]:
        """People ahead of a ticket that this process has just issued, and its wait; from now on it stands before the next ones.

        RuntimeError before the first reading.
        """
        if self.state is None:
            raise RuntimeError("nobody has read this office yet")
        self._entered.append((time.monotonic(), newcomer))
        return self.state.forecast.add(newcomer)


class Hub:
    """The feeds of one process."""

    def __init__(self, pool: Pool, catalogues: Catalogues, calendars: Calendars) -> None:
        self._pool = pool
        self._catalogues = catalogues
        self._calendars = calendars
        self._durations = Durations(pool)
        self._feeds: dict[int, OfficeFeed] = {}
        self._version = 0
        self._turn = asyncio.Semaphore(READS_AT_ONCE)

    def feed(self, office_id: int) -> OfficeFeed:
        feed = self._feeds.get(office_id)
        if feed is None:
            feed = self._feeds[office_id] = OfficeFeed(office_id, self._load, self._turn)
        return feed

    def office_changed(self, payload: str) -> None:
        feed = self._feeds.get(int(payload))
        if feed is not None:
            feed.mark_dirty()

    def bookings_changed(self, payload: str, *, followed: bool) -> None:
        """`followed`: somebody has a booking of this office open. The hall itself shows no bookings: on the day when slots open, each hold
        would have it read again for nothing, several times as often as its own desks."""
        feed = self._feeds.get(int(payload))
        if feed is None:
            return
        looked_at = feed.state is not None and feed.state.shared.pop(BOOKINGS, None) is not None  # by a phone that asks now and then
        if followed or looked_at:
            feed.mark_dirty()

    def ticket_issued(self, payload: str) -> None:
        feed = self._feeds.get(int(payload))
        if feed is not None:
            feed.mark_dirty(newcomer=True)

    def everything_changed(self) -> None:
        for feed in self._feeds.values():
            feed.mark_dirty()

    async def beat(self) -> None:
        """Runs until cancelled: keeps every office no older than the heartbeat, and never reads all of them at one moment."""
        while True:
            feeds = list(self._feeds.values())
            for feed in feeds:
                await asyncio.sleep(HEARTBEAT_SECONDS / len(feeds))
                feed.grow_old()
            if not feeds:
                await asyncio.sleep(HEARTBEAT_SECONDS)

    def watching(self) -> int:
        return sum(len(feed.watchers) for feed in self._feeds.values())

    async def _load(self, office_id: int) -> OfficeState:
        now = clock()
        # Milliseconds since the epoch, so that versions also grow across restarts and, near enough, between workers.
        self._version = max(self._version + 1, int(now.timestamp() * 1000))
        version = self._version
        catalogue = await self._catalogues.of(office_id, now)
        durations = await self._durations.of(catalogue)
        calendar = await self._calendars.of(catalogue, now)
        return await load_state(self._pool, catalogue, calendar, durations, version, now)
