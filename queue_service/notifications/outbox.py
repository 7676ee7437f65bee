"""What other domains say to people: messages put into the caller's transaction, so that a rolled back booking never sends anything.

A key names one message for ever: whoever repeats a command puts the same key again and nothing happens. Refuses names and contacts in the
facts, and any text: wording belongs to `templates`. Addresses and facts are sealed, because links and codes open doors.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.notifications.calendar import CalendarEvent
from queue_service.notifications.contacts import Channel, Contact
from queue_service.notifications.models import OutboxMessage
from queue_service.notifications.rules import Kind, State
from queue_service.sealing import KeyRing
from queue_service.text import Text

__all__ = ["OUTBOX", "BookingLink", "Delivery", "Facts", "Kind", "Message", "Payload", "State", "deliveries", "put", "withdraw"]

OUTBOX: Final = "outbox"
"""NOTIFY channel, payload "": something is due now. What is due later is found by the senders' own clock."""


class BookingLink(msgspec.Struct, frozen=True, kw_only=True):
    """One existing booking in a LINKS message."""

    service_name: Text
    office_name: Text
    time_zone: str
    starts_at: datetime
    reference: str
    link: str


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to say, in every language; never a name, never a contact."""

    office_name: Text
    address: Text
    time_zone: str
    service_name: Text
    starts_at: datetime
    reference: str = ""
    """Eight digits."""
    link: str = ""
    """https://…/a/SECRET"""
    documents: list[Text] = []
    code: str | None = None
    until: datetime | None = None
    """When the code or the offer ends; it is not sent later."""
    old_starts_at: datetime | None = None
    """Of a moved booking."""
    notes: dict[str, Text] = {}
    """What the office adds in its own words, by `offices.wordings` code, with the placeholders still in it."""
    phone: str = ""
    """The office's, for its own words."""
    links: list[BookingLink] = []


class Payload(msgspec.Struct, frozen=True):
    """What is sealed in a row."""

    facts: Facts
    calendar: CalendarEvent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    key: str
    """One message per key, ever; made of ids, since it stands in the log: `appointment-42-confirmation-0`."""
    kind: Kind
    contact: Contact = field(repr=False)
    language: str
    appointment_id: int | None
    due_at: datetime
    facts: Facts = field(repr=False)
    calendar: CalendarEvent | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message, for the booking's own page."""

    key: str
    kind: Kind
    channel: Channel
    state: State
    at: datetime
    """When it was sent or handed over; else when it is or was due."""


async def put(db: AsyncSession, ring: KeyRing, message: Message, now: datetime) -> None:
    """Inside the caller's transaction; a key that was put before is ignored, whatever became of it."""
    payload = msgspec.json.encode(Payload(message.facts, message.calendar)).decode()
    statement = (
        insert(OutboxMessage)
        .values(
            key=message.key,
            kind=message.kind,
            channel=message.contact.channel,
            recipient=ring.seal(message.contact.address),
            payload=ring.seal(payload),
            language=message.language,
            appointment_id=message.appointment_id,
            created_at=now,
            due_at=message.due_at,
            state=State.PENDING,
            attempts=0,
        )
        .on_conflict_do_nothing(index_elements=["key"])
    )
    connection = await db.connection()
    await connection.execute(statement)
    if message.due_at <= now:
        await connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": OUTBOX})


async def withdraw(db: AsyncSession, appointment_id: int, kinds: Collection[Kind], now: datetime) -> None:
    """What has not gone yet will not go. One that a sender has just taken is stopped too, if it was not handed over before."""
    connection = await db.connection()
    await connection.execute(
        update(OutboxMessage)
        .where(
            col(OutboxMessage.appointment_id) == appointment_id,
            col(OutboxMessage.kind).in_(list(kinds)),
            col(OutboxMessage.state).in_([State.PENDING, State.SENDING]),
        )
        .values(state=State.WITHDRAWN, recipient=None, payload=None, claimed_until=None, error=None)
    )


_DELIVERIES = """
SELECT key, kind, channel, state, coalesce(sent_at, handed_over_at, due_at) AS at
  FROM outbox_message
 WHERE appointment_id = $1
 ORDER BY created_at, key
"""


async def deliveries(pool: Pool, appointment_id: int) -> list[Delivery]:
    """In the order in which they were put."""
    rows = await pool.fetch(_DELIVERIES, appointment_id)
    return [Delivery(row["key"], Kind(row["kind"]), Channel(row["channel"]), State(row["state"]), row["at"]) for row in rows]
