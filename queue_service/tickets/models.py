"""Tables of the queue: the ticket, its number counter, the daily quota, and the journal.

Indexes are few and partial because every issued ticket pays for each of them; the comment beside an index names who walks it.
Refuses personal data: a walk-in has none, a booking's stays in `booking`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from queue_service.db import Instant, words
from queue_service.offices.models import TICKET_LETTERS
from queue_service.tickets.rules import Need, PrivilegeState, Source, State

_STATES = ", ".join(f"'{state}'" for state in State)
_WAITING = text("state = 'waiting'")
_AT_A_DESK = text("state IN ('called', 'serving')")


class TicketCounter(SQLModel, table=True):
    """The last number handed out for a letter on an office's local day: the one row that all kiosks of a group share."""

    __tablename__ = "ticket_counter"

    office_id: int = Field(foreign_key="office.id", primary_key=True)
    local_date: date = Field(primary_key=True)
    letter: str = Field(primary_key=True)
    last_number: int


class ServiceDay(SQLModel, table=True):
    """How many tickets of a limited service were issued on a local day; services without a limit have no row."""

    __tablename__ = "service_day"

    service_id: int = Field(foreign_key="service.id", primary_key=True)
    local_date: date = Field(primary_key=True)
    issued: int


class Ticket(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("secret"),
        UniqueConstraint("office_id", "local_date", "letter", "number", name="uq_ticket_number"),
        ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_ticket_service"),
        ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_ticket_desk"),
        ForeignKeyConstraint(["office_id", "for_desk_id"], ["desk.office_id", "desk.id"], name="fk_ticket_for_desk"),
        ForeignKeyConstraint(["office_id", "return_desk_id"], ["desk.office_id", "desk.id"], name="fk_ticket_return_desk"),
        CheckConstraint("(return_desk_id IS NULL) = (return_service_id IS NULL)", name="returns_for_a_service"),
        CheckConstraint("state = 'postponed' OR postponed_until IS NULL", name="only_postponed_has_a_term"),
        CheckConstraint(f"state IN ({_STATES})", name="state_known"),
        CheckConstraint(f"letter ~ '^[{TICKET_LETTERS}]$' AND number >= 1", name="number_well_formed"),
        CheckConstraint("source IN ('walk_in', 'booked')", name="source_known"),
        CheckConstraint("needs <@ ARRAY['low_vision', 'hearing', 'wheelchair']", name="needs_known"),
        CheckConstraint(
            "(privilege_id IS NULL) = (privilege_state IS NULL) AND privilege_state IN ('claimed', 'confirmed', 'refused')",
            name="privilege_has_a_state",
        ),
        CheckConstraint("rank_at <= due_at", name="head_start_not_negative"),
        CheckConstraint(
            "state NOT IN ('called', 'serving') OR (desk_id IS NOT NULL AND clerk_id IS NOT NULL)",
            name="active_has_a_desk",
        ),
        # A desk holds at most one visitor; whoever calls a second one at once meets this index.
        Index("uq_ticket_at_desk", "desk_id", unique=True, postgresql_where=_AT_A_DESK),
        # A retried issue meets this index and rolls its number back with it. The key before the office: kiosks' keys begin with their
        # moment, so that the whole city writes to the index's last page, which needs no search from the root.
        Index(
            "uq_ticket_idempotency_key",
            "idempotency_key",
            "office_id",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        # A booking becomes one ticket, however often it is scanned.
        Index("uq_ticket_appointment", "appointment_id", unique=True, postgresql_where=text("appointment_id IS NOT NULL")),
        # Walked in order by call-next; holds only those who wait.
        Index("ix_ticket_rank", "office_id", "rank_at", "id", postgresql_where=_WAITING),
        # Walked by call-next for those whose head start has not begun: bookings that checked in early.
        Index(
            "ix_ticket_early",
            "office_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting' AND rank_from > issued_at"),
        ),
        # Walked by call-next for tickets that wait for one desk or one clerk.
        Index(
            "ix_ticket_directed",
            "office_id",
            "rank_at",
            "id",
            postgresql_where=text("state = 'waiting' AND (for_desk_id IS NOT NULL OR for_clerk_id IS NOT NULL)"),
        ),
        # The office's list of postponed visitors; few at any time.
        Index("ix_ticket_postponed", "office_id", "postponed_until", postgresql_where=text("state = 'postponed'")),
        # Who did not come, while they may still be brought back.
        Index("ix_ticket_missed", "office_id", "ended_at", postgresql_where=text("state = 'no_show'")),
        # Read by every screen of the office: whom the desks have now.
        Index("ix_ticket_active", "office_id", postgresql_where=_AT_A_DESK),
        # Free words, which are not kept longer than names are.
        Index("ix_ticket_comment", "issued_at", postgresql_where=text("comment IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    secret: str
    """Opens the ticket page; the day and 84 random bits (`dated.new_secret`)."""
    office_id: int
    local_date: date
    letter: str
    number: int
    service_id: int
    state: State = Field(sa_type=words(State))
    source: Source = Field(sa_type=words(Source))
    language: str
    needs: list[Need] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    privilege_id: int | None = Field(default=None, foreign_key="privilege.id")
    privilege_state: PrivilegeState | None = Field(default=None, sa_type=words(PrivilegeState))
    late: bool = False
    issued_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    rank_at: datetime = Field(sa_type=Instant)
    rank_from: datetime = Field(sa_type=Instant)
    desk_id: int | None = None
    """The desk that has or last had the visitor."""
    clerk_id: int | None = None
    called_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the present call began; recalls do not move it."""
    calls: int = Field(default=0, sa_type=SmallInteger)
    """Calls within the present call, recalls included."""
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    idempotency_key: str | None = None
    asked: int | None = Field(default=None, sa_type=BigInteger)
    """`take.Wish.fingerprint`: what a repeat of the key must ask for; null for tickets that were not taken by a wish."""
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id", sa_type=BigInteger)
    """The booking that checked in, also when it came late and stands as a walk-in."""
    booked_for: datetime | None = Field(default=None, sa_type=Instant)
    """The time of the booking that it was, also of one that came late."""
    for_desk_id: int | None = None
    """Only this desk may call it: a transfer, or the way back to the sender."""
    for_clerk_id: int | None = Field(default=None, foreign_key="account.id")
    """Only this clerk may call it, at whatever desk."""
    return_desk_id: int | None = None
    """Where it goes back to after the service it was transferred to, and for which service."""
    return_service_id: int | None = None
    next_services: list[int] = Field(default_factory=list, sa_column=Column(ARRAY(Integer), nullable=False, server_default="{}"))
    """Further services of the same visit, in their order."""
    comment: str | None = None
    """From the clerk who transferred it to the next one; staff see it, the visitor does not."""
    postponed_until: datetime | None = Field(default=None, sa_type=Instant)
    """When a postponed ticket returns by itself; null: when somebody calls it."""
    postpone_reason: str | None = None
    moved_by_hand: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """The hall administrator gave it another place; the journal says why."""
    inaccurate: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Its times are not to be measured: the clerk forgot to press, or the day ended over it."""

    @property
    def label(self) -> str:
        return label(self.letter, self.number)


def label(letter: str, number: int) -> str:
    """«А012»: at least three digits, four after 999."""
    return f"{letter}{number:03d}"


class TicketEvent(SQLModel, table=True):
    """The journal: one row per transition, in the order of one identity; a trigger refuses updates."""

    __tablename__ = "ticket_event"
    __table_args__ = (
        # The story of one ticket, and its latest call for the board.
        Index("ix_ticket_event_ticket", "ticket_id", "id"),
        # Measured durations: the latest finished ones of an office, without walking the rest.
        Index("ix_ticket_event_finished", "office_id", "id", postgresql_where=text("kind = 'finished'")),
        # Why another number was called: the latest calls of an office, only read when a visitor asks.
        Index("ix_ticket_event_called", "office_id", "id", postgresql_where=text("kind = 'called'")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    ticket_id: int = Field(foreign_key="ticket.id", sa_type=BigInteger)
    office_id: int
    kind: str
    at: datetime = Field(sa_type=Instant)
    desk_id: int | None = None
    clerk_id: int | None = None
    details: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
