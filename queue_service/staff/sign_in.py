"""Signing in with a password, and with a code where the account has a second factor: in one request for a program, in two for a person.

Refuses to tell a wrong login from a wrong password or from an account that is switched off, by sentence or by time.
"""

import asyncio
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.errors import BadCredentials
from queue_service.sealing import KeyRing
from queue_service.staff.browsers import Begun, Browser, password_stamp
from queue_service.staff.errors import OtpNeeded, SignInExpired, WrongOtp, WrongPassword
from queue_service.staff.lockout import Counted, Lockout, Who
from queue_service.staff.models import Account
from queue_service.staff.passwords import LONGEST, hash_password, is_outdated, is_right
from queue_service.staff.second_factor import use_code
from queue_service.staff.sessions import Origin, open_session_for

LONGEST_LOGIN = 200


@dataclass(frozen=True, slots=True)
class Entrance:
    """What signing in needs besides the database."""

    lockout: Lockout
    ring: KeyRing


@dataclass(frozen=True, slots=True)
class Attempt:
    login: str
    password: str
    origin: Origin
    browser: Browser | None = None
    """What the browser shows of earlier sign-ins."""
    otp: str | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """Signed in."""

    account: Account
    token: str
    via: str = "password"


@cache
def _nobody() -> str:
    """Verified when the login is unknown, so that the answer takes as long as for a known one."""
    return hash_password(secrets.token_hex(8))


async def sign_in(db: AsyncSession, entrance: Entrance, attempt: Attempt, now: datetime) -> Opened | Account:
    """The session; or only whose password it was, where no code was sent and the account has a second factor.

    Raises SignInBlocked, BadCredentials, WrongOtp.
    """
    login = attempt.login.strip().lower()
    if len(login) > LONGEST_LOGIN or len(attempt.password) > LONGEST:
        raise BadCredentials
    account = (await db.exec(select(Account).where(col(Account.login) == login))).one_or_none()
    counted = await entrance.lockout.enter(_who(login, account, attempt.browser, attempt.origin), now)
    kept = account.password_hash if account is not None and account.active else None
    verified = await asyncio.to_thread(is_right, kept or _nobody(), attempt.password)
    if account is None or kept is None or not verified:
        await entrance.lockout.wrong(counted, now)
        raise BadCredentials
    if is_outdated(kept):
        account.password_hash = await asyncio.to_thread(hash_password, attempt.password)
        db.add(account)
    if account.totp_sealed is None:
        await entrance.lockout.right(counted, now)
        return Opened(account, await open_session_for(db, account, attempt.origin, now))
    if not attempt.otp or not attempt.otp.strip():
        await entrance.lockout.take_back(counted, now)
        await db.flush()
        return account
    return await _with_code(db, entrance, (account, counted, attempt.otp), attempt.origin, now)


async def finish_sign_in(db: AsyncSession, entrance: Entrance, begun: Begun | None, attempt: Attempt, now: datetime) -> Opened:
    """The second step: only the code is new. Raises SignInExpired, SignInBlocked, WrongOtp."""
    account = await db.get(Account, begun.account_id) if begun is not None and begun.until > now else None
    if account is None or begun is None or not account.active or begun.stamp != password_stamp(entrance.ring, account):
        raise SignInExpired
    counted = await entrance.lockout.enter(_who(account.login, account, attempt.browser, attempt.origin), now)
    return await _with_code(db, entrance, (account, counted, attempt.otp or ""), attempt.origin, now)


async def check_own_password(db: AsyncSession, entrance: Entrance, account_id: int, password: str, now: datetime) -> None:
    """Asked again of somebody who is signed in. Raises WrongPassword, SignInBlocked."""
    account = await db.get_one(Account, account_id)
    counted = await entrance.lockout.enter_own(account_id, now)
    if account.password_hash is None or not await asyncio.to_thread(is_right, account.password_hash, password[:LONGEST]):
        await entrance.lockout.wrong(counted, now)
        raise WrongPassword
    await entrance.lockout.right(counted, now)


def needs_code(outcome: Opened | Account) -> Opened:
    """For a program, which sends everything at once. Raises OtpNeeded."""
    if isinstance(outcome, Account):
        raise OtpNeeded
    return outcome


async def _with_code(db: AsyncSession, entrance: Entrance, who: tuple[Account, Counted, str], origin: Origin, now: datetime) -> Opened:
    account, counted, code = who
    via = await use_code(db, entrance.ring, account, code, now)
    if via is None:
        await entrance.lockout.wrong(counted, now)
        raise WrongOtp
    await entrance.lockout.right(counted, now)
    return Opened(account, await open_session_for(db, account, replace(origin, via=via), now), via)


def _who(login: str, account: Account | None, browser: Browser | None, origin: Origin) -> Who:
    account_id = account.id if account is not None else None
    known = browser is not None and account_id is not None and browser.knows(account_id)
    return Who(login, origin.address, browser.id if browser is not None and known else None, account_id)
