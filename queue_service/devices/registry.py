"""Which device speaks: tokens looked up by hash, remembered per process for seconds; and who was heard, written down now and then.

The first use of a successor makes it the token, and the token before is dead from then on: whoever comes with it has a copy. Refuses to
keep a token in clear anywhere but in the device itself.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from asyncpg import Record
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Pool
from queue_service.devices.models import Device, DeviceKind
from queue_service.devices.rules import AFTERMATH
from queue_service.errors import BadToken
from queue_service.timing import clock

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 10.0

# Three unique indexes; a token is in one of them at most.
_DEVICE = """
SELECT device.id, device.office_id, device.kind, device.name, zone.code AS zone, device.settings,
       token_hash = $1 AS present, coalesce(next_token_hash = $1, false) AS successor
  FROM device LEFT JOIN zone ON zone.id = zone_id
 WHERE (token_hash = $1 OR next_token_hash = $1 OR old_token_hash = $1) AND revoked_at IS NULL
"""
# Two first uses at the same moment: the second finds that the successor is the token already, and changes nothing.
_PROMOTE = """
WITH promoted AS (
    UPDATE device SET old_token_hash = token_hash, token_hash = next_token_hash, next_token_hash = NULL, token_at = $2
     WHERE next_token_hash = $1
 RETURNING id, office_id
)
SELECT id, pg_notify('access_changed', ''), pg_notify('office_changed', office_id::text) FROM promoted
"""
_REPLAYED = """
UPDATE device SET replayed_at = $2::timestamptz
 WHERE old_token_hash = $1 AND token_at < $2::timestamptz - $3::interval
   AND (replayed_at IS NULL OR replayed_at < $2::timestamptz - interval '1 minute')
RETURNING id
"""
_SEEN = """
UPDATE device SET seen_at = greatest(seen_at, seen.at)
  FROM unnest($1::int[], $2::timestamptz[]) AS seen (id, at) WHERE device.id = seen.id
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


def new_token() -> str:
    return secrets.token_urlsafe(24)


async def add_device(db: AsyncSession, office_id: int, kind: DeviceKind, name: str, zone_id: int | None = None, **settings: Any) -> str:
    """Registers a device of the demo or a test and returns its token, which cannot be read again and is never renewed by itself."""
    token = new_token()
    db.add(Device(office_id=office_id, kind=kind, name=name, zone_id=zone_id, token_hash=hash_token(token), settings=settings))
    return token


class Devices:
    """The process's memory of its devices."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[bytes, tuple[float, DeviceIdentity]] = {}
        self._seen: dict[int, datetime] = {}

    def drop(self) -> None:
        # A new one: who looks somebody up at this moment writes into the old, and the next request asks again.
        self._known = {}

    async def identify(self, token: str | None, kind: DeviceKind | None) -> DeviceIdentity:
        """BadToken for a missing, unknown or revoked token, or another kind of device than the one asked for."""
        if not token:
            raise BadToken
        digest, memory = hash_token(token), self._known
        known = memory.get(digest)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            device = known[1]
        else:
            started = time.monotonic()
            device = await self._look_up(digest)
            memory[digest] = (started, device)
        if kind is not None and device.kind != kind:
            raise BadToken
        self._seen[device.id] = clock()
        return device

    async def _look_up(self, digest: bytes) -> DeviceIdentity:
        row = await self._pool.fetchrow(_DEVICE, digest)
        if row is None:
            self._known.pop(digest, None)
            raise BadToken
        if row["successor"]:
            await self._pool.execute(_PROMOTE, digest, clock())
            self.drop()
        elif not row["present"]:
            self._known.pop(digest, None)
            await self._say_that_it_was_replayed(digest)
            raise BadToken
        return _identity(row)

    async def _say_that_it_was_replayed(self, digest: bytes) -> None:
        device_id = await self._pool.fetchval(_REPLAYED, digest, clock(), AFTERMATH)
        if device_id is not None:
            log.warning("device_token_replayed", device=device_id)

    async def write_down_who_was_seen(self) -> None:
        """One statement for all that spoke since last time, however often they did."""
        seen, self._seen = self._seen, {}
        if seen:
            await self._pool.execute(_SEEN, list(seen), list(seen.values()))


def _identity(row: Record) -> DeviceIdentity:
    return DeviceIdentity(row["id"], row["office_id"], row["kind"], row["name"], row["zone"], row["settings"])
