"""Against those who book by program: limits per address and contact, and a proof of work while load looks automatic.

A family behind one address books three times and is never asked; a reseller's program pays in processor time and then waits. The proof is
self-hosted ALTCHA, checked here and used once. Refuses to count in memory: all workers share one count.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha

from queue_service.booking.errors import ProofNeeded
from queue_service.errors import TooManyAttempts
from queue_service.limits.limiter import Limiter
from queue_service.sealing import KeyRing

PATIENCE = timedelta(minutes=10)
"""A person books within it; a program has begun its next round."""
ASKED_AFTER = 6
"""Holds per address within the patience before a proof is asked: a family, or a helper with a few neighbours."""
REFUSED_AFTER = 60
"""Holds per address within the patience, proof or not: a whole library's reading room."""
CITY_WINDOW = timedelta(seconds=10)
CITY_ASKED_AFTER = 2_000
"""Holds of the whole city in ten seconds before everybody is asked: more than half of the attempts when a day of slots opens."""
PROOF_COST = 5_000
"""PBKDF2 rounds per guess, 256 guesses on average: about a second of an old telephone."""
PROOF_LIFE = timedelta(minutes=10)
WAITED = timedelta(minutes=1)
"""Who has no JavaScript proves patience instead: a minute per booking is nothing to a person and everything to a program."""
MOST_WAITED = 3
"""Holds per address within the patience that may be had by waiting."""
WINDOWS: dict[str, tuple[int, timedelta]] = {
    # What people do in a bad quarter of an hour, and not what a list of numbers needs.
    "find": (10, timedelta(minutes=15)),
    "check-in": (20, timedelta(minutes=15)),
    "verify": (20, timedelta(minutes=15)),
    "code": (5, timedelta(hours=1)),
    "confirm": (12, timedelta(hours=1)),
    "waitlist": (10, timedelta(hours=1)),
}
"""Act -> how often per address or contact, within what time."""


@dataclass(frozen=True, slots=True)
class Guard:
    limiter: Limiter
    ring: KeyRing
    on: bool
    """Off for load tests (QUEUE_RATE_LIMITS)."""

    async def allow(self, act: str, who: str, now: datetime) -> None:
        """Counts the act. Raises TooManyAttempts beyond its limit."""
        if not self.on:
            return
        limit, window = WINDOWS[act]
        wait = await self.limiter.hit(f"{act} {who}", limit, window, now)
        if wait is not None:
            raise TooManyAttempts(wait)

    async def allow_hold(self, address: str, proof: str | None, now: datetime) -> None:
        """Counts a hold. Raises ProofNeeded when the load looks automatic and no good proof came, TooManyAttempts beyond all reason."""
        if not self.on:
            return
        hits, until = await self.limiter.count(f"hold {address}", PATIENCE, now)
        if hits > REFUSED_AFTER:
            raise TooManyAttempts(max(1, int((until - now).total_seconds())))
        in_city, _ = await self.limiter.count("hold", CITY_WINDOW, now)
        if (hits > ASKED_AFTER or in_city > CITY_ASKED_AFTER) and not await self._is_good(proof, address, now):
            raise ProofNeeded

    def challenge(self, now: datetime) -> dict[str, Any]:
        """A new puzzle, as the ALTCHA widget reads it."""
        made = altcha.create_challenge(
            "PBKDF2/SHA-256", PROOF_COST, expires_at=int((now + PROOF_LIFE).timestamp()), hmac_secret=self._secret
        )
        return made.to_dict()

    @property
    def _secret(self) -> bytes:
        return self.ring.fingerprint("proof of work")

    def waiting_card(self, now: datetime) -> str:
        """Worth a proof once `WAITED` has passed, for a form that is sent by hand."""
        begun = f"waited.{int(now.timestamp())}.{secrets.token_hex(8)}"
        return f"{begun}.{self._signed(begun)}"

    def card_to_wait_with(self, now: datetime, sent: str | None) -> tuple[str, datetime]:
        """A card, and when it will be good: the one that was sent while its minute runs, so that an impatient press costs nothing."""
        if sent and (since := self._begun(sent)) and timedelta() <= now - since < WAITED:
            return sent, since + WAITED
        return self.waiting_card(now), now + WAITED

    def _begun(self, card: str) -> datetime | None:
        """When we handed the card out; None for what is no card of ours."""
        begun, _, signature = card.rpartition(".")
        if not begun.startswith("waited.") or not hmac.compare_digest(signature.encode(), self._signed(begun).encode()):
            return None
        return datetime.fromtimestamp(int(begun.split(".")[1]), UTC)

    def _signed(self, text: str) -> str:
        return self.ring.fingerprint(f"card {text}").hex()

    async def _has_waited(self, card: str, address: str, now: datetime) -> bool:
        since = self._begun(card)
        if since is None or not WAITED <= now - since <= PROOF_LIFE:
            return False
        begun = card.rpartition(".")[0]
        return (
            await self.limiter.hit(f"proof {begun}", 1, PROOF_LIFE, now) is None
            and await self.limiter.hit(f"waited {address}", MOST_WAITED, PATIENCE, now) is None
        )

    async def _is_good(self, proof: str | None, address: str, now: datetime) -> bool:
        if not proof or len(proof) > 8_000:
            return False
        if proof.startswith("waited."):
            return await self._has_waited(proof, address, now)
        if not altcha.verify_solution(proof, self._secret).verified:
            return False
        # Used once: what names it is what we signed, since the rest of a payload can be spelt in many ways.
        signature = altcha.Payload.from_base64(proof).challenge.signature
        return await self.limiter.hit(f"proof {signature}", 1, PROOF_LIFE, now) is None
