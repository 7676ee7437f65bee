"""Which device speaks: tokens looked up by hash, remembered per process for seconds.

Refuses to keep a token in clear anywhere but in the device itself.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.devices.models import Device, DeviceKind
from queue_service.errors import BadToken

REMEMBERED_SECONDS = 10.0

_DEVICE = """
SELECT device.id, device.office_id, device.kind, device.name, zone.code AS zone, device.settings
  FROM device LEFT JOIN zone ON zone.id = zone_id
 WHERE token_hash = $1 AND revoked_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    id: int
    office_id: int
    kind: str
    name: str
    zone: str | None
    settings: dict[str, Any]


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def add_device(db: AsyncSession, office_id: int, kind: DeviceKind, name: str, zone_id: int | None = None, **settings: Any) -> str:
    """Registers a device and returns its token, which cannot be read again."""
    token = secrets.token_urlsafe(24)
    db.add(Device(office_id=office_id, kind=kind, name=name, zone_id=zone_id, token_hash=hash_token(token), settings=settings))
    return token


class Devices:
    """The process's memory of its devices."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[bytes, tuple[float, DeviceIdentity]] = {}

    def drop(self) -> None:
        self._known.clear()

    async def identify(self, token: str | None, kind: DeviceKind | None) -> DeviceIdentity:
        """BadToken for a missing, unknown or revoked token, or another kind of device than the one asked for."""
        if not token:
            raise BadToken
        digest = hash_token(token)
        known = self._known.get(digest)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            device = known[1]
        else:
            started = time.monotonic()
            row = await self._pool.fetchrow(_DEVICE, digest)
            if row is None:
                self._known.pop(digest, None)
                raise BadToken
            device = DeviceIdentity(**row)
            self._known[digest] = (started, device)
        if kind is not None and device.kind != kind:
            raise BadToken
        return device


async def record_health(db: AsyncSession, device_id: int, health: dict[str, Any], now: datetime) -> None:
    device = (await db.exec(select(Device).where(col(Device.id) == device_id).with_for_update())).one()
    device.health, device.seen_at = health, now
