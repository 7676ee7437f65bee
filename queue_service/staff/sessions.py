"""Signing in, and knowing who asks: opaque random tokens, looked up by hash, remembered per process for seconds.

A revoked session is dropped everywhere by NOTIFY (`access_changed`); the copy's short life bounds what a lost NOTIFY can cost.
Refuses to tell a wrong login from a wrong password, by sentence or by time.
"""

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from asyncpg import Record
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.errors import AccountUnfinished, BadCredentials, Forbidden, NotSignedIn
from queue_service.events import access_changed
from queue_service.settings import SecondFactor
from queue_service.staff.models import Account, Role, StaffSession
from queue_service.staff.rights import Right

SESSION_LIFE = timedelta(hours=12)
"""One working day: nobody is thrown out in mid-shift, nobody is still signed in tomorrow."""
REMEMBERED_SECONDS = 10.0
_HASHER = PasswordHasher()


class Unfinished(StrEnum):
    """What stands between a right password and work."""

    PASSWORD = "password"  # noqa: S105  a word, not a secret
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person."""

    account_id: int
    login: str
    name: str
    role: Role
    office_id: int | None
    unfinished: frozenset[Unfinished] = frozenset()
    """What must be done before anything else is allowed."""

    @property
    def own_office(self) -> int:
        """The office of somebody whose right is only an office's (`rights.OF_AN_OFFICE`). Raises Forbidden where there is none."""
        if self.office_id is None:
            raise Forbidden
        return self.office_id

    def refuse_if_unfinished(self, right: Right) -> None:
        """Raises AccountUnfinished for everything but one's own account."""
        if self.unfinished and right is not Right.OWN_ACCOUNT:
            raise AccountUnfinished


SECOND_FACTOR_ROLES: Mapping[SecondFactor, frozenset[Role]] = {
    "optional": frozenset(),
    "administrators": frozenset({Role.OFFICE_HEAD, Role.CITY_ADMINISTRATOR, Role.AUDITOR}),
    "everybody": frozenset(Role),
}
"""Who must have a second factor, by the setting."""


@cache
def _nobody() -> str:
    """Verified when the login is unknown, so that the answer takes as long as for a known one."""
    return _HASHER.hash(secrets.token_hex(8))


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def csrf_token(token: str) -> str:
    """Derived from the session, so that nothing is stored and another site cannot know it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except VerificationError:
        return False


async def sign_in(db: AsyncSession, login: str, password: str, now: datetime) -> tuple[str, Account]:
    """A new session's token and its account. Raises BadCredentials."""
    account = (await db.exec(select(Account).where(col(Account.login) == login.strip().lower()))).one_or_none()
    known = account is not None and account.active
    # argon2 takes tens of milliseconds of a core: in a thread, so that calls to visitors do not wait for a password.
    verified = await asyncio.to_thread(_verified, (account.password_hash if account and known else None) or _nobody(), password)
    if account is None or not known or not verified:
        raise BadCredentials
    assert account.id is not None
    token = secrets.token_urlsafe(32)
    db.add(StaffSession(token_hash=hash_token(token), account_id=account.id, created_at=now, expires_at=now + SESSION_LIFE))
    return token, account


async def sign_out(db: AsyncSession, token: str) -> None:
    await db.exec(delete(StaffSession).where(col(StaffSession.token_hash) == hash_token(token)))
    await access_changed(db)


_IDENTITY = """
SELECT account.id AS account_id, login, name, role, office_id, must_change_password, totp_sealed IS NOT NULL AS has_totp, via
  FROM staff_session JOIN account ON account.id = account_id
 WHERE token_hash = $1 AND expires_at > $2 AND account.active
"""


class Sessions:
    """The process's memory of who its callers are."""

    def __init__(self, pool: Pool, second_factor: SecondFactor) -> None:
        self._pool = pool
        self._second_factor = SECOND_FACTOR_ROLES[second_factor]
        self._known: dict[bytes, tuple[float, Identity]] = {}

    def drop(self) -> None:
        self._known.clear()

    async def identify(self, token: str | None, now: datetime) -> Identity:
        """NotSignedIn for a missing, unknown, expired or revoked token."""
        if not token:
            raise NotSignedIn
        digest = hash_token(token)
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        started = time.monotonic()
        row = await self._pool.fetchrow(_IDENTITY, digest, now)
        if row is None:
            self._known.pop(digest, None)
            raise NotSignedIn
        identity = self._identity(row)
        self._known[digest] = (started, identity)
        return identity

    def _identity(self, row: Record) -> Identity:
        role = Role(row["role"])
        missing = set()
        if row["must_change_password"]:
            missing.add(Unfinished.PASSWORD)
        # Who signed in at a provider showed that provider's second factor.
        if role in self._second_factor and not row["has_totp"] and row["via"] != "oidc":
            missing.add(Unfinished.SECOND_FACTOR)
        return Identity(row["account_id"], row["login"], row["name"], role, row["office_id"], frozenset(missing))
