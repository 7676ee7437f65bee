"""The second factor: codes of an authenticator (RFC 6238) and ten recovery codes for who has lost it.

The secret is sealed, recovery codes are keyed hashes; no code works twice, of two who send the same one at once exactly one gets in.
Refuses to show the recovery codes again: new ones replace them.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import pyotp
from sqlmodel import col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.events import access_changed
from queue_service.sealing import KeyRing, UnreadableError
from queue_service.staff.errors import EnrolmentExpired, FactorKnown, FactorMissing, WrongCode
from queue_service.staff.models import Account, RecoveryCode

STEP_SECONDS: Final = 30
"""RFC 6238's default, which every authenticator knows."""
CLOCK_STEPS: Final = 1
"""A telephone's clock may be half a minute off, and a person types for some seconds."""
RECOVERY_CODES: Final = 10
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what looks alike on paper. Ten of them are 49 bits: not to be guessed at the door, and the hash has a key."""
ISSUER: Final = "Электронная очередь"
ENROLMENT_COOKIE: Final = "queue_enrolment"
ENROLMENT_LIFE: Final = timedelta(minutes=15)
"""To install an authenticator while the page is open."""


class Enrolment(msgspec.Struct, frozen=True, tag="enrolment"):
    """A secret that its owner has been shown and not yet confirmed; lies sealed in the owner's browser."""

    account_id: int
    secret: str
    until: datetime


def new_enrolment(account_id: int, now: datetime) -> Enrolment:
    return Enrolment(account_id, pyotp.random_base32(), now + ENROLMENT_LIFE)


def uri(secret: str, login: str) -> str:
    """What the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def in_groups(text: str) -> str:
    """jbsw y3dp …: what a person copies by hand."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4)).lower()


def step_of(secret: str, code: str, last: int | None, now: datetime) -> int | None:
    """The step whose code this is, if it is near `now` and later than the last one that was used."""
    digits = "".join(code.split())
    present = int(now.timestamp()) // STEP_SECONDS
    totp = pyotp.TOTP(secret)
    for step in range(present - CLOCK_STEPS, present + CLOCK_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()) and (last is None or step > last):
            return step
    return None


def _recovery_hash(ring: KeyRing, account_id: int, code: str) -> bytes:
    plain = "".join(each for each in code.lower() if each.isalnum())
    return ring.fingerprint(f"recovery {account_id} {plain}")


async def use_code(db: AsyncSession, ring: KeyRing, account: Account, code: str, now: datetime) -> str | None:
    """Spends a code: `totp` or `recovery` when it was good, else None."""
    if account.totp_sealed is None or not code.strip() or len(code) > 50:
        return None
    try:
        step = step_of(ring.unseal(account.totp_sealed), code, account.totp_step, now)
    except UnreadableError:
        step = None  # a key was thrown away: the recovery codes still open
    if step is not None:
        # One statement decides: who comes second with the same code waits for the first's commit and then finds the step used.
        unused = (col(Account.totp_step).is_(None)) | (col(Account.totp_step) < step)
        spent = await db.exec(
            update(Account).where(col(Account.id) == account.id, unused).values(totp_step=step).returning(col(Account.id))
        )
        return "totp" if spent.one_or_none() is not None else None
    assert account.id is not None
    this_code = (col(RecoveryCode.account_id) == account.id, col(RecoveryCode.code_hash) == _recovery_hash(ring, account.id, code))
    unspent = update(RecoveryCode).where(*this_code, col(RecoveryCode.used_at).is_(None)).values(used_at=now)
    used = await db.exec(unspent.returning(col(RecoveryCode.account_id)))
    return "recovery" if used.one_or_none() is not None else None


async def _locked(db: AsyncSession, account_id: int | None) -> Account:
    return (await db.exec(select(Account).where(col(Account.id) == account_id).with_for_update())).one()


@dataclass(frozen=True, slots=True)
class Shown:
    """Who shows a code, and the code."""

    by: Actor
    code: str


async def confirm(db: AsyncSession, ring: KeyRing, enrolment: Enrolment | None, shown: Shown, now: datetime) -> list[str]:
    """The authenticator is set up by its first code; the recovery codes, to be read this once."""
    if enrolment is None or enrolment.account_id != shown.by.account_id or enrolment.until <= now:
        raise EnrolmentExpired
    account = await _locked(db, enrolment.account_id)
    if account.totp_sealed is not None:
        raise FactorKnown
    step = step_of(enrolment.secret, shown.code, None, now)
    if step is None:
        raise WrongCode
    account.totp_sealed, account.totp_step = ring.seal(enrolment.secret), step
    db.add(account)
    record(db, shown.by, Act("account.second_factor_set_up", f"account:{account.id}", account.office_id), now)
    await access_changed(db)
    return await _new_codes(db, ring, enrolment.account_id)


async def reissue(db: AsyncSession, ring: KeyRing, shown: Shown, now: datetime) -> list[str]:
    """New recovery codes; the old ones are void."""
    account = await _locked(db, shown.by.account_id)
    await _check(db, ring, account, shown.code, now)
    record(db, shown.by, Act("account.recovery_codes_reissued", f"account:{account.id}", account.office_id), now)
    assert account.id is not None
    return await _new_codes(db, ring, account.id)


async def switch_off(db: AsyncSession, ring: KeyRing, shown: Shown, now: datetime) -> None:
    """By its owner. Whether the role allows it and whether the password was right is the caller's to check."""
    account = await _locked(db, shown.by.account_id)
    await _check(db, ring, account, shown.code, now)
    await forget(db, account)
    record(db, shown.by, Act("account.second_factor_switched_off", f"account:{account.id}", account.office_id), now)


async def forget(db: AsyncSession, account: Account) -> None:
    """The account has no second factor any more."""
    account.totp_sealed = account.totp_step = None
    db.add(account)
    await db.exec(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account.id))
    await access_changed(db)


async def codes_left(db: AsyncSession, account_id: int) -> int:
    found: Sequence[Any] = (
        await db.exec(
            select(RecoveryCode.account_id).where(col(RecoveryCode.account_id) == account_id, col(RecoveryCode.used_at).is_(None))
        )
    ).all()
    return len(found)


async def _check(db: AsyncSession, ring: KeyRing, account: Account, code: str, now: datetime) -> None:
    if account.totp_sealed is None:
        raise FactorMissing
    if await use_code(db, ring, account, code, now) is None:
        raise WrongCode
    await db.refresh(account)


async def _new_codes(db: AsyncSession, ring: KeyRing, account_id: int) -> list[str]:
    await db.exec(delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    db.add_all(RecoveryCode(account_id=account_id, code_hash=_recovery_hash(ring, account_id, code)) for code in codes)
    await db.flush()
    return [f"{code[:5]}-{code[5:]}" for code in codes]
