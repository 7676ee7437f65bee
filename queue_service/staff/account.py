"""A person's own account: the password, and where they are signed in.

Refuses to act on anybody else's: the id is always that of who asks.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.db import Pool
from queue_service.errors import NotFound
from queue_service.events import access_changed
from queue_service.staff.models import Account, StaffSession
from queue_service.staff.passwords import hash_password, judge
from queue_service.staff.sessions import end_sessions, hash_token

JUST_NOW: Final = timedelta(minutes=5)
"""Whoever signed in so lately has shown who they are: an invited person goes from their password to the second factor without a halt."""


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Where somebody is signed in."""

    id: int
    opened_at: datetime
    address: str | None
    agent: str | None
    via: str
    this_one: bool


async def about(db: AsyncSession, account: Account) -> list[str]:
    """What a stranger could read of the person, for the strength check."""
    connection = await db.connection()
    office = (
        await connection.execute(
            text("SELECT slug, name ->> 'ru', name ->> 'en', district ->> 'ru' FROM office WHERE id = :id"), {"id": account.office_id}
        )
    ).one_or_none()
    return [account.login, account.name, *(part for part in office or () if part)]


async def change_password(db: AsyncSession, by: Actor, token: str, password: str, now: datetime) -> None:
    """Whoever else is signed in with the old one is out. Raises WeakPassword; the old password is the caller's to ask for."""
    account = (await db.exec(select(Account).where(col(Account.id) == by.account_id).with_for_update())).one()
    assert account.id is not None
    await judge(password, await about(db, account))
    account.password_hash = await asyncio.to_thread(hash_password, password)
    db.add(account)
    ended = await end_sessions(db, account.id, but=token)
    changed = Act("account.password_changed", f"account:{account.id}", account.office_id, after={"sessions_ended": ended})
    record(db, by, changed, now)


async def open_sessions(pool: Pool, account_id: int, token: str, now: datetime) -> list[OpenSession]:
    """Newest first."""
    rows = await pool.fetch(
        "SELECT id, created_at, address, agent, via, token_hash FROM staff_session"
        " WHERE account_id = $1 AND expires_at > $2 ORDER BY created_at DESC, id DESC",
        account_id,
        now,
    )
    mine = hash_token(token)
    return [OpenSession(row["id"], row["created_at"], row["address"], row["agent"], row["via"], row["token_hash"] == mine) for row in rows]


async def has_just_signed_in(pool: Pool, token: str, now: datetime) -> bool:
    opened = await pool.fetchval("SELECT created_at FROM staff_session WHERE token_hash = $1", hash_token(token))
    return opened is not None and now - opened < JUST_NOW


async def end_session(db: AsyncSession, by: Actor, session_id: int, now: datetime) -> None:
    """One of one's own. NotFound for any other."""
    ended = await db.exec(
        delete(StaffSession)
        .where(col(StaffSession.id) == session_id, col(StaffSession.account_id) == by.account_id)
        .returning(col(StaffSession.id))
    )
    if ended.one_or_none() is None:
        raise NotFound({"ru": "Этот вход уже завершён.", "en": "This session has ended already."})
    await access_changed(db)
    record(db, by, Act("account.session_ended", f"account:{by.account_id}"), now)


async def end_other_sessions(db: AsyncSession, by: Actor, token: str, now: datetime) -> int:
    assert by.account_id is not None
    ended = await end_sessions(db, by.account_id, but=token)
    record(db, by, Act("account.sessions_revoked", f"account:{by.account_id}", after={"sessions_ended": ended}), now)
    return ended
