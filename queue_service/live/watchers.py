"""Who is told of an office's new state, in which order and at which pace.

First those whom a call concerns at once: boards, desks, and the phone of whoever was called. Then everybody else, a few at a time, so
that the process answers requests in between; a round that is overtaken goes on with the newer state where it stood, so nobody starves.
Refuses to know what a view looks like.
"""

import asyncio
from collections import OrderedDict
from typing import Protocol

from queue_service.live.state import OfficeState

STRIDE = 10
"""Phones told in one go: half a millisecond, which no request feels."""
REST_SECONDS = 0.004
"""Between two strides when only time has passed: ten thousand phones then take a tenth of the process for a few seconds."""


class Watcher(Protocol):
    """A screen; `show` returns at once."""

    about: int | None
    """The ticket whose call it must show at once; None for boards and desks, which show every call."""

    def show(self, state: OfficeState) -> None: ...


class Watchers:
    """The open screens of one office in this process."""

    def __init__(self) -> None:
        self._halls: dict[Watcher, None] = {}
        self._phones: OrderedDict[Watcher, None] = OrderedDict()
        """Whoever was told last stands last."""
        self._state: OfficeState | None = None
        self._hurried = False
        self._round: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._halls) + len(self._phones)

    def join(self, watcher: Watcher) -> None:
        (self._halls if watcher.about is None else self._phones)[watcher] = None

    def leave(self, watcher: Watcher) -> None:
        (self._halls if watcher.about is None else self._phones).pop(watcher, None)

    def tell(self, state: OfficeState, *, hurried: bool) -> None:
        """`hurried`: something has happened, not only time has passed."""
        self._state = state
        self._hurried = self._hurried or hurried
        for watcher in list(self._halls):
            watcher.show(state)
        called = state.call_by_ticket
        for watcher in [each for each in self._phones if each.about in called]:
            watcher.show(state)
        if self._phones and (self._round is None or self._round.done()):
            self._round = asyncio.create_task(self._go_round())

    async def _go_round(self) -> None:
        state, left = self._state, len(self._phones)
        while left > 0:
            await asyncio.sleep(0 if self._hurried else REST_SECONDS)
            if self._state is not state:
                state, left = self._state, len(self._phones)
            assert state is not None
            for _ in range(min(STRIDE, len(self._phones))):
                watcher = next(iter(self._phones))
                self._phones.move_to_end(watcher)
                watcher.show(state)
            left -= STRIDE
        self._hurried = False
