"""The outbox: one row per message that was ever wished for, whatever became of it.

Refuses to keep an address or a text longer than they are needed: both are sealed while the message waits and are gone once its state
is final.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Index, LargeBinary, SmallInteger, text
from sqlmodel import Field, SQLModel

from queue_service.db import Instant, words
from queue_service.notifications.contacts import Channel
from queue_service.notifications.rules import Kind, State


def _listed(enum: type[StrEnum]) -> str:
    return ", ".join(f"'{word}'" for word in enum)


class OutboxMessage(SQLModel, table=True):
    __tablename__ = "outbox_message"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_listed(Kind)})", name="kind_known"),
        CheckConstraint(f"channel IN ({_listed(Channel)})", name="channel_known"),
        CheckConstraint(f"state IN ({_listed(State)})", name="state_known"),
        CheckConstraint("(state = 'sending') = (claimed_until IS NOT NULL)", name="claimed_while_sending"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent_has_a_time"),
        CheckConstraint(
            "(state IN ('pending', 'sending')) = (recipient IS NOT NULL AND payload IS NOT NULL)",
            name="content_only_while_needed",
        ),
        # Walked in order by the senders; holds only what waits.
        Index("ix_outbox_message_due", "channel", "due_at", postgresql_where=text("state = 'pending'")),
        # Walked for what a dead sender left behind; a handful of rows at most.
        Index("ix_outbox_message_claimed", "claimed_until", postgresql_where=text("state = 'sending'")),
        # A booking's messages: for its page, and to withdraw its reminders.
        Index("ix_outbox_message_appointment", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
    )

    key: str = Field(primary_key=True)
    """One message per key, ever. Stands in the log, so it is made of ids and never of a contact or a secret."""
    kind: Kind = Field(sa_type=words(Kind))
    channel: Channel = Field(sa_type=words(Channel))
    recipient: bytes | None = Field(sa_type=LargeBinary)
    """Sealed address; gone with the payload when the state is final."""
    payload: bytes | None = Field(sa_type=LargeBinary)
    """Sealed facts and calendar event, as JSON."""
    language: str
    appointment_id: int | None = Field(default=None, sa_type=BigInteger)
    """Without a foreign key: bookings stand to the right of us and know us, not we them."""
    created_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    """Not before; a failed attempt moves it."""
    state: State = Field(default=State.PENDING, sa_type=words(State))
    attempts: int = Field(default=0, sa_type=SmallInteger)
    """Claims so far; also tells a sender that its claim was taken over."""
    claimed_until: datetime | None = Field(default=None, sa_type=Instant)
    handed_over_at: datetime | None = Field(default=None, sa_type=Instant)
    """Committed before the last bytes that make a mail server accept the message."""
    sent_at: datetime | None = Field(default=None, sa_type=Instant)
    error: str | None = None
    """A class of failure such as `smtp_550`; never the server's words, which quote addresses."""
