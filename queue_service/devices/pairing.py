"""How a new device gets its token: it shows a code, somebody with the right enters it in administration, and the device, which waits on a
long poll, is handed the token at once and once.

The poll holds no connection to the database: a process remembers who waits for what and is woken by NOTIFY. Refuses to keep a token in
clear: it is sealed until it is fetched, and then the row is gone.
"""

import asyncio
import contextlib
import hashlib
import ipaddress
import secrets
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.db import Pool
from queue_service.devices.errors import OtherKind, PairingOver, UnknownCode, UnknownDevice
from queue_service.devices.models import Device, DeviceKind, DevicePairing
from queue_service.devices.registry import hash_token, new_token
from queue_service.devices.rules import CODE_LIFE
from queue_service.errors import Forbidden, TooManyAttempts
from queue_service.events import access_changed, office_changed
from queue_service.limits.classes import household
from queue_service.limits.limiter import Limiter
from queue_service.sealing import KeyRing

DEVICE_PAIRED: Final = "device_paired"
"""NOTIFY channel; payload: the hash of the claim in hex, which opens nothing."""
POLL_SECONDS: Final = 25.0
"""Below the patience of proxies (30 s and more); a device asks again at once."""
FETCHED_WITHIN: Final = timedelta(minutes=1)
"""A device whose code was entered in its last second may still fetch its token."""
WAITERS_PER_CLAIM: Final = 4
"""Two tabs of one device and their repeats; who asks more often is answered at once."""
WINDOW: Final = timedelta(minutes=10)
CODES_PER_ADDRESS: Final = 60
"""Codes shown from one address in ten minutes: a city's hall on the day on which everything is set up."""
CODES_IN_CITY: Final = 1_000
"""All open codes together. With six digits, a guess then hits one of them once in a thousand times at the worst, ...

Nobody is refused for it: who comes when all are given out displaces the oldest code of whichever network has the most, and its device asks
anew. So whoever asks for codes without end only displaces their own; to reach a device that waits alone in its network they would need a
thousand networks, all at once and again and again.
"""
ENTRIES_PER_PERSON: Final = 30
"""... and nobody may guess more often than this in ten minutes."""
DRAWS: Final = 20
"""Free codes are 99.9 % of all: one draw nearly always does."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks for a code."""

    kind: DeviceKind
    version: str
    previous: str | None
    """Claim of the code that the same device was shown before."""
    network: bytes
    """Whose codes give way to each other, as a keyed hash."""


@dataclass(frozen=True, slots=True)
class Opened:
    claim: str
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the device needs to begin work."""

    token: str
    kind: str
    office: str
    zone: str | None
    name: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new device belongs, or whose place it takes."""

    office_id: int
    name: str
    zone_id: int | None = None
    replaces: int | None = None


def hash_claim(claim: str) -> bytes:
    return hashlib.sha256(claim.encode()).digest()


def network_of(address: str) -> str:
    """Who shares one network: 24 bits of IPv4, 48 of IPv6. That is what one subscriber, or a tenant of rented servers, gets at most."""
    try:
        parsed = ipaddress.ip_address(household(address))
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


# What stays: of every network its newest code, then every network's second newest, and so on until the number is full.
_GIVE_WAY = """
WITH waiting AS (
    SELECT claim_hash, created_at, row_number() OVER (PARTITION BY network ORDER BY created_at DESC, claim_hash) AS place
      FROM device_pairing WHERE device_id IS NULL
)
DELETE FROM device_pairing
 WHERE claim_hash IN (
       SELECT claim_hash FROM device_pairing   -- in one order for everybody: devices that displace each other's codes must not deadlock
        WHERE device_id IS NULL               -- still, once whoever is entering it has committed
          AND (claim_hash = :previous
               OR claim_hash IN (SELECT claim_hash FROM waiting ORDER BY place, created_at DESC, claim_hash OFFSET :stay))
        ORDER BY claim_hash FOR UPDATE)
"""


