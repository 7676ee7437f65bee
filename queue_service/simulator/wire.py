"""The few fields that we read of each answer and snapshot; whatever else the service says is none of our business.

Written by hand from the published interface, not imported from the service: a field that it loses must be noticed here.
"""

from datetime import datetime

import msgspec


class Read(msgspec.Struct, frozen=True):
    """Unknown fields are ignored, missing ones are an error."""


class Snapshot(Read, frozen=True):
    """Anything that a websocket pushes whole; versions grow."""

    version: int


class Problem(Read, frozen=True):
    code: str = ""
    detail: str = ""


class Named(Read, frozen=True):
    code: str


class ServiceSeen(Read, frozen=True):
    code: str
    goal: str
    duration_minutes: int
    availability: str


class GroupSeen(Read, frozen=True):
    services: list[ServiceSeen]


class OfficeSeen(Read, frozen=True):
    slug: str
    name: dict[str, str]
    time_zone: str


class OpenSeen(Read, frozen=True):
    now: bool
    sentence: dict[str, str] | None


class Menu(Snapshot, frozen=True):
    office: OfficeSeen
    open: OpenSeen
    needs: list[Named]
    privileges: list[Named]
    groups: list[GroupSeen]


class Issued(Read, frozen=True):
    id: int
    secret: str
    number: str
    service: str
    state: str
    issued_at: datetime


class CallSeen(Read, frozen=True):
    call_id: int
    ticket: str
    desk: str
    recall: bool


class Board(Snapshot, frozen=True):
    zone: Named | None
    calls: list[CallSeen]


class PhoneTicket(Snapshot, frozen=True):
    state: str
    desk: str | None
    called_at: datetime | None
    calls: int


class SessionOpened(Read, frozen=True):
    token: str


class DeskTicket(Read, frozen=True):
    id: int
    number: str
    state: str
    service: str
    issued_at: datetime
    called_at: datetime | None
    calls: int
    results: list[Named] = []


class ShiftSeen(Read, frozen=True):
    desk: str
    state: str


class DeskSeen(Read, frozen=True):
    number: str
    services: list[str]


class Counts(Read, frozen=True):
    waiting: int


class Rules(Read, frozen=True):
    no_show_min_calls: int
    no_show_min_seconds: int


class DeskSnapshot(Snapshot, frozen=True):
    shift: ShiftSeen | None
    current: DeskTicket | None
    desks: list[DeskSeen]
    counts: Counts
    pause_reasons: list[Named]
    rules: Rules
