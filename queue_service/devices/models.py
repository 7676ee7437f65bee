"""A device and its token, kept as SHA-256 only."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, LargeBinary, UniqueConstraint
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
    settings: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    health: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    seen_at: datetime | None = Field(default=None, sa_type=Instant)
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)
