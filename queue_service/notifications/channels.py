"""What the sender and the carriers of messages agree on: what is carried, and what each way of failing means.

The whole question of every carrier is "can it have arrived?". `Refused` and `Delayed` mean certainly not. Any other error means not before
the hand-over and perhaps after it. Refuses to let a carrier decide about retries or to see the database.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from queue_service.notifications.calendar import CalendarEvent
from queue_service.notifications.contacts import Contact
from queue_service.notifications.rules import Kind
from queue_service.notifications.templates import Wording

HandOver = Callable[[], Awaitable[None]]
"""Awaited just before the bytes after which the other side may accept: commits that we are about to. Raises `TakenBack`."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message, opened and worded. Has no `repr` of what is personal, since errors are logged."""

    key: str
    kind: Kind
    language: str
    at: datetime
    """Now, for the Date header and the demo's log."""
    contact: Contact = field(repr=False)
    wording: Wording = field(repr=False)
    calendar: CalendarEvent | None = field(default=None, repr=False)


class Adapter(Protocol):
    """A way to reach a person."""

    async def send(self, message: Outgoing, hand_over: HandOver) -> None:
        """Returns when the other side has said that it took the message."""

    async def close(self) -> None: ...


class _NotAccepted(Exception):
    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error
        """A class such as `smtp_550`: the other side's own words quote addresses and texts."""


class Refused(_NotAccepted):
    """Not accepted, and never will be: this recipient, this message."""


class Delayed(_NotAccepted):
    """Not accepted now; worth another attempt."""


class TakenBack(Exception):
    """The message is no longer this sender's: it was withdrawn, or the lease ran out."""


def stable_id(key: str) -> str:
    """The same for the same key on every worker, and tells a recipient nothing about our keys."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]
