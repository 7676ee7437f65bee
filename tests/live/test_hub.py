"""When an office is read again: at once after silence, once for a storm, until it succeeds; and who watches is told."""

import asyncio
import itertools
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from queue_service.live import hub
from queue_service.live.hub import SHORTEST_INTERVAL_SECONDS, Hub, OfficeFeed
from queue_service.live.state import BOOKINGS, OfficeState
from tests.support.service import PATIENCE_SECONDS, eventually


class Clock:
    """Seconds that pass only while somebody sleeps through them: a machine that stands still for a while is not there."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


class Office:
    """Counts how often it is read; each reading is a version."""

    def __init__(self, clock: Clock, turn: asyncio.Semaphore | None = None) -> None:
        self.readings: list[float] = []
        self.failures = 0
        self.takes = 0.0
        self.begun, self.may_end = asyncio.Event(), asyncio.Event()
        self.may_end.set()
        self.clock = clock
        self.feed = OfficeFeed(1, self.read, turn)

    async def read(self, office_id: int) -> OfficeState:
        assert office_id == 1
        self.readings.append(self.clock.now)
        self.begun.set()
        version = len(self.readings)
        await self.clock.sleep(self.takes)
        await self.may_end.wait()
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        now = datetime.now(UTC)
        return OfficeState(version, now, None, None, {}, [], [], [], frozenset())  # type: ignore[arg-type]  # no catalogue is needed here


class Watching:
    """A screen that notes what it is told."""

    about: int | None = None

    def __init__(self) -> None:
        self.told: list[int] = []
        self.news = asyncio.Event()

    def show(self, state: OfficeState) -> None:
        self.told.append(state.version)
        self.news.set()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    clock = Clock()
    monkeypatch.setattr(hub, "time", clock)
    monkeypatch.setattr(
        hub,
        "asyncio",
        SimpleNamespace(
            sleep=clock.sleep,
            timeout=asyncio.timeout,
            Event=asyncio.Event,
            Task=asyncio.Task,
            create_task=asyncio.create_task,
            Semaphore=asyncio.Semaphore,
        ),
    )
    return Office(clock)


@pytest.fixture
def watched(office: Office) -> Office:
    office.feed.watchers.join(Watching())
    return office


async def test_an_office_that_nobody_watches_is_read_when_asked_and_not_before(office: Office) -> None:
    office.feed.mark_dirty()
    await asyncio.sleep(0)
    assert office.readings == []
    assert (await office.feed.fresh()).version == 1
    assert (await office.feed.fresh()).version == 1, "nothing has changed since"
    office.feed.mark_dirty()
    assert (await office.feed.fresh()).version == 2


async def test_a_screen_opens_in_the_middle_of_a_storm(watched: Office) -> None:
    watched.takes = 0.02
    over = asyncio.Event()

    async def storm() -> None:
        while not over.is_set():
            watched.feed.mark_dirty()
            await asyncio.sleep(0.002)

    blowing = asyncio.create_task(storm())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await watched.feed.present()).version >= 1
    over.set()
    await blowing


async def test_what_came_while_the_first_view_was_made_is_told_to_the_first_screen(office: Office) -> None:
    """Nobody watched yet, so nobody read: without a look at the door the screen would stand still until the next change."""
    await office.feed.present()
    office.feed.mark_dirty()
    screen = Watching()
    office.feed.join(screen)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await screen.news.wait()
    assert screen.told == [2]


async def test_who_asks_after_a_change_never_gets_what_was_before(watched: Office) -> None:
    watched.takes = 0.02
    first = await watched.feed.fresh()
    for _ in range(3):
        watched.feed.mark_dirty()
        state = await watched.feed.fresh()
        assert state.version > first.version
        first = state


async def test_a_change_during_a_reading_is_read_too(watched: Office) -> None:
    reading = asyncio.create_task(watched.feed.fresh())
    await watched.begun.wait()
    watched.feed.mark_dirty()
    await reading
    assert (await watched.feed.fresh()).version == 2


async def in_a_storm(office: Office, readings: int) -> list[float]:
    """Something changes all the time until so many readings were begun; the seconds between them."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while len(office.readings) < readings:
            office.feed.mark_dirty()
            await asyncio.sleep(0)
    return [after - before for before, after in itertools.pairwise(office.readings)]


async def test_a_storm_is_read_at_most_every_50_ms(watched: Office) -> None:
    steps = await in_a_storm(watched, readings=6)
    assert min(steps) == pytest.approx(SHORTEST_INTERVAL_SECONDS)


