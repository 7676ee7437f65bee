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

AT_ONCE: Final = 2
"""Transactions of one process: while one waits for the disk, the next one is prepared. More of them would fight for the same rows."""
LARGEST: Final = 64
"""Commands in one transaction: twice the kiosks of the largest district at one moment; more would hold their counters too long."""
OF_ONE_COMMAND: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""Errors by which one command spoils a transaction of several. Any other (the connection, a shutdown, a term) is everybody's."""


class Batches(Generic[C, R]):
    """`run` does some commands in one transaction; its answers stand in their order, None where a command was not done."""

    def __init__(self, run: Callable[[Sequence[C]], Awaitable[Sequence[R | None]]]) -> None:
        self._run = run
        self._waiting: deque[tuple[C, asyncio.Future[R | None]]] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def submit(self, command: C) -> R | None:
        """The answer of `run` to this command; None only after it was tried alone. Raises what `run` raises."""
        answer: asyncio.Future[R | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((command, answer))
        if len(self._running) < AT_ONCE:
            task = asyncio.create_task(self._work_off())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await answer

    async def _work_off(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(LARGEST, len(self._waiting)))]
            try:
                answers = await self._run([command for command, _ in batch])
            except OF_ONE_COMMAND as error:
                if len(batch) == 1:
                    _fail(batch, error)
                    continue
                answers = [None] * len(batch)
            except BaseException as error:
                _fail(batch, error)
                if not isinstance(error, Exception):
                    raise
                continue
            for (command, future), answer in zip(batch, answers, strict=True):
                if answer is None and len(batch) > 1:
                    await self._alone(command, future)
                elif not future.done():  # whoever asked may have gone away
                    future.set_result(answer)

    async def _alone(self, command: C, future: asyncio.Future[R | None]) -> None:
        try:
            (answer,) = await self._run([command])
        except Exception as error:
            _fail([(command, future)], error)
        else:
            if not future.done():
                future.set_result(answer)


def _fail(batch: Sequence[tuple[C, asyncio.Future[R | None]]], error: BaseException) -> None:
    for _, future in batch:
        if not future.done():
            future.set_exception(error)
