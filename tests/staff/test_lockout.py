"""Guessing passwords: whoever guesses waits, longer each time; the person whose password is guessed does not."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from queue_service.db import Database
from queue_service.errors import BadCredentials
from queue_service.staff.browsers import Browser, sealed, unsealed
from queue_service.staff.errors import SignInBlocked, WrongOtp
from queue_service.staff.housekeeping import keep_accounts
from queue_service.staff.lockout import AT_ONCE, FORGOTTEN, LIMITS, Count, Counted, Who, network
from queue_service.staff.sign_in import Opened
from tests.staff.scene import RING, Somebody, a_guarded_clerk, a_person, acts, an_entrance
from tests.support.factories import LATER, PASSWORD, AClerk, AnOffice, a_clerk, an_office
from tests.support.service import Service, the_clock_stands

FREE = LIMITS[Count.PAIR].free


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def clerk(database: Database, office: AnOffice) -> AClerk:
    return await a_clerk(database, office)


async def fails(who: Somebody, login: str, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(BadCredentials):
            await who.try_(login, "wrong")


async def blocked_for(who: Somebody, login: str) -> int:
    with pytest.raises(SignInBlocked) as error:
        await who.try_(login)
    assert error.value.retry_after is not None
    return error.value.retry_after


async def test_five_wrong_passwords_cost_a_wait_that_doubles_up_to_a_quarter_of_an_hour(database: Database, clerk: AClerk) -> None:
    who = Somebody(database, now=LATER)
    await fails(who, clerk.login, FREE)
    waits = []
    for _ in range(7):
        waits.append(await blocked_for(who, clerk.login))
        assert await blocked_for(replace(who, now=who.now + timedelta(seconds=waits[-1] - 1)), clerk.login) == 1, "to the last second"
        who = replace(who, now=who.now + timedelta(seconds=waits[-1]))
        await fails(who, clerk.login)
    assert waits == [30, 60, 120, 240, 480, 900, 900]


async def test_the_right_password_after_the_wait_ends_the_count(database: Database, clerk: AClerk) -> None:
    who = Somebody(database, now=LATER)
    await fails(who, clerk.login, FREE)
    assert isinstance(await replace(who, now=LATER + timedelta(seconds=30)).try_(clerk.login), Opened)
    await fails(replace(who, now=LATER + timedelta(seconds=31)), clerk.login, FREE - 1)
    assert isinstance(await replace(who, now=LATER + timedelta(seconds=32)).try_(clerk.login), Opened)


async def test_a_count_is_forgotten_after_a_quiet_night(database: Database, clerk: AClerk) -> None:
    who = Somebody(database, now=LATER)
    await fails(who, clerk.login, FREE - 1)
    await fails(replace(who, now=LATER + FORGOTTEN + timedelta(seconds=1)), clerk.login, FREE - 1)
    assert await database.hot.fetchval("SELECT count(*) FROM sign_in_failure") > 0
    await keep_accounts(database.hot, LATER + 2 * FORGOTTEN + timedelta(seconds=2))
    assert await database.hot.fetchval("SELECT count(*) FROM sign_in_failure") == 0


async def test_signing_in_rightly_does_not_keep_an_attackers_count_alive(database: Database, clerk: AClerk) -> None:
    """Or a login that somebody guessed at once, and an office's address that mistypes now and then, would wait more each day for ever."""
    lockout = an_entrance(database).lockout

    async def guess(address: str, hours: float) -> None:
        now = LATER + timedelta(hours=hours)
        await lockout.wrong(await lockout.enter(Who(clerk.login, address, account_id=clerk.account_id), now), now)

    for number in range(LIMITS[Count.LOGIN].free):
        await guess(f"198.51.100.{number}", 0)
    person = Somebody(database, address="192.0.2.1", now=LATER)
    assert await blocked_for(person, clerk.login) == 30
    for hours in (1, 11):
        assert isinstance(await replace(person, now=LATER + timedelta(hours=hours)).try_(clerk.login), Opened)
    await guess("198.51.100.200", 12.1)
    assert isinstance(await replace(person, now=LATER + timedelta(hours=12.2)).try_(clerk.login), Opened)
    # A failure does keep it alive.
    for number in range(LIMITS[Count.LOGIN].free - 1):
        await guess(f"198.51.100.{number}", 13)
    await guess("198.51.100.201", 24)
    await guess("198.51.100.202", 35)
    assert await blocked_for(replace(person, now=LATER + timedelta(hours=35)), clerk.login) == 120