async def test_a_slow_reading_leaves_the_process_four_fifths_of_its_time(watched: Office) -> None:
    watched.takes = 0.05
    steps = await in_a_storm(watched, readings=7)
    assert steps[3:] == pytest.approx([5 * watched.takes] * 3), "what a reading costs is believed after the third"


async def test_one_slow_reading_does_not_hold_up_the_next_call(watched: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a thousand phones connect a reading takes long, and that is not its cost: a pause by it would be six seconds."""
    monkeypatch.setattr(hub, "LONGEST_PAUSE_SECONDS", 6.0)
    await watched.feed.fresh()
    watched.takes = 1.5
    watched.feed.mark_dirty()
    await watched.feed.fresh()
    watched.takes = 0.0
    before = watched.clock.now
    watched.feed.mark_dirty()
    await watched.feed.fresh()
    assert watched.clock.now - before < 0.5


async def test_who_watches_is_told_of_every_reading_until_they_leave(office: Office) -> None:
    watching = Watching()
    office.feed.watchers.join(watching)
    office.feed.mark_dirty()
    await watching.news.wait()
    assert watching.told == [1]
    office.feed.watchers.leave(watching)
    office.feed.mark_dirty()
    await office.feed.fresh()
    assert watching.told == [1]


async def test_a_watched_office_is_read_until_it_succeeds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.01)
    watching = Watching()
    office.feed.watchers.join(watching)
    office.failures = 3
    office.feed.mark_dirty()
    await watching.news.wait()
    assert watching.told == [4]


async def test_a_screen_that_opens_gets_the_present_and_while_the_database_is_away_the_last_known(office: Office) -> None:
    await office.feed.fresh()
    office.feed.mark_dirty()
    assert (await office.feed.present()).version == 2
    office.failures = 1
    office.feed.mark_dirty()
    assert (await office.feed.present()).version == 2


async def test_the_first_screen_of_an_office_waits_for_the_database(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.01)
    office.failures = 3
    assert (await office.feed.present()).version == 4


async def test_who_asks_about_an_unwatched_office_hears_that_the_database_is_away(office: Office) -> None:
    office.failures = 1
    with pytest.raises(ConnectionError):
        await office.feed.fresh()
    assert (await office.feed.fresh()).version == 2


async def test_an_estimate_does_not_wait_for_a_reading_in_a_storm(watched: Office) -> None:
    first = await watched.feed.fresh()
    watched.feed.mark_dirty()
    assert (await watched.feed.soon()) is first

    async def read_again() -> bool:
        return (await watched.feed.soon()).version == 2

    await eventually(read_again)


async def test_an_estimate_waits_a_moment_only_for_a_reading_that_takes_long(watched: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "ESTIMATE_WAIT_SECONDS", 0.01)
    first = await watched.feed.fresh()
    watched.clock.now += 10  # no pause holds it up
    watched.may_end.clear()
    watched.feed.mark_dirty()
    assert (await watched.feed.soon()) is first
    watched.may_end.set()
    assert (await watched.feed.fresh()).version == 2, "the reading itself went on"


class Bookings(Hub):
    """One process's feeds, of the office of these tests."""

    def __init__(self, office: Office) -> None:
        super().__init__(*(cast("Any", None),) * 3)  # nothing of the database is needed
        self._feeds[1] = office.feed


async def test_a_hold_has_no_hall_read_again_unless_somebody_follows_a_booking_there(watched: Office) -> None:
    bookings = Bookings(watched)
    state = await watched.feed.fresh()
    bookings.bookings_changed("1", followed=False)
    assert (await watched.feed.fresh()).version == 1
    state.shared[BOOKINGS] = asyncio.create_task(asyncio.sleep(0))
    bookings.bookings_changed("1", followed=False)
    assert (await watched.feed.fresh()).version == 2, "a phone that asks now and then has looked at bookings as they were"
    bookings.bookings_changed("1", followed=True)
    assert (await watched.feed.fresh()).version == 3
    bookings.bookings_changed("2", followed=True)  # of an office that nobody has looked at


async def test_no_more_halls_are_read_at_once_than_there_are_turns() -> None:
    turn = asyncio.Semaphore(1)
    first, second = Office(Clock(), turn), Office(Clock(), turn)
    async with turn:
        reading = [asyncio.create_task(each.feed.fresh()) for each in (first, second)]
        for _ in range(20):
            await asyncio.sleep(0)
        assert first.readings == second.readings == []
        first.feed.mark_dirty()
    assert [state.version for state in await asyncio.gather(*reading)] == [1, 1]
    assert (await first.feed.fresh()).version == 1, "what was heard of while it waited is in the reading"
