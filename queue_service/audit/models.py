"""The record itself. The service's database role may add to it and read it, and nothing else (`schema.APPEND_ONLY`)."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Identity, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from queue_service.db import Instant


class AuditRecord(SQLModel, table=True):
    """One act: who, when, from where, on what, and what stood before and after."""

    __tablename__ = "audit_record"
    __table_args__ = (
        # The page of one office, newest first; the city's page walks the primary key.
        Index("ix_audit_record_office", "office_id", "id"),
        Index("ix_audit_record_actor", "actor_id", "id"),
        Index("ix_audit_record_act", "act", "id"),
        Index("ix_audit_record_at", "at"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    at: datetime = Field(sa_type=Instant)
    actor_id: int | None = None
    """Account; without a foreign key, because accounts stand to the right of us. Null: nobody was signed in."""
    actor: str
    """The login at that time, or `citizen`, `device`, `system`."""
    address: str | None = None
    """Where the request came from."""
    office_id: int | None = None
    """Whose office was touched; null: the city's."""
    act: str
    """A dotted word: `account.invited`, `service.changed`, `ticket.reordered`, `contact.seen`."""
    subject: str
    """What was touched, as kind and id or code: `account:17`, `desk:5`. Never a name or a contact."""
    before: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    after: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    reason: str | None = None
