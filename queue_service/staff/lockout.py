"""How long whoever guesses has to wait, without locking out the person whose password is guessed.

Four counts, one for all workers: a login from one address, a login from browsers that nobody knows, an address over all logins, and a
browser that has signed in to this account before. A known browser has only its own count, so an attacker elsewhere cannot reach it.
An attempt is counted before the password is looked at and taken back when it was right: a hundred at once are not a hundred tries.
Counts stand although the request fails, so they are written outside its transaction. Refuses to know whether a login exists.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from queue_service.db import Pool
from queue_service.sealing import KeyRing
from queue_service.staff.errors import SignInBlocked


class Count(StrEnum):
    """What is counted together."""

    ADDRESS = "address"
    LOGIN = "login"
    PAIR = "pair"
    BROWSER = "browser"
    OWN = "own"
    """Somebody signed in who is asked for their password or code again: a stolen session must not be a place to guess."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` failures cost nothing; then every further one doubles the wait."""

    free: int
    first: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=15)
    """A hundred guesses a day at most, and nobody goes home for it."""


LIMITS: Final[dict[Count, Limit]] = {
    # A tired person on a Monday.
    Count.PAIR: Limit(5),
    Count.BROWSER: Limit(5),
    Count.OWN: Limit(5),
    # A net of addresses against one login: one address each gets its five, all together get fifty.
    Count.LOGIN: Limit(50),
    # One password against all logins: an office's clerks behind one address mistype less than that in a day.
    Count.ADDRESS: Limit(100),
}
FORGOTTEN: Final = timedelta(hours=12)
"""A count begins anew after a quiet night: so long after its last failure, whoever signs in rightly meanwhile."""
AT_ONCE: Final = 30
"""Attempts on one count that may be looked at side by side: programs sign in with one account from many places. A burst of guesses is
no larger, because all of them are counted before the first is answered."""
_COUNT = """
INSERT INTO sign_in_failure AS known (key, failures, last_at, blocked_until) VALUES ($1, 1, $2, to_timestamp(0))
    ON CONFLICT (key) DO UPDATE
   SET failures = CASE WHEN known.last_at < $3 THEN 1 ELSE known.failures + 1 END,
       last_at = CASE WHEN known.last_at < $3 THEN $2 ELSE known.last_at END,
       blocked_until = CASE WHEN known.last_at >= $3 AND known.failures >= $4::int
                            THEN $2::timestamptz + $5::interval ELSE known.blocked_until END
 WHERE known.blocked_until <= $2
RETURNING failures
"""
"""Beyond all that may be looked at side by side: one at a time. Whether it was a failure, and so the count's latest, is said later."""
_FAILED = """
UPDATE sign_in_failure
   SET last_at = greatest(last_at, $2),
       blocked_until = CASE WHEN $3::int < 0 THEN blocked_until
                            ELSE greatest(blocked_until, $2::timestamptz + least($4::interval * power(2, least($3, 20)), $5::interval)) END
 WHERE key = $1
"""
"""From the last free failure on it waits."""
_TAKE_BACK = """
UPDATE sign_in_failure
   SET failures = failures - 1, blocked_until = CASE WHEN blocked_until = $2 THEN to_timestamp(0) ELSE blocked_until END
 WHERE key = $1 AND failures > 0
"""
"""Only the wait that this very attempt has set ends with it: somebody with a right password and no code must not wipe out another's."""
_REFUSED = """
INSERT INTO audit_record (at, actor, address, office_id, act, subject, reason)
VALUES ($1, 'anonymous', $2, (SELECT office_id FROM account WHERE id = $3), 'session.refused', $4, $5)
"""
"""In a statement of its own and not by `audit.journal`: the request that is refused commits nothing."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who seems to ask. `browser` only where the browser is known to this very account."""

    login: str
    address: str | None
    browser: str | None = None
    account_id: int | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """One attempt: the counts it stands in, and where each stood."""

    who: Who
    keys: tuple[tuple[Count, bytes, int], ...]


@dataclass(frozen=True, slots=True)
class Lockout:
    pool: Pool
    ring: KeyRing
    by_address: bool
    """Off for load tests (QUEUE_RATE_LIMITS): hundreds of clerks sign in from one address."""

    async def enter(self, who: Who, now: datetime) -> Counted:
        """Counts an attempt as if it had failed. Raises SignInBlocked while one of its counts has to wait."""
        return await self._enter(Counted(who, ()), self._keys(who), now)

    async def enter_own(self, account_id: int, now: datetime) -> Counted:
        """The same for somebody who is signed in."""
        counted = Counted(Who("", None, account_id=account_id), ())
        return await self._enter(counted, [(Count.OWN, f"own {account_id}")], now)

    async def _enter(self, counted: Counted, keys: list[tuple[Count, str]], now: datetime) -> Counted:
        for count, text in keys:
            key, limit = self.ring.fingerprint(f"sign-in {text}"), LIMITS[count]
            row = await self.pool.fetchrow(_COUNT, key, now, now - FORGOTTEN, limit.free + AT_ONCE, limit.longest)
            if row is None:
                await self.take_back(counted, now)
                until = await self.pool.fetchval("SELECT blocked_until FROM sign_in_failure WHERE key = $1", key)
                raise SignInBlocked(max(1, -int((now - until).total_seconds() // 1)) if until else 1)
            counted = Counted(counted.who, (*counted.keys, (count, key, row["failures"])))
        return counted

    async def take_back(self, counted: Counted, now: datetime) -> None:
        """The attempt was no failure, but it proves nothing yet."""
        for count, key, _ in counted.keys:
            await self.pool.execute(_TAKE_BACK, key, now + LIMITS[count].longest)

    async def right(self, counted: Counted, now: datetime) -> None:
        """It was the person: their own counts are over. What is shared with others only loses this attempt."""
        for count, key, _ in counted.keys:
            if count in (Count.LOGIN, Count.ADDRESS):
                await self.pool.execute(_TAKE_BACK, key, now + LIMITS[count].longest)
            else:
                await self.pool.execute("DELETE FROM sign_in_failure WHERE key = $1", key)

    async def wrong(self, counted: Counted, now: datetime) -> None:
        """It stays counted; from where waiting begins, the audit record says so."""
        full = []
        for count, key, failures in counted.keys:
            limit = LIMITS[count]
            await self.pool.execute(_FAILED, key, now, failures - limit.free, limit.first, limit.longest)
            if failures >= limit.free:
                full.append(count.value)
        if not full:
            return
        who = counted.who
        subject = "sign-in" if who.account_id is None else f"account:{who.account_id}"
        await self.pool.execute(_REFUSED, now, who.address, who.account_id, subject, ", ".join(full))

    def _keys(self, who: Who) -> list[tuple[Count, str]]:
        if who.browser is not None:
            return [(Count.BROWSER, f"browser {who.browser} {who.login}")]
        address = network(who.address)
        shared = [(Count.ADDRESS, f"address {address}")] if self.by_address else []
        return [*shared, (Count.LOGIN, f"login {who.login}"), (Count.PAIR, f"pair {who.login} {address}")]


def network(address: str | None) -> str:
    """Whom an address stands for: a household has one IPv4 address, or 2^64 of IPv6."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return address or ""
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
