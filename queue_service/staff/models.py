"""Accounts, their sessions and second factors. Passwords are argon2 hashes, tokens and codes are kept only as SHA-256, the secrets of
authenticators are sealed: a stolen dump opens nothing."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from queue_service.db import Instant, words


class Role(StrEnum):
    CLERK = "clerk"
    HALL_ADMINISTRATOR = "hall_administrator"
    OFFICE_HEAD = "office_head"
    CITY_ADMINISTRATOR = "city_administrator"
    AUDITOR = "auditor"


class Account(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("login"),
        UniqueConstraint("oidc_issuer", "oidc_subject", name="uq_account_oidc"),
        CheckConstraint("(oidc_issuer IS NULL) = (oidc_subject IS NULL)", name="oidc_both_or_none"),
        CheckConstraint("role IN ('clerk', 'hall_administrator', 'office_head', 'city_administrator', 'auditor')", name="role_known"),
        CheckConstraint("office_id IS NOT NULL OR role IN ('city_administrator', 'auditor')", name="office_people_have_one"),
    )

    id: int | None = Field(default=None, primary_key=True)
    login: str
    name: str
    password_hash: str | None = None
    """Null until an invited person has chosen one, and for who signs in only elsewhere."""
    role: Role = Field(sa_type=words(Role))
    office_id: int | None = Field(default=None, foreign_key="office.id")
    active: bool = True
    totp_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    """Secret of the authenticator, once its first code was right."""
    totp_step: int | None = Field(default=None, sa_type=BigInteger)
    """The step (RFC 6238) of the last accepted code: no code works twice."""
    oidc_issuer: str | None = None
    oidc_subject: str | None = None
    """Who this is at the provider that they sign in with."""


class StaffSession(SQLModel, table=True):
    __tablename__ = "staff_session"

    __table_args__ = (UniqueConstraint("id"),)

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), nullable=False))
    """By which its owner names it in the list of sessions; opens nothing."""
    account_id: int = Field(foreign_key="account.id", index=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    address: str | None = None
    """Where it was opened from."""
    agent: str | None = None
    """The browser's own name for itself, cut short."""
    via: str = Field(default="password", sa_column_kwargs={"server_default": "password"})
    """password, totp, recovery, oidc."""


class RecoveryCode(SQLModel, table=True):
    """A code that replaces a lost authenticator, once."""

    __tablename__ = "recovery_code"

    account_id: int = Field(foreign_key="account.id", primary_key=True)
    code_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class InvitationKind(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


class Invitation(SQLModel, table=True):
    """A link by which a person chooses a password, once: to begin with, or after an administrator's reset."""

    __table_args__ = (
        CheckConstraint("kind IN ('invitation', 'reset')", name="kind_known"),
        Index("ix_invitation_account", "account_id"),
    )

    token_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    account_id: int = Field(foreign_key="account.id")
    kind: InvitationKind = Field(sa_type=words(InvitationKind))
    created_at: datetime = Field(sa_type=Instant)
    created_by: int | None = None
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)


class SignInFailure(SQLModel, table=True):
    """How often signing in failed for one key (a login with an address, a login anywhere, an address), and until when it waits.

    Losing it costs an attacker's count, so the table is unlogged.
    """

    __tablename__ = "sign_in_failure"
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """A keyed hash."""
    failures: int
    last_at: datetime = Field(sa_type=Instant)
    blocked_until: datetime = Field(sa_type=Instant)