async def test_a_known_browser_is_not_locked_out_by_whoever_guesses_elsewhere(database: Database, clerk: AClerk) -> None:
    """Even from the same address, and when the login is shut to every stranger."""
    attackers = [Somebody(database, address=f"198.51.100.{number}", now=LATER) for number in range(LIMITS[Count.LOGIN].free // FREE)]
    for attacker in attackers:
        await fails(attacker, clerk.login, FREE)
    stranger = Somebody(database, address="192.0.2.1", now=LATER)
    assert await blocked_for(stranger, clerk.login) == 30, "a browser that nobody knows waits with the rest"
    at_home = replace(attackers[0], browser=Browser("desk-5", (clerk.account_id,)))
    assert isinstance(await at_home.try_(clerk.login), Opened)
    assert await blocked_for(stranger, clerk.login) == 30, "and does not open the door for them"


async def test_a_known_browser_has_a_count_of_its_own(database: Database, clerk: AClerk) -> None:
    at_home = Somebody(database, browser=Browser("desk-5", (clerk.account_id,)), now=LATER)
    await fails(at_home, clerk.login, FREE)
    assert await blocked_for(at_home, clerk.login) == 30
    assert isinstance(await replace(at_home, browser=Browser("desk-6", (clerk.account_id,))).try_(clerk.login), Opened)


async def test_a_browser_is_known_to_its_own_accounts_only(database: Database, office: AnOffice, clerk: AClerk) -> None:
    """Who has an account of their own must not use its browser to guess at others'."""
    other = await a_clerk(database, office)
    theirs = Somebody(database, browser=Browser("theirs", (other.account_id,)), now=LATER)
    await fails(theirs, clerk.login, FREE)
    assert await blocked_for(replace(theirs, browser=None), clerk.login) == 30, "it was counted as anybody's"


async def test_a_cookie_that_we_did_not_seal_is_no_browser() -> None:
    known = Browser("desk-5", (1, 2))
    assert unsealed(RING, sealed(RING, known), Browser) == known
    assert unsealed(RING, '{"type":"browser","id":"x","accounts":[1]}', Browser) is None
    assert unsealed(RING, "ы", Browser) is None
    assert unsealed(RING, "x" * 5000, Browser) is None


async def sprays(who: Somebody, own_login: str | None = None) -> None:
    """One wrong password for each of a hundred logins; past the hashing, which takes its time."""
    lockout = an_entrance(who.database).lockout
    for number in range(LIMITS[Count.ADDRESS].free):
        await lockout.wrong(await lockout.enter(Who(f"nobody-{number}", who.address), who.now), who.now)
        if own_login and number % 20 == 0:
            await who.try_(own_login)


async def test_one_password_against_all_logins_is_counted_by_address(database: Database, clerk: AClerk) -> None:
    sprayer = Somebody(database, now=LATER)
    await sprays(sprayer)
    assert await blocked_for(sprayer, clerk.login) == 30
    assert isinstance(await replace(sprayer, address="192.0.2.9").try_(clerk.login), Opened)
    assert isinstance(await replace(sprayer, browser=Browser("desk-5", (clerk.account_id,))).try_(clerk.login), Opened)


async def test_signing_in_with_an_account_of_ones_own_does_not_reset_the_address(database: Database, clerk: AClerk) -> None:
    sprayer = Somebody(database, now=LATER)
    await sprays(sprayer, clerk.login)
    assert await blocked_for(sprayer, "nobody-else") == 30


async def test_load_tests_sign_in_from_one_address(database: Database, clerk: AClerk) -> None:
    lockout = an_entrance(database, by_address=False).lockout
    for number in range(LIMITS[Count.ADDRESS].free + AT_ONCE + 1):
        await lockout.enter(Who(f"clerk-{number}", "127.0.0.1"), LATER)


async def test_a_burst_is_counted_before_it_is_answered(database: Database, clerk: AClerk) -> None:
    """Many at once must not all be looked at because none of them has failed yet; and those that fail wait as if one after another."""
    lockout, who = an_entrance(database).lockout, Who(clerk.login, "203.0.113.7")
    outcomes = await asyncio.gather(*(lockout.enter(who, LATER) for _ in range(FREE + AT_ONCE + 15)), return_exceptions=True)
    entered = [each for each in outcomes if isinstance(each, Counted)]
    assert len(entered) == FREE + AT_ONCE + 1
    assert sum(isinstance(each, SignInBlocked) for each in outcomes) == len(outcomes) - len(entered)
    for each in entered:
        await lockout.wrong(each, LATER)
    assert await blocked_for(Somebody(database, now=LATER), clerk.login) == 900


async def test_programs_that_sign_in_with_one_account_at_once_do_not_lock_each_other_out(database: Database, clerk: AClerk) -> None:
    outcomes = await asyncio.gather(*(Somebody(database).try_(clerk.login) for _ in range(2 * FREE)))
    assert all(isinstance(each, Opened) for each in outcomes)


async def test_a_right_password_without_a_code_neither_opens_nor_resets(database: Database, office: AnOffice) -> None:
    """Whoever knows the password must not get free guesses at the code by asking for it again and again."""
    phone = await a_guarded_clerk(database, office)
    who = Somebody(database)
    for _ in range(FREE):
        await who.try_(phone.clerk.login)
        with pytest.raises(WrongOtp):
            await who.try_(phone.clerk.login, otp="000000")
    assert await blocked_for(who, phone.clerk.login) == 30
    assert not isinstance(await replace(who, address="192.0.2.3").try_(phone.clerk.login), Opened)


async def test_the_answer_while_blocked_is_the_same_whether_or_not_there_is_such_a_login(
    service: Service, clerk: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    the_clock_stands(monkeypatch)
    answers = []
    for login in (clerk.login, "nobody-at-all"):
        async with a_person(service) as person:
            for _ in range(FREE):
                assert (await person.signs_in(login, "wrong")).status_code == 400
            page = await person.signs_in(login)
            api = await person.http.post("/api/staff/sessions", json={"login": login, "password": PASSWORD})
            answers.append((page.status_code, api.status_code, api.json()["code"]))
            assert [answer.headers["Retry-After"] for answer in (page, api)] == ["30", "30"]
            assert "Слишком много неудачных попыток. Повторите через" in page.text
            assert "queue_session" not in api.headers.get("Set-Cookie", "")
    assert answers[0] == answers[1] == (429, 429, "sign_in_blocked")


async def test_the_browser_that_signed_in_before_carries_its_cookie_past_the_lock(
    service: Service, clerk: AClerk, monkeypatch: pytest.MonkeyPatch
) -> None:
    the_clock_stands(monkeypatch)
    async with a_person(service) as at_home, a_person(service) as stranger:
        assert (await at_home.signs_in(clerk.login)).status_code == 303
        await at_home.sends("/desk/logout")
        for _ in range(FREE):
            await stranger.signs_in(clerk.login, "wrong")
        assert (await stranger.signs_in(clerk.login)).status_code == 429
        assert (await at_home.signs_in(clerk.login)).status_code == 303


async def test_the_record_says_when_waiting_begins_and_never_what_was_typed(database: Database, clerk: AClerk) -> None:
    who = Somebody(database, address="203.0.113.80", now=LATER)
    await fails(who, clerk.login, FREE - 1)
    assert await acts(database) == []
    await fails(who, clerk.login)
    await fails(who, "my-secret-typed-as-a-login", FREE)
    rows = await database.hot.fetch("SELECT act, subject, address, reason, audit_record::text AS whole FROM audit_record ORDER BY id")
    assert [tuple(row)[:4] for row in rows] == [
        ("session.refused", f"account:{clerk.account_id}", "203.0.113.80", "pair"),
        ("session.refused", "sign-in", "203.0.113.80", "pair"),
    ]
    assert not [row for row in rows if "secret" in row["whole"] or "wrong" in row["whole"]]


@pytest.mark.parametrize(
    ("address", "stands_for"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("testclient", "testclient"),
        (None, ""),
    ],
)
def test_a_household_is_one_address(address: str | None, stands_for: str) -> None:
    assert network(address) == stands_for
