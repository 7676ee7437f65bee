"""Commands of one moment share a transaction, and none of them spoils another's."""

import asyncio
from collections.abc import Sequence

import asyncpg
import pytest

from queue_service.batches import AT_ONCE, LARGEST, Batches
from tests.support.service import PATIENCE_SECONDS


class Disk:
    """A transaction ends when the test says so."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_commit = asyncio.Event()
        self.spoils: dict[int, Exception] = {}
        self.refused: set[int] = set()

    async def run(self, commands: Sequence[int]) -> Sequence[str | None]:
        self.batches.append(list(commands))
        await self.may_commit.wait()
        for command in commands:
            if command in self.spoils:
                raise self.spoils[command]
        return [None if command in self.refused else f"done {command}" for command in commands]


async def asked(batches: Batches[int, str], commands: Sequence[int]) -> list[asyncio.Task[str | None]]:
    tasks = [asyncio.create_task(batches.submit(command)) for command in commands]
    for _ in range(3):  # they ask, the transactions begin, and nobody gets further
        await asyncio.sleep(0)
    return tasks


async def test_whoever_comes_to_an_idle_worker_goes_alone_and_the_others_together() -> None:
    disk = Disk()
    batches = Batches(disk.run)
    tasks = [task for number in range(10) for task in await asked(batches, [number])]
    assert disk.batches == [[0], [1]], f"{AT_ONCE} transactions at once"
    disk.may_commit.set()
    assert await asyncio.gather(*tasks) == [f"done {number}" for number in range(10)]
    assert disk.batches == [[0], [1], list(range(2, 10))]


async def test_a_transaction_does_not_grow_without_end() -> None:
    disk = Disk()
    batches = Batches(disk.run)
    tasks = await asked(batches, range(3 * LARGEST))
    disk.may_commit.set()
    await asyncio.gather(*tasks)
    assert max(map(len, disk.batches)) == LARGEST
    assert sorted(number for batch in disk.batches for number in batch) == list(range(3 * LARGEST))


@pytest.mark.parametrize("error", [asyncpg.UniqueViolationError("a key twice"), asyncpg.DataError("a byte")], ids=["unique", "data"])
async def test_a_command_that_spoils_its_transaction_fails_alone(error: Exception) -> None:
    disk = Disk()
    batches = Batches(disk.run)
    tasks = await asked(batches, [0]) + await asked(batches, [1]) + await asked(batches, range(2, 6))
    disk.spoils[3] = error
    disk.may_commit.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers == ["done 0", "done 1", "done 2", error, "done 4", "done 5"]


async def test_what_was_not_done_among_others_is_tried_alone() -> None:
    disk = Disk()
    batches = Batches(disk.run)
    tasks = await asked(batches, [0]) + await asked(batches, [1]) + await asked(batches, range(2, 5))
    disk.refused.add(3)
    disk.may_commit.set()
    assert await asyncio.gather(*tasks) == ["done 0", "done 1", "done 2", None, "done 4"]
    assert disk.batches[-1] == [3]


async def test_a_lost_connection_is_everybodys_and_nothing_is_tried_again() -> None:
    """Whether it was committed nobody knows; each client repeats under its key."""
    disk = Disk()
    batches = Batches(disk.run)
    tasks = await asked(batches, [0]) + await asked(batches, [1]) + await asked(batches, range(2, 6))
    lost = asyncpg.ConnectionDoesNotExistError("gone")
    disk.spoils[2] = lost
    disk.may_commit.set()
    assert await asyncio.gather(*tasks, return_exceptions=True) == ["done 0", "done 1", lost, lost, lost, lost]
    assert sum(map(len, disk.batches)) == 6
    disk.spoils.clear()
    assert await batches.submit(7) == "done 7", "and the next ones are served"


async def test_whoever_goes_away_disturbs_nobody() -> None:
    disk = Disk()
    batches = Batches(disk.run)
    tasks = await asked(batches, [0]) + await asked(batches, [1]) + await asked(batches, range(2, 5))
    tasks[0].cancel()
    tasks[3].cancel()
    disk.may_commit.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [each for each in answers if isinstance(each, str)] == ["done 1", "done 2", "done 4"]


async def test_whoever_comes_in_the_very_moment_that_a_transaction_ends_is_served() -> None:
    disk = Disk()
    disk.may_commit.set()
    batches = Batches(disk.run)
    first = await asyncio.gather(*(batches.submit(number) for number in range(AT_ONCE)))
    assert len(first) == AT_ONCE
    async with asyncio.timeout(PATIENCE_SECONDS):
        for number in range(50):  # each is woken by the end of the one before, in the same turn of the loop
            assert await batches.submit(number) == f"done {number}"


async def test_when_the_connection_goes_while_they_are_tried_one_by_one_the_rest_does_not_wait_for_it_each() -> None:
    spoils, lost = asyncpg.DataError("a byte"), asyncpg.ConnectionDoesNotExistError("gone")

    class Failing(Disk):
        async def run(self, commands: Sequence[int]) -> Sequence[str | None]:
            if 3 in commands:
                self.spoils[3] = spoils
            if commands == [4]:
                self.spoils[4] = lost
            return await super().run(commands)

    disk = Failing()
    batches = Batches(disk.run)
    tasks = await asked(batches, [0]) + await asked(batches, [1]) + await asked(batches, range(2, 6))
    disk.may_commit.set()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers == ["done 0", "done 1", "done 2", spoils, lost, lost]
    assert disk.batches[-1] == [4], "the last one was not tried"
