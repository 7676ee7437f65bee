"""Rotating the keys of personal data while the service runs: a new key in front, everything sealed anew, the old ones dropped at last.

Walks every sealed column in short statements and replaces a value only if it still is the one that was read, so nobody waits for us and
nobody's change is lost. Refuses to drop a key that anything still needs, and never touches the key of hashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from queue_service.db import Pool
from queue_service.sealing import KeyRing, UnreadableError

BATCH: Final = 500
"""Values opened and sealed between two looks at the database: some dozens of milliseconds."""
MOST_ROUNDS: Final = 5
"""Whoever sealed with the old key a moment ago is met in the next round; after one there is hardly ever anything."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A table with sealed columns; `key` orders its rows."""

    table: str
    key: str
    columns: Sequence[str]
    first: Any
    """Smaller than every key."""


SEALED: Final = (
    Sealed("appointment", "id", ("name_sealed", "contact_sealed"), -1),
    Sealed("waitlist_entry", "id", ("name_sealed", "contact_sealed"), -1),
    Sealed("outbox_message", "key", ("recipient", "payload"), ""),
    Sealed("account", "id", ("totp_sealed",), -1),
    Sealed("device_pairing", "claim_hash", ("token_sealed",), b""),
)
"""Everything that the ring seals; `tests/test_sealing.py` compares it with the tables."""


@dataclass(slots=True)
class Round:
    """What one walk over everything found."""

    resealed: int = 0
    stale: int = 0
    """Sealed with an older key, when we looked."""
    unreadable: int = 0
    """No key of the ring opens it."""


async def reseal(pool: Pool, ring: KeyRing) -> Round:
    """Until nothing is left that the newest key does not open; what it did altogether, and what it could not open."""
    whole = Round()
    for _ in range(MOST_ROUNDS):
        found = await _walk(pool, ring, change=True)
        whole.resealed += found.resealed
        whole.stale, whole.unreadable = found.stale, found.unreadable
        if not found.stale:
            break
    return whole


async def look_over(pool: Pool, ring: KeyRing) -> Round:
    """The same without changing anything."""
    return await _walk(pool, ring, change=False)


async def _walk(pool: Pool, ring: KeyRing, *, change: bool) -> Round:
    found = Round()
    for sealed in SEALED:
        for column in sealed.columns:
            await _walk_column(pool, ring, sealed, column, found, change=change)
    return found


async def _walk_column(pool: Pool, ring: KeyRing, sealed: Sealed, column: str, found: Round, *, change: bool) -> None:
    read = (
        f"SELECT {sealed.key} AS key, {column} AS value FROM {sealed.table}"
        f" WHERE {sealed.key} > $1 AND {column} IS NOT NULL ORDER BY {sealed.key} LIMIT {BATCH}"
    )
    write = f"UPDATE {sealed.table} SET {column} = $3 WHERE {sealed.key} = $1 AND {column} = $2"
    after = sealed.first
    while rows := await pool.fetch(read, after):
        after = rows[-1]["key"]
        anew: list[tuple[Any, bytes, bytes]] = []
        for row in rows:
            if ring.is_newest(row["value"]):
                continue
            try:
                anew.append((row["key"], row["value"], ring.seal(ring.unseal(row["value"]))))
            except UnreadableError:
                found.unreadable += 1
        found.stale += len(anew)
        if change:
            for each in anew:
                found.resealed += int((await pool.execute(write, *each)).rpartition(" ")[2])
