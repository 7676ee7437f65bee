"""Links by which a person chooses a password: to begin with, or after a reset. Each works once; of two who use it at once, one wins.

Refuses to sign somebody in past their second factor: a link replaces the password and nothing else.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.staff.account import about
from queue_service.staff.errors import InvitationOver
from queue_service.staff.models import Account, Invitation, InvitationKind
from queue_service.staff.passwords import hash_password, judge
from queue_service.staff.sessions import end_sessions, hash_token

LIFE: Final = {
    # A new colleague comes on Monday.
    InvitationKind.INVITATION: timedelta(days=7),
    # Somebody stands there and waits.
    InvitationKind.RESET: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Invited:
    """Whom the link is for."""

    account: Account
    kind: InvitationKind


async def make_invitation(db: AsyncSession, account_id: int, kind: InvitationKind, by: Actor, now: datetime) -> str:
    """The token of a new link; earlier ones of the person are void."""
    await void_invitations(db, account_id)
    token = secrets.token_urlsafe(32)
    db.add(
        Invitation(
            token_hash=hash_token(token),
            account_id=account_id,
            kind=kind,
            created_at=now,
            created_by=by.account_id,
            expires_at=now + LIFE[kind],
        )
    )
    return token


async def latest_kind(db: AsyncSession, account_id: int) -> InvitationKind:
    """Of the person's newest link; a reset where there is none: it opens less."""
    newest = select(Invitation.kind).where(col(Invitation.account_id) == account_id).order_by(col(Invitation.created_at).desc()).limit(1)
    return InvitationKind((await db.exec(newest)).one_or_none() or InvitationKind.RESET)


async def void_invitations(db: AsyncSession, account_id: int) -> None:
    await db.exec(delete(Invitation).where(col(Invitation.account_id) == account_id, col(Invitation.used_at).is_(None)))


async def look_at_invitation(db: AsyncSession, token: str, now: datetime) -> Invited:
    """Raises InvitationOver: used, old, replaced, or never made."""
    found = await db.exec(
        select(Account, Invitation.kind)
        .join(Invitation, col(Invitation.account_id) == col(Account.id))
        .where(col(Invitation.token_hash) == hash_token(token), *_open(now), col(Account.active))
    )
    row = found.one_or_none()
    if row is None:
        raise InvitationOver
    return Invited(row[0], InvitationKind(row[1]))


async def accept_invitation(db: AsyncSession, token: str, password: str, address: str | None, now: datetime) -> Account:
    """The password is set, the link is used. Raises InvitationOver, WeakPassword (the link stays good)."""
    invited = await look_at_invitation(db, token, now)
    await judge(password, await about(db, invited.account))
    password_hash = await asyncio.to_thread(hash_password, password)
    used = await db.exec(
        update(Invitation)
        .where(col(Invitation.token_hash) == hash_token(token), *_open(now))
        .values(used_at=now)
        .returning(col(Invitation.account_id))
    )
    if used.one_or_none() is None:
        raise InvitationOver
    account = invited.account
    assert account.id is not None
    account.password_hash = password_hash
    db.add(account)
    await end_sessions(db, account.id)
    actor = Actor(account.login, account.id, address)
    record(db, actor, Act("account.password_chosen", f"account:{account.id}", account.office_id, reason=invited.kind.value), now)
    return account


def _open(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return col(Invitation.used_at).is_(None), col(Invitation.expires_at) > now
