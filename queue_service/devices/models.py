"""Devices, their tokens, kept as SHA-256 only, and the codes by which new ones are paired."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from queue_service.db import Instant, words


class DeviceKind(StrEnum):
    KIOSK = "kiosk"
    DISPLAY = "display"


class Device(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("kind IN ('kiosk', 'display')", name="kind_known"),
    )

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    kind: DeviceKind = Field(sa_type=words(DeviceKind))
    name: str
    zone_id: int | None = Field(default=None, foreign_key="zone.id")
    token_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    token_at: datetime | None = Field(default=None, sa_type=Instant)
    """When the token was handed out; an old one is rotated."""
    next_token_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, unique=True))
    """Handed to the device, not yet used by it: its first use makes it the token."""
    old_token_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, unique=True))
    """The token before: whoever still uses it has a copy, which is an alarm."""
    replayed_at: datetime | None = Field(default=None, sa_type=Instant)
    """When somebody last came with the token before."""
    paired_at: datetime | None = Field(default=None, sa_type=Instant)
    version: str | None = None
    """Of the page that it shows."""
    settings: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    health: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    seen_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class DevicePairing(SQLModel, table=True):
    """A new device that shows a code and waits for somebody in administration to enter it."""

    __tablename__ = "device_pairing"
    __table_args__ = (
        CheckConstraint("kind IN ('kiosk', 'display')", name="kind_known"),
        CheckConstraint("code ~ '^[0-9]{6}$'", name="code_is_six_digits"),
        CheckConstraint("(device_id IS NULL) = (paired_at IS NULL)", name="paired_with_a_device"),
        # A code that waits is nobody else's.
        Index("uq_device_pairing_code", "code", unique=True, postgresql_where=text("device_id IS NULL")),
        Index("ix_device_pairing_expires", "expires_at"),
    )

    claim_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """SHA-256 of what only the waiting device knows, and by which it fetches its token."""
    code: str
    kind: DeviceKind = Field(sa_type=words(DeviceKind))
    version: str | None = None
    network: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Of who asked, as a keyed hash: open codes are shared out among networks."""
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    device_id: int | None = Field(default=None, foreign_key="device.id")
    paired_at: datetime | None = Field(default=None, sa_type=Instant)
    token_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """The token until the device has fetched it."""
