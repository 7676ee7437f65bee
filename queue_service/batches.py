"""Commands that come while others are being committed share the next transaction.

PostgreSQL lets transactions with NOTIFY commit one after another, and one counter row admits one of them at a time: a commit for each
command is what bounds a hot hall, not the work. Nobody waits for a batch to fill: whoever comes to an idle worker goes alone and at
once. Refuses to know what the commands do, and to let one of them spoil the others: what a batch could not do is done one by one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

import asyncpg

C = TypeVar("C")
R = TypeVar("R")
Asked = tuple[C, asyncio.Future[R | None]]
"""A command and where its answer is waited for."""

AT_ONCE: Final = 2
"""Transactions of one process: while one waits for the disk, the next one is prepared. More of them would fight for the same rows."""
LARGEST: Final = 64
"""Commands in one transaction: twice the kiosks of the largest district at one moment; more would hold their counters too long."""
OF_ONE_COMMAND: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, asyncpg.DeadlockDetectedError)
"""Errors by which one command spoils a transaction of several, which is then undone for sure. Any other (the connection, a shutdown, a
term) is everybody's: nobody knows what was committed, and each client repeats under its key."""


class Batches(Generic[C, R]):
    """`run` does some commands in one transaction; its answers stand in their order, None where a command was not done."""

    def __init__(self, run: Callable[[Sequence[C]], Awaitable[Sequence[R | None]]]) -> None:
        self._run = run
        self._waiting: deque[Asked[C, R]] = deque()
        self._running = 0
        self._tasks: set[asyncio.Task[None]] = set()
        """The loop itself holds them weakly."""

    async def submit(self, command: C) -> R | None:
        """The answer of `run` to this command; None only after it was tried alone. Raises what `run` raises."""
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if self._running < AT_ONCE:
            self._running += 1
            task = asyncio.create_task(self._work_off())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                await self._next()
        finally:
            self._running -= 1  # in the same step that saw nobody waiting, so that whoever comes next starts anew

    async def _next(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]
        try:
            answers = await self._together(batch)
            for (command, future), answer in zip(batch, answers, strict=True):
                if answer is None and len(batch) > 1:
                    await self._alone(command, future)
                else:
                    _tell(future, answer)
        except BaseException as error:
            _fail(batch, error)  # whoever has no answer yet
            if not isinstance(error, Exception):
                raise

    async def _together(self, batch: Sequence[Asked[C, R]]) -> Sequence[R | None]:
        try:
            return await self._run([command for command, _ in batch])
        except OF_ONE_COMMAND:
            if len(batch) == 1:
                raise
            return [None] * len(batch)

    async def _alone(self, command: C, future: asyncio.Future[R | None]) -> None:
        try:
            (answer,) = await self._run([command])
        except OF_ONE_COMMAND as error:
            _fail([(command, future)], error)
        else:
            _tell(future, answer)


def _tell(future: asyncio.Future[R], answer: R) -> None:
    if not future.done():  # whoever asked may have gone away
        future.set_result(answer)


def _fail(batch: Sequence[Asked[C, R]], error: BaseException) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
