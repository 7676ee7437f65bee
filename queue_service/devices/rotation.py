"""The next token of a device: handed out beside the present one, and in force from its first use.

It is derived from the present token with the service's key and a moment, so that a device that asks twice (two tabs, a lost answer) gets
the same one, and somebody who asked long before the device is left with nothing. Refuses to keep it: only its hash is stored.
"""

import base64
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.devices.models import Device
from queue_service.devices.registry import hash_token
from queue_service.devices.rules import SAME_SUCCESSOR
from queue_service.errors import BadToken
from queue_service.sealing import KeyRing


async def hand_out_successor(db: AsyncSession, ring: KeyRing, token: str, now: datetime) -> str:
    """The token that this one's device uses from now on; both open until the new one is first used. Raises BadToken."""
    own = col(Device.token_hash) == hash_token(token)
    device = (await db.exec(select(Device).where(own, col(Device.revoked_at).is_(None)).with_for_update())).one_or_none()
    if device is None:
        raise BadToken
    for moment in (now - SAME_SUCCESSOR, now):
        successor = _derived(ring, token, moment)
        if device.next_token_hash == hash_token(successor):
            return successor
    device.next_token_hash = hash_token(successor)
    return successor


def _derived(ring: KeyRing, token: str, moment: datetime) -> str:
    spell = int(moment.timestamp() // SAME_SUCCESSOR.total_seconds())
    return base64.urlsafe_b64encode(ring.fingerprint(f"successor of {token} in {spell}")[:24]).decode()
