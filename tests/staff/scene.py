"""What tests of accounts share: an entrance of their own, a browser that keeps its cookies, and codes of an authenticator."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pyotp

from queue_service.audit.journal import Actor
from queue_service.db import Database
from queue_service.sealing import KeyRing
from queue_service.staff.browsers import Browser
from queue_service.staff.lockout import Lockout
from queue_service.staff.models import Account
from queue_service.staff.second_factor import Enrolment, Shown, confirm
from queue_service.staff.sessions import Origin, csrf_token
from queue_service.staff.sign_in import Attempt, Entrance, Opened, sign_in
from tests.support.factories import PASSWORD, AClerk, AnOffice, a_clerk
from tests.support.service import HASH_KEY, PATIENCE_SECONDS, SEAL_KEY, Service

RING = KeyRing.made_of((SEAL_KEY,), HASH_KEY)
"""The keys of the services under test."""
GOOD_PASSWORD = "шумный чайник едет лесом"


def an_entrance(database: Database, *, by_address: bool = True) -> Entrance:
    return Entrance(Lockout(database.hot, RING, by_address), RING)


@dataclass
class Somebody:
    """Whoever stands at the sign-in: from an address, with or without a browser that is known, at a moment of their own."""

    database: Database
    address: str = "203.0.113.7"
    browser: Browser | None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def try_(self, login: str, password: str = PASSWORD, otp: str | None = None) -> Opened | Account:
        attempt = Attempt(login, password, Origin(self.address, "Firefox/140.0 (Windows)"), self.browser, otp)
        async with self.database.session() as db:
            return await sign_in(db, an_entrance(self.database), attempt, self.now)


@dataclass(frozen=True)
class Authenticator:
    """The telephone of somebody with a second factor."""

    clerk: AClerk
    secret: str
    recovery_codes: list[str]

    def code(self, now: datetime | None = None, steps: int = 0) -> str:
        moment = now or datetime.now(UTC)
        return pyotp.TOTP(self.secret).generate_otp(int(moment.timestamp()) // 30 + steps)


async def an_authenticator(database: Database, clerk: AClerk, now: datetime | None = None) -> Authenticator:
    """Set up a minute ago, so that the present code is unused."""
    moment, secret = now or datetime.now(UTC), pyotp.random_base32()
    before = datetime.fromtimestamp(moment.timestamp() - 60, UTC)
    shown = Shown(Actor(clerk.login, clerk.account_id), pyotp.TOTP(secret).at(before))
    async with database.session() as db:
        codes = await confirm(db, RING, Enrolment(clerk.account_id, secret, moment), shown, before)
    return Authenticator(clerk, secret, codes)


async def a_guarded_clerk(database: Database, office: AnOffice | None, **what: Any) -> Authenticator:
    return await an_authenticator(database, await a_clerk(database, office, **what))


@dataclass
class Person:
    """Somebody at a browser: keeps cookies, follows nothing, sends forms as our pages do."""

    http: httpx.AsyncClient

    async def sees(self, path: str) -> str:
        answer = await self.http.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("location"))
        return answer.text

    async def sends(self, path: str, **form: str) -> httpx.Response:
        token = self.http.cookies.get("queue_session")
        return await self.http.post(path, data={**form, "csrf": csrf_token(token) if token else ""})

    async def signs_in(self, login: str, password: str = PASSWORD, **form: str) -> httpx.Response:
        return await self.sends("/desk/login", login=login, password=password, **form)


@asynccontextmanager
async def a_person(service: Service, token: str | None = None, address: str | None = None) -> AsyncIterator[Person]:
    headers = {"User-Agent": "Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36"}
    if address:
        headers["X-Forwarded-For"] = address  # uvicorn trusts what comes from this machine
    async with httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=PATIENCE_SECONDS, headers=headers) as http:
        if token:
            http.cookies.set("queue_session", token, domain="127.0.0.1")
        yield Person(http)


def link_in(page: str) -> str:
    """The path of the invitation that the page shows."""
    found = re.search(r"/invitation/[\w-]+", page)
    assert found, page[-2000:]
    return found[0]


async def acts(database: Database, account_id: int | None = None) -> list[str]:
    """The audit record's words, oldest first; of one account where it is named."""
    subject = None if account_id is None else f"account:{account_id}"
    rows = await database.hot.fetch("SELECT act FROM audit_record WHERE $1::text IS NULL OR subject = $1 ORDER BY id", subject)
    return [row["act"] for row in rows]
