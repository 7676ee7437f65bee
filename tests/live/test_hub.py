"""When an office is read again: at once after silence, once for a storm, until it succeeds; and a waiter gets the newest."""

import asyncio
import itertools
import time
from datetime import UTC, datetime

import pytest

from queue_service.live import hub
from queue_service.live.hub import SHORTEST_INTERVAL_SECONDS, OfficeFeed
from queue_service.live.state import OfficeState
from tests.support.service import eventually


class Office:
    """Counts how often it is read; each reading is a version."""

    def __init__(self) -> None:
        self.readings: list[float] = []
        self.failures = 0
        self.takes = 0.0
        self.feed = OfficeFeed(1, self.read)

    async def read(self, office_id: int) -> OfficeState:
        assert office_id == 1
        self.readings.append(time.monotonic())
        version = len(self.readings)
        await asyncio.sleep(self.takes)
        if self.failures:
            self.failures -= 1
            raise ConnectionError
        now = datetime.now(UTC)
        return OfficeState(version, now, None, None, {}, [], [], [], frozenset())  # type: ignore[arg-type]  # no catalogue is needed here


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def watched(office: Office) -> Office:
    office.feed.watchers = 1
    return office


async def test_an_office_that_nobody_watches_is_read_when_asked_and_not_before(office: Office) -> None:
    office.feed.mark_dirty()
    await asyncio.sleep(0)
    assert office.readings == []
    assert (await office.feed.fresh()).version == 1
    assert (await office.feed.fresh()).version == 1, "nothing has changed since"
    office.feed.mark_dirty()
    assert (await office.feed.fresh()).version == 2


async def test_who_asks_after_a_change_never_gets_what_was_before(watched: Office) -> None:
    watched.takes = 0.02
    first = await watched.feed.fresh()
    for _ in range(3):
        watched.feed.mark_dirty()
        state = await watched.feed.fresh()
        assert state.version > first.version
        first = state


async def test_a_change_during_a_reading_is_read_too(watched: Office) -> None:
    watched.takes = 0.05
    reading = asyncio.create_task(watched.feed.fresh())
    await asyncio.sleep(0.01)
    watched.feed.mark_dirty()
    await reading
    assert (await watched.feed.fresh()).version == 2


async def test_a_storm_is_read_at_most_every_50_ms(watched: Office) -> None:
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        watched.feed.mark_dirty()
        await asyncio.sleep(0.001)
    version = (await watched.feed.fresh()).version
    steps = [after - before for before, after in itertools.pairwise(watched.readings)]
    assert min(steps) >= SHORTEST_INTERVAL_SECONDS * 0.9
    assert 3 <= version <= 12


async def test_a_slow_reading_leaves_the_process_four_fifths_of_its_time(watched: Office) -> None:
    watched.takes = 0.05
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        watched.feed.mark_dirty()
        await asyncio.sleep(0.005)
    assert len(watched.readings) <= 5


async def test_a_waiter_gets_the_newest_and_skips_the_rest(watched: Office) -> None:
    state = await watched.feed.after(0)
    for _ in range(4):
        watched.feed.mark_dirty()
        await watched.feed.fresh()
    assert (await watched.feed.after(state.version)).version == 5


async def test_a_waiter_waits_for_a_change(watched: Office) -> None:
    state = await watched.feed.after(0)
    waiter = asyncio.create_task(watched.feed.after(state.version))
    done, _ = await asyncio.wait([waiter], timeout=0.1)
    assert not done
    watched.feed.mark_dirty()
    assert (await waiter).version == 2


async def test_a_watched_office_is_read_until_it_succeeds(watched: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.01)
    watched.failures = 3
    assert (await watched.feed.after(0)).version == 4


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

    await eventually(read_again, seconds=2)
