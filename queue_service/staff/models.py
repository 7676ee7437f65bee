"""Accounts and their sessions. Passwords are argon2 hashes, session tokens are kept only as SHA-256: a stolen dump opens nothing."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Column, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from queue_service.db import Instant, words


class Role(StrEnum):
    CLERK = "clerk"
    HALL_ADMINISTRATOR = "hall_administrator"
    OFFICE_HEAD = "office_head"
    CITY_ADMINISTRATOR = "city_administrator"
    AUDITOR = "auditor"


HALL_ROLES = frozenset({Role.HALL_ADMINISTRATOR, Role.OFFICE_HEAD})
"""Who may act for the whole hall."""


class Account(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("login"),
        CheckConstraint("role IN ('clerk', 'hall_administrator', 'office_head', 'city_administrator', 'auditor')", name="role_known"),
        CheckConstraint("office_id IS NOT NULL OR role IN ('city_administrator', 'auditor')", name="office_people_have_one"),
    )

    id: int | None = Field(default=None, primary_key=True)
    login: str
    name: str
    password_hash: str
    role: Role = Field(sa_type=words(Role))
    office_id: int | None = Field(default=None, foreign_key="office.id")
    active: bool = True


class StaffSession(SQLModel, table=True):
    __tablename__ = "staff_session"

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