async def open_pairing(db: AsyncSession, wish: Wish, now: datetime) -> Opened:
    """A code for a device, in place of the previous one that it was shown."""
    await db.exec(delete(DevicePairing).where(col(DevicePairing.expires_at) < now - FETCHED_WITHIN))
    previous = hash_claim(wish.previous) if wish.previous else None
    await (await db.connection()).execute(text(_GIVE_WAY), {"previous": previous, "stay": CODES_IN_CITY - 1})
    claim = secrets.token_urlsafe(32)
    for _ in range(DRAWS):
        code = f"{secrets.randbelow(1_000_000):06}"
        taken = await db.exec(select(DevicePairing.code).where(col(DevicePairing.code) == code, col(DevicePairing.device_id).is_(None)))
        if taken.first() is None:
            break
    pairing = DevicePairing(
        claim_hash=hash_claim(claim),
        code=code,
        kind=wish.kind,
        version=wish.version[:100] or None,
        network=wish.network,
        created_at=now,
        expires_at=now + CODE_LIFE,
    )
    db.add(pairing)
    return Opened(claim, code, pairing.expires_at)


async def waiting_pairing(db: AsyncSession, code: str | None, now: datetime) -> DevicePairing:
    """The device that shows this code. Raises UnknownCode. Of two who enter it the second waits here, and then finds it used."""
    if code is None:
        raise UnknownCode
    shown = col(DevicePairing.code) == code, col(DevicePairing.device_id).is_(None), col(DevicePairing.expires_at) > now
    pairing = (await db.exec(select(DevicePairing).where(*shown).with_for_update())).one_or_none()
    if pairing is None:
        raise UnknownCode
    return pairing


async def pair(db: AsyncSession, ring: KeyRing, code: str | None, place: Place, actor: Actor, now: datetime) -> int:
    """Gives the device that shows the code its place; the device's id. Raises UnknownCode, UnknownDevice, OtherKind, Forbidden.

    Locks the pairing, then the device. A device that is replaced keeps its row: id, name, zone and settings; its token stops at once.
    """
    pairing = await waiting_pairing(db, code, now)
    token = new_token()
    if place.replaces is None:
        device = Device(
            office_id=place.office_id, kind=pairing.kind, name=place.name, zone_id=place.zone_id, token_hash=hash_token(token), settings={}
        )
        db.add(device)
        await db.flush()
    else:
        device = await _predecessor(db, place, pairing.kind)
    assert device.id is not None
    device.token_hash, device.next_token_hash, device.old_token_hash = hash_token(token), None, None
    device.token_at = device.paired_at = now
    device.replayed_at = device.revoked_at = device.health = device.seen_at = None
    device.version = pairing.version
    pairing.device_id, pairing.paired_at, pairing.token_sealed = device.id, now, ring.seal(token)
    word = "device.paired" if place.replaces is None else "device.replaced"
    after = {"kind": device.kind, "name": device.name, "zone": device.zone_id}
    record(db, actor, Act(word, f"device:{device.id}", device.office_id, after=after), now)
    connection = await db.connection()
    await connection.execute(text("SELECT pg_notify(:channel, :claim)"), {"channel": DEVICE_PAIRED, "claim": pairing.claim_hash.hex()})
    await access_changed(db)
    await office_changed(db, device.office_id)
    return device.id


async def _predecessor(db: AsyncSession, place: Place, kind: DeviceKind) -> Device:
    found = (await db.exec(select(Device).where(col(Device.id) == place.replaces).with_for_update())).one_or_none()
    if found is None:
        raise UnknownDevice
    if found.office_id != place.office_id:
        raise Forbidden
    if found.kind != kind:
        raise OtherKind
    return found


# Handed over once: the row goes with it.
_FETCH = """
WITH fetched AS (
    DELETE FROM device_pairing WHERE claim_hash = $1 AND token_sealed IS NOT NULL RETURNING device_id, token_sealed
)
SELECT token_sealed, device.kind, device.name, office.slug, zone.code AS zone
  FROM fetched JOIN device ON device.id = device_id AND revoked_at IS NULL
  JOIN office ON office.id = device.office_id LEFT JOIN zone ON zone.id = device.zone_id
"""
_OPEN = "SELECT expires_at, device_id IS NOT NULL AS paired FROM device_pairing WHERE claim_hash = $1"


