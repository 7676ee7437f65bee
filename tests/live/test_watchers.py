"""Who is told first, and that telling thousands leaves the process its time."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from queue_service.live import watchers
from queue_service.live.state import OfficeState
from queue_service.live.watchers import REST_SECONDS, STRIDE, Watchers
from tests.support.service import eventually

STATE = OfficeState(1, datetime.now(UTC), None, None, {}, [], [], [], frozenset())  # type: ignore[arg-type]  # no catalogue is needed here


def a_state(version: int, called: int | None = None) -> OfficeState:
    """`called`: the ticket that stands at a desk."""
    calls = [] if called is None else [SimpleNamespace(ticket=SimpleNamespace(id=called))]
    return replace(STATE, version=version, calls=calls)  # type: ignore[arg-type]


class Told:
    """A screen that notes versions; all of a test share one order."""

    def __init__(self, order: "list[Told]", about: int | None = None) -> None:
        self.about = about
        self.versions: list[int] = []
        self._order = order

    def show(self, state: OfficeState) -> None:
        if state.version not in self.versions:
            self.versions.append(state.version)
            self._order.append(self)


class AHall:
    def __init__(self, phones: int) -> None:
        self.order: list[Told] = []
        self.watchers = Watchers()
        self.board = Told(self.order)
        self.phones = [Told(self.order, about=number) for number in range(1, phones + 1)]
        for each in (*self.phones, self.board):
            self.watchers.join(each)

    async def all_know(self, version: int) -> None:
        async def told() -> bool:
            return all(version in each.versions for each in self.phones)

        await eventually(told)


async def test_a_call_is_shown_on_boards_and_on_its_own_phone_before_anybody_elses() -> None:
    hall = AHall(phones=100)
    hall.watchers.tell(a_state(1, called=77), hurried=True)
    assert hall.order == [hall.board, hall.phones[76]], "before anything else can run"
    await hall.all_know(1)


async def test_thousands_are_told_in_strides_between_which_others_work() -> None:
    hall = AHall(phones=20 * STRIDE)
    hall.watchers.tell(a_state(1), hurried=True)
    steps = 0
    while len(hall.order) < len(hall.phones) + 1:
        before = len(hall.order)
        await asyncio.sleep(0)
        assert len(hall.order) - before <= STRIDE
        steps += 1
    assert steps >= 20


async def test_a_round_that_is_overtaken_starves_nobody() -> None:
    """A storm: every round is overtaken before it is half done, and still each phone is told in its turn."""
    hall = AHall(phones=10 * STRIDE)
    for version in range(1, 5):
        hall.watchers.tell(a_state(version), hurried=True)
        for _ in range(3):
            await asyncio.sleep(0)
    assert all(each.versions for each in hall.phones)
    await hall.all_know(4)


async def test_that_time_has_passed_is_told_without_haste_and_a_call_hurries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    rests: list[float] = []
    fifth, over = asyncio.Event(), asyncio.Event()

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if len(rests) == 5:
            fifth.set()
            await over.wait()
        await asyncio.sleep(0)

    monkeypatch.setattr(watchers, "asyncio", SimpleNamespace(sleep=rest, create_task=asyncio.create_task))
    hall = AHall(phones=50 * STRIDE)
    hall.watchers.tell(a_state(1), hurried=False)
    await fifth.wait()
    assert rests == [REST_SECONDS] * 5
    assert len(hall.order) == 1 + 4 * STRIDE, "the board at once, and a stride after each rest that is over"
    hall.watchers.tell(a_state(2, called=300), hurried=True)
    assert 2 in hall.phones[299].versions
    over.set()
    await hall.all_know(2)
    assert set(rests[5:]) == {0}, "nobody rests any more"


async def test_who_left_in_the_middle_of_a_round_is_not_told() -> None:
    hall = AHall(phones=5 * STRIDE)
    hall.watchers.tell(a_state(1), hurried=True)
    await asyncio.sleep(0)
    for each in hall.phones:
        hall.watchers.leave(each)
    told = len(hall.order)
    await asyncio.sleep(0.02)
    assert len(hall.order) == told
    assert len(hall.watchers) == 1
