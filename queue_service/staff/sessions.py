"""Knowing who asks: opaque random tokens, looked up by hash, remembered per process for seconds.

A revoked session is dropped everywhere by NOTIFY (`access_changed`); the copy's short life bounds what a lost NOTIFY can cost.
Refuses to know how somebody proved who they are: whoever does (`sign_in`, `oidc`, `invitations`) calls `open_session_for`.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncpg import Record
from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.db import Pool
from queue_service.errors import AccountUnfinished, Forbidden, NotSignedIn
from queue_service.events import access_changed
from queue_service.settings import SecondFactor
from queue_service.staff.models import Account, Role, StaffSession
from queue_service.staff.rights import Right

SESSION_LIFE = timedelta(hours=12)
"""One working day: nobody is thrown out in mid-shift, nobody is still signed in tomorrow."""
REMEMBERED_SECONDS = 10.0
LONGEST_AGENT = 300
"""Of a browser's name for itself: the part that says which one it is stands in front."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A signed-in person."""

    account_id: int
    login: str
    name: str
    role: Role
    office_id: int | None
    unfinished: bool = False
    """Whether a second factor must be set up before anything else is allowed."""

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


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def csrf_token(token: str) -> str:
    """Derived from the session, so that nothing is stored and another site cannot know it."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _unfinished(required: bool, has_totp: bool, via: str) -> bool:
    # Who signed in at a provider showed that provider's second factor.
    return required and not has_totp and via != "oidc"


def unfinished(account: Account, via: str, second_factor: SecondFactor) -> bool:
    """Whether a session of the account that is opened so must set up a second factor first."""
    return _unfinished(account.role in SECOND_FACTOR_ROLES[second_factor], account.totp_sealed is not None, via)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session is opened from, and how its owner proved who they are."""

    address: str | None = None
    agent: str | None = None
    via: str = "password"
    """password, totp, recovery, invitation, oidc."""


async def open_session_for(db: AsyncSession, account: Account, origin: Origin, now: datetime) -> str:
    """A new session's token: never one that the browser had before."""
    assert account.id is not None
    token = secrets.token_urlsafe(32)
    db.add(
        StaffSession(
            token_hash=hash_token(token),
            account_id=account.id,
            created_at=now,
            expires_at=now + SESSION_LIFE,
            address=origin.address,
            agent=origin.agent[:LONGEST_AGENT] if origin.agent else None,
            via=origin.via,
        )
    )
    actor = Actor(account.login, account.id, origin.address)
    record(db, actor, Act("session.opened", f"account:{account.id}", account.office_id, after={"via": origin.via}), now)
    return token


async def sign_out(db: AsyncSession, token: str) -> None:
    await db.exec(delete(StaffSession).where(col(StaffSession.token_hash) == hash_token(token)))
    await access_changed(db)


async def end_sessions(db: AsyncSession, account_id: int, but: str | None = None) -> int:
    """Of one person, all but the one with this token; how many there were."""
    mine = delete(StaffSession).where(col(StaffSession.account_id) == account_id)
    if but is not None:
        mine = mine.where(col(StaffSession.token_hash) != hash_token(but))
    ended = await db.exec(mine.returning(col(StaffSession.id)))
    await access_changed(db)
    return len(ended.all())


_IDENTITY = """
SELECT account.id AS account_id, login, name, role, office_id, totp_sealed IS NOT NULL AS has_totp, via
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
        # A new one: who looks somebody up at this moment writes into the old, and the next request asks again.
        self._known = {}

    async def identify(self, token: str | None, now: datetime) -> Identity:
        """NotSignedIn for a missing, unknown, expired or revoked token."""
        if not token:
            raise NotSignedIn
        digest, memory = hash_token(token), self._known
        known = memory.get(digest)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        started = time.monotonic()
        row = await self._pool.fetchrow(_IDENTITY, digest, now)
        if row is None:
            memory.pop(digest, None)
            raise NotSignedIn
        identity = self._identity(row)
        memory[digest] = (started, identity)
        return identity

    def _identity(self, row: Record) -> Identity:
        role = Role(row["role"])
        unfinished = _unfinished(role in self._second_factor, row["has_totp"], row["via"])
        return Identity(row["account_id"], row["login"], row["name"], role, row["office_id"], unfinished)