Gone = Callable[[], Coroutine[Any, Any, None]]
"""Ends when the caller has gone."""


async def _left_before(woken: asyncio.Event, gone: Gone | None, seconds: float) -> bool:
    """Waits until somebody wakes us, the time is over, or the caller has gone: whether that was it."""
    waking = asyncio.create_task(woken.wait())
    leaving = asyncio.create_task(gone()) if gone is not None else None
    tasks = {waking} | ({leaving} if leaving is not None else set())
    try:
        done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    return leaving in done


class Pairings:
    """The process's memory of which devices wait, and the limits on codes."""

    def __init__(self, pool: Pool, ring: KeyRing, limiter: Limiter, clock: Callable[[], datetime], *, limits: bool) -> None:
        self.ring = ring
        self._pool = pool
        self._limiter = limiter
        self._clock = clock
        self._limits = limits
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def heard(self, claim_hash: str) -> None:
        for event in self._waiting.get(claim_hash, ()):
            event.set()

    def heard_everything(self) -> None:
        for claim_hash in self._waiting:
            self.heard(claim_hash)

    async def allow_opening(self, address: str, now: datetime) -> None:
        """Counts a code that is to be shown. Raises TooManyAttempts."""
        await self._allow(f"code shown {household(address)}", CODES_PER_ADDRESS, now)

    def network(self, address: str) -> bytes:
        return self.ring.fingerprint(f"code shown {network_of(address)}")

    async def allow_entry(self, account_id: int | None, now: datetime) -> None:
        """Counts an attempt to enter a code, right or wrong. Raises TooManyAttempts."""
        await self._allow(f"code entered {account_id}", ENTRIES_PER_PERSON, now)

    async def _allow(self, key: str, limit: int, now: datetime) -> None:
        wait = await self._limiter.hit(key, limit, WINDOW, now) if self._limits else None
        if wait is not None:
            raise TooManyAttempts(wait)

    async def fetch(self, claim: str, gone: Gone | None = None, seconds: float = POLL_SECONDS) -> Fetched | None:
        """The token once somebody has entered the code; None when nobody has by then. Raises PairingOver.

        Listens first and reads afterwards, so that nothing falls between. A caller that is `gone` (a page that was loaded anew) fetches
        nothing: the token would go with it.
        """
        digest = hash_claim(claim)
        with self._listening(digest.hex()) as woken:
            fetched, ends = await self._read(digest)
            if fetched is not None or woken is None:
                return fetched
            patience = max(0.0, min(seconds, (ends - self._clock()).total_seconds()))
            if await _left_before(woken, gone, patience):
                return None
            return (await self._read(digest))[0]

    async def _read(self, digest: bytes) -> tuple[Fetched | None, datetime]:
        row = await self._pool.fetchrow(_FETCH, digest)
        now = self._clock()
        if row is not None:
            token = self.ring.unseal(row["token_sealed"])
            return Fetched(token, row["kind"], row["slug"], row["zone"], row["name"]), now
        opened = await self._pool.fetchrow(_OPEN, digest)
        if opened is None or opened["expires_at"] <= now:
            raise PairingOver
        return None, opened["expires_at"]

    @contextlib.contextmanager
    def _listening(self, claim_hash: str) -> Iterator[asyncio.Event | None]:
        """None where enough others wait for the same."""
        waiting = self._waiting.setdefault(claim_hash, set())
        if len(waiting) >= WAITERS_PER_CLAIM:
            yield None
            return
        woken = asyncio.Event()
        waiting.add(woken)
        try:
            yield woken
        finally:
            waiting.discard(woken)
            if not waiting:
                self._waiting.pop(claim_hash, None)


async def forget_old_pairings(pool: Pool, now: datetime) -> None:
    """Codes that nobody entered, and tokens that nobody fetched."""
    await pool.execute("DELETE FROM device_pairing WHERE expires_at <= $1", now - FETCHED_WITHIN)
