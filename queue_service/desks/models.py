"""A shift: one clerk at one desk, from opening to closing, with its breaks in a journal of its own.

A desk has one open shift and a clerk has one open shift, by partial unique indexes. Refuses to know visitors.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Identity, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from queue_service.db import Instant

_OPEN = text("closed_at IS NULL")


class Shift(SQLModel, table=True):
    __table_args__ = (
        ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_shift_desk"),
        Index("uq_shift_open_desk", "desk_id", unique=True, postgresql_where=_OPEN),
        Index("uq_shift_open_account", "account_id", unique=True, postgresql_where=_OPEN),
        # Which desks are open, for call-next.
        Index("ix_shift_open", "office_id", postgresql_where=_OPEN),
        # Today's and open shifts of an office, for every desk screen.
        Index("ix_shift_office", "office_id", "opened_at"),
        CheckConstraint("(paused_at IS NULL) = (pause_reason IS NULL)", name="pause_has_a_reason"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    office_id: int
    desk_id: int
    account_id: int = Field(foreign_key="account.id")
    opened_at: datetime = Field(sa_type=Instant)
    closed_at: datetime | None = Field(default=None, sa_type=Instant)
    paused_at: datetime | None = Field(default=None, sa_type=Instant)
    pause_reason: str | None = None
    pause_note: str | None = None
    pause_until: datetime | None = Field(default=None, sa_type=Instant)
    """When the clerk plans to be back."""
    served: int = 0
    serving_seconds: int = 0
    """Sum over `served`; kept here so that a desk's screen does not walk the journal."""
    last_call_key: str | None = None
    """Idempotency-Key of the latest call-next, and what it gave: a retry gets the same ticket."""
    last_call_ticket_id: int | None = Field(default=None, sa_type=BigInteger)
    last_acts: list[list[Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))
    """[Idempotency-Key, ticket] of the last acts on a visitor, the newest first (`desks.once`)."""


class ShiftEvent(SQLModel, table=True):
    """Journal of shifts: opened, paused, resumed, closed, each with its reason."""

    __tablename__ = "shift_event"
    # Free words, which are not kept longer than names are.
    __table_args__ = (Index("ix_shift_event_note", "at", postgresql_where=text("note IS NOT NULL")),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    shift_id: int = Field(foreign_key="shift.id", sa_type=BigInteger, index=True)
    kind: str
    at: datetime = Field(sa_type=Instant)
    reason: str | None = None
    note: str | None = None


class Alarm(SQLModel, table=True):
    """A silent call for help from a desk: every other screen shows it until somebody answers."""

    __table_args__ = (Index("ix_alarm_office", "office_id", postgresql_where=text("acknowledged_at IS NULL")),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    office_id: int = Field(foreign_key="office.id")
    desk_id: int | None = None
    raised_by: int = Field(foreign_key="account.id")
    raised_at: datetime = Field(sa_type=Instant)
    acknowledged_by: int | None = Field(default=None, foreign_key="account.id")
    acknowledged_at: datetime | None = Field(default=None, sa_type=Instant)


class HallMessage(SQLModel, table=True):
    """What a clerk asks of the hall administrator."""

    __tablename__ = "hall_message"
    __table_args__ = (Index("ix_hall_message_office", "office_id", postgresql_where=text("read_at IS NULL")),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    office_id: int = Field(foreign_key="office.id")
    desk_id: int | None = None
    sent_by: int = Field(foreign_key="account.id")
    sentence: str
    sent_at: datetime = Field(sa_type=Instant)
    read_by: int | None = Field(default=None, foreign_key="account.id")
    read_at: datetime | None = Field(default=None, sa_type=Instant)
