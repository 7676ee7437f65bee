"""What a transaction tells every process, by NOTIFY inside itself, so that nobody hears of what was rolled back: `office_changed` (payload
office id: tickets or desks moved), `ticket_issued` (the same for a newcomer), `setup_changed`, `access_changed`, `slots_changed` (an
office's free slots) and `slot_freed` (one of them was given up).

Payloads are ids only: whoever hears one reads the present. Refuses to carry content: a lost message must cost nothing.
"""

from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import OFFICE_CHANGED

SETUP_CHANGED: Final = "setup_changed"
"""Payload: office id, or "" for all. What an administrator configures has changed."""
ACCESS_CHANGED: Final = "access_changed"
"""Payload: "". A session or device was revoked or changed; cached identities are dropped."""
SLOTS_CHANGED: Final = "slots_changed"
"""Payload: office id. Something was taken of its lanes or given back."""
SLOT_FREED: Final = "slot_freed"
"""Payload: office id. A part of a lane was given up: the waitlist is asked first."""


async def _notify(db: AsyncSession, channel: str, payload: str) -> None:
    connection = await db.connection()
    await connection.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})


async def office_changed(db: AsyncSession, office_id: int) -> None:
    db.info.setdefault(OFFICE_CHANGED, set()).add(office_id)
    await _notify(db, OFFICE_CHANGED, str(office_id))


async def setup_changed(db: AsyncSession, office_id: int | None = None) -> None:
    await _notify(db, SETUP_CHANGED, "" if office_id is None else str(office_id))


async def access_changed(db: AsyncSession) -> None:
    await _notify(db, ACCESS_CHANGED, "")


async def slots_changed(db: AsyncSession, office_id: int) -> None:
    await _notify(db, SLOTS_CHANGED, str(office_id))


async def slot_freed(db: AsyncSession, office_id: int) -> None:
    await _notify(db, SLOTS_CHANGED, str(office_id))
    await _notify(db, SLOT_FREED, str(office_id))
