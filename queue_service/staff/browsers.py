"""What a browser shows of earlier sign-ins: a sealed cookie that names who signed in there before, so that an attacker elsewhere cannot
lock them out (OWASP, «device cookies»); and the few minutes between a right password and the code.

A desk's computer is many clerks', so a browser is known to several accounts. Refuses to let one sealed thing pass for another.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final, TypeVar

import msgspec

from queue_service.sealing import KeyRing, UnreadableError
from queue_service.staff.models import Account

BROWSER_COOKIE: Final = "queue_browser"
BROWSER_LIFE: Final = timedelta(days=365)
MOST_ACCOUNTS: Final = 20
"""Of one browser, the latest first: a shift's clerks at one desk, and a cookie of less than a kilobyte."""
BEGUN_COOKIE: Final = "queue_sign_in"
BEGUN_LIFE: Final = timedelta(minutes=5)
"""To find the telephone and read a code."""
LONGEST_COOKIE: Final = 4096

T = TypeVar("T", bound=msgspec.Struct)


class Browser(msgspec.Struct, frozen=True, tag="browser"):
    """Somebody signed in here before."""

    id: str
    accounts: tuple[int, ...]

    def knows(self, account_id: int | None) -> bool:
        return account_id in self.accounts


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The password was right; the code is still to come."""

    account_id: int
    stamp: str
    """Of the password that was right: a changed one ends what was begun."""
    until: datetime


def sealed(ring: KeyRing, thing: msgspec.Struct) -> str:
    return ring.seal(msgspec.json.encode(thing).decode()).decode()


def unsealed(ring: KeyRing, cookie: str | None, kind: type[T]) -> T | None:
    """None for what is missing, foreign, or another kind of thing."""
    if not cookie or len(cookie) > LONGEST_COOKIE or not cookie.isascii():
        return None
    try:
        return msgspec.json.decode(ring.unseal(cookie.encode()), type=kind)
    except (UnreadableError, msgspec.MsgspecError):
        return None


def with_account(browser: Browser | None, account_id: int) -> Browser:
    """The browser after this person signed in there."""
    if browser is None:
        return Browser(secrets.token_urlsafe(9), (account_id,))
    others = tuple(each for each in browser.accounts if each != account_id)
    return Browser(browser.id, (account_id, *others)[:MOST_ACCOUNTS])


def password_stamp(ring: KeyRing, account: Account) -> str:
    return ring.fingerprint(f"password {account.id} {account.password_hash}").hex()


def begun(ring: KeyRing, account: Account, now: datetime) -> Begun:
    assert account.id is not None
    return Begun(account.id, password_stamp(ring, account), now + BEGUN_LIFE)
