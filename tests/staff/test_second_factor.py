"""The second factor: codes of a telephone and recovery codes, each good for one sign-in."""

import asyncio
import re
from datetime import UTC, datetime

import pyotp
import pytest

from queue_service.audit.journal import Actor
from queue_service.db import Database
from queue_service.staff.account import JUST_NOW
from queue_service.staff.errors import WrongCode, WrongOtp
from queue_service.staff.lockout import LIMITS, Count
from queue_service.staff.second_factor import CLOCK_STEPS, RECOVERY_CODES, Shown, reissue, step_of, uri
from queue_service.staff.sign_in import Opened
from tests.staff.scene import RING, Authenticator, Person, Somebody, a_guarded_clerk, a_person, acts
from tests.support.factories import PASSWORD, AnOffice, a_clerk, an_office
from tests.support.service import Service, the_clock_stands


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


@pytest.fixture
async def phone(database: Database, office: AnOffice) -> Authenticator:
    return await a_guarded_clerk(database, office)


def test_a_code_is_good_half_a_minute_early_or_late_and_never_again() -> None:
    secret, now = pyotp.random_base32(), datetime(2031, 3, 12, 9, 0, 15, tzinfo=UTC)
    step = int(now.timestamp()) // 30
    for late in range(-3, 4):
        code = pyotp.TOTP(secret).generate_otp(step + late)
        assert step_of(secret, code, None, now) == (step + late if abs(late) <= CLOCK_STEPS else None)
        assert step_of(secret, f" {code[:3]} {code[3:]} ", step + late, now) is None, "used"
    assert step_of(secret, pyotp.TOTP(secret).generate_otp(step), step - 1, now) == step
    assert step_of(secret, pyotp.TOTP(secret).generate_otp(step), step + 1, now) is None, "a later one was used"


def test_the_qr_code_names_the_login_and_the_service() -> None:
    secret = pyotp.random_base32()
    assert re.match(rf"otpauth://totp/.+:a\.smirnova\?secret={secret}&issuer=%D0%AD", uri(secret, "a.smirnova"))


async def test_a_program_is_told_that_a_code_is_needed(service: Service, phone: Authenticator) -> None:
    async with a_person(service) as person:

        async def answer(**more: str) -> tuple[int, str | None]:
            body = {"login": phone.clerk.login, "password": PASSWORD, **more}
            got = await person.http.post("/api/staff/sessions", json=body)
            return got.status_code, got.json().get("code")

        assert await answer() == (401, "otp_needed")
        assert await answer(otp=" ") == (401, "otp_needed")
        assert await answer(otp="000000") == (401, "wrong_otp")
        assert await answer(password="wrong", otp=phone.code()) == (401, "bad_credentials"), "the code is looked at last"
        code = phone.code()
        assert await answer(otp=code) == (201, None)
        assert await answer(otp=code) == (401, "wrong_otp"), "a code that somebody read over the shoulder"


async def test_of_two_who_send_the_same_code_at_once_one_gets_in(database: Database, phone: Authenticator) -> None:
    who = Somebody(database)
    outcomes = await asyncio.gather(*(who.try_(phone.clerk.login, otp=phone.code(who.now)) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, Opened) for each in outcomes) == 1
    assert sum(isinstance(each, WrongOtp) for each in outcomes) == 5


async def test_of_two_who_send_the_same_recovery_code_at_once_one_gets_in(database: Database, phone: Authenticator) -> None:
    who = Somebody(database)
    code = phone.recovery_codes[3]
    outcomes = await asyncio.gather(*(who.try_(phone.clerk.login, otp=code) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, Opened) for each in outcomes) == 1
    assert await database.hot.fetchval("SELECT count(*) FROM recovery_code WHERE used_at IS NOT NULL") == 1
    with pytest.raises(WrongOtp):
        await who.try_(phone.clerk.login, otp=code)
    opened = await who.try_(phone.clerk.login, otp=phone.recovery_codes[4].upper().replace("-", " "))
    assert isinstance(opened, Opened)
    assert opened.via == "recovery"


async def test_nothing_in_the_database_gives_a_code(database: Database, phone: Authenticator) -> None:
    rows = await database.hot.fetch("SELECT account::text FROM account UNION ALL SELECT recovery_code::text FROM recovery_code")
    assert len(rows) == 1 + RECOVERY_CODES
    dump = " ".join(row[0] for row in rows)
    assert phone.secret not in dump
    assert phone.secret.encode().hex() not in dump
    assert not [code for code in phone.recovery_codes if code in dump or code.replace("-", "").encode().hex() in dump]


async def test_new_recovery_codes_void_the_old_ones(database: Database, phone: Authenticator) -> None:
    now, actor = datetime.now(UTC), Actor(phone.clerk.login, phone.clerk.account_id)
    async with database.session() as db:
        fresh = await reissue(db, RING, Shown(actor, phone.code(now)), now)
    assert len({*fresh, *phone.recovery_codes}) == 2 * RECOVERY_CODES
    with pytest.raises(WrongCode):
        async with database.session() as db:
            await reissue(db, RING, Shown(actor, phone.recovery_codes[0]), now)
    assert isinstance(await Somebody(database).try_(phone.clerk.login, otp=fresh[0]), Opened)


async def test_a_person_enters_the_code_on_a_second_page_without_the_password_again(service: Service, phone: Authenticator) -> None:
    async with a_person(service) as person:
        answer = await person.signs_in(phone.clerk.login, next="/desk/bookings")
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/login/code?next=%2Fdesk%2Fbookings")
        (cookie,) = answer.headers.get_list("Set-Cookie")
        assert cookie.startswith("queue_sign_in=")
        assert {"HttpOnly", "SameSite=strict", "Max-Age=300"} <= set(cookie.split("; "))
        assert 'name="otp"' in await person.sees("/desk/login/code")
        assert (await person.http.get("/desk")).headers["location"] == "/desk/login?next=/desk", "not in yet"
        assert (await person.sends("/desk/login/code", otp="")).status_code == 400
        wrong = await person.sends("/desk/login/code", otp="000000", next="/desk/bookings")
        assert wrong.status_code == 400
        assert "Код не подошёл" in wrong.text
        right = await person.sends("/desk/login/code", otp=phone.code(), next="/desk/bookings")
        assert (right.status_code, right.headers["location"]) == (303, "/desk/bookings")
        await person.sees("/desk/bookings")
        assert (await person.http.get("/desk/login/code")).headers["location"] == "/desk/login", "the cookie is gone"


async def test_a_changed_password_ends_what_was_begun_with_the_old_one(service: Service, database: Database, phone: Authenticator) -> None:
    async with a_person(service) as person:
        await person.signs_in(phone.clerk.login)
        await database.hot.execute("UPDATE account SET password_hash = 'another'")
        answer = await person.sends("/desk/login/code", otp=phone.code())
        assert answer.status_code == 400
        assert "Войдите заново" in answer.text
        assert "queue_session" not in person.http.cookies


async def test_codes_are_counted_like_passwords(service: Service, phone: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = the_clock_stands(monkeypatch)
    async with a_person(service) as person:
        await person.signs_in(phone.clerk.login)
        for _ in range(5):
            assert (await person.sends("/desk/login/code", otp="000000")).status_code == 400
        blocked = await person.sends("/desk/login/code", otp=phone.code(now))
        assert (blocked.status_code, blocked.headers["Retry-After"]) == (429, "30")


async def set_up(person: Person) -> tuple[str, list[str]]:
    """By the page, with the key as text; the code that was used and the recovery codes."""
    page = await person.sees("/account/second-factor")
    key = re.search(r'class="key"[^>]*>([a-z2-7 ]+)<', page)
    assert key
    secret = key[1].replace(" ", "").upper()
    picture = await person.http.get("/account/second-factor/qr.svg")
    assert (picture.headers["content-type"], picture.headers["cache-control"]) == ("image/svg+xml", "no-store")
    code = pyotp.TOTP(secret).now()
    done = await person.sends("/account/second-factor", code=code)
    assert done.status_code == 200, done.text
    return code, re.findall(r"<li>([a-z2-9]{5}-[a-z2-9]{5})</li>", done.text)


async def test_the_second_factor_is_set_up_by_its_first_code(service: Service, database: Database, office: AnOffice) -> None:
    clerk = await a_clerk(database, office)
    async with a_person(service, clerk.token) as person:
        wrong = await person.sends("/account/second-factor", code="000000")
        assert wrong.status_code == 422, "nothing is shown yet"
        assert await database.hot.fetchval("SELECT totp_sealed FROM account") is None
        first = await person.sees("/account/second-factor")
        assert (await person.sends("/account/second-factor", code="000000")).status_code == 422
        key = re.search(r'class="key"[^>]*>[a-z2-7 ]+<', first)
        assert key
        assert key[0] in await person.sees("/account/second-factor"), "the same key while it is tried"
        used, codes = await set_up(person)
        assert len(codes) == RECOVERY_CODES
        assert "Осталось 10 резервных кодов" in await person.sees("/account")
        assert (await person.http.get("/account/second-factor")).status_code == 303, "never shown again"
    with pytest.raises(WrongOtp):
        await Somebody(database).try_(clerk.login, otp=used)
    assert await acts(database, clerk.account_id) == ["account.second_factor_set_up"]


async def test_a_second_factor_begins_with_the_password_unless_one_has_just_signed_in(
    service: Service, database: Database, office: AnOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who finds an open desk, or has somebody's cookie, must not lock the owner out with a telephone of their own."""
    clerk = await a_clerk(database, office)
    the_clock_stands(monkeypatch)
    await database.hot.execute("UPDATE staff_session SET created_at = created_at - $1::interval", JUST_NOW)
    async with a_person(service, clerk.token) as person:
        assert 'class="key"' not in await person.sees("/account/second-factor")
        assert (await person.http.get("/account/second-factor/qr.svg")).status_code == 404
        assert (await person.sends("/account/second-factor", code="000000")).status_code == 422
        for _ in range(LIMITS[Count.OWN].free):
            wrong = await person.sends("/account/second-factor/begin", password="wrong")
            assert (wrong.status_code, "Это не ваш нынешний пароль" in wrong.text, 'class="key"' in wrong.text) == (422, True, False)
        waits = await person.sends("/account/second-factor/begin", password=PASSWORD)
        assert (waits.status_code, "Слишком много неудачных попыток" in waits.text) == (429, True)
        assert waits.headers["Retry-After"] == "30"
        assert "queue_enrolment" not in person.http.cookies, "nothing has begun"
        await database.hot.execute("DELETE FROM sign_in_failure")
        begun = await person.sends("/account/second-factor/begin", password=PASSWORD)
        assert (begun.status_code, begun.headers["location"]) == (303, "/account/second-factor")
        await set_up(person)
    assert await acts(database, clerk.account_id) == ["session.refused", "account.second_factor_set_up"]


async def test_who_has_no_password_sets_it_up_right_after_signing_in(service: Service, database: Database, office: AnOffice) -> None:
    clerk = await a_clerk(database, office)
    await database.hot.execute("UPDATE account SET password_hash = NULL, oidc_issuer = 'https://id.example', oidc_subject = '7'")
    async with a_person(service, clerk.token) as person:
        await database.hot.execute("UPDATE staff_session SET created_at = created_at - $1::interval", JUST_NOW)
        page = await person.sees("/account/second-factor")
        assert ("войдите снова" in page, 'name="password"' in page) == (True, False)
        assert (await person.sends("/account/second-factor/begin", password="")).status_code == 422
        await database.hot.execute("UPDATE staff_session SET created_at = now()")
        await set_up(person)


async def test_switching_off_needs_the_password_and_a_code(service: Service, database: Database, phone: Authenticator) -> None:
    async with a_person(service, phone.clerk.token) as person:
        for wrong in ({"factor_password": "wrong", "factor_code": phone.code()}, {"factor_password": PASSWORD, "factor_code": "000000"}):
            assert (await person.sends("/account/second-factor/off", **wrong)).status_code == 422
        assert await database.hot.fetchval("SELECT totp_sealed IS NOT NULL FROM account")
        right = await person.sends("/account/second-factor/off", factor_password=PASSWORD, factor_code=phone.code())
        assert right.status_code == 303
    assert await database.hot.fetchval("SELECT totp_sealed IS NULL AND totp_step IS NULL FROM account")
    assert await database.hot.fetchval("SELECT count(*) FROM recovery_code") == 0


async def test_a_stolen_session_is_no_place_to_guess(service: Service, phone: Authenticator, monkeypatch: pytest.MonkeyPatch) -> None:
    now = the_clock_stands(monkeypatch)
    async with a_person(service, phone.clerk.token) as thief:
        for _ in range(5):
            assert (await thief.sends("/account/recovery-codes", code="000000")).status_code == 422
        assert (await thief.sends("/account/recovery-codes", code=phone.code(now))).status_code == 429
        assert (await thief.sends("/account/password", current=PASSWORD, password="x", again="x")).status_code == 429


async def test_a_key_that_was_thrown_away_leaves_the_recovery_codes(database: Database, phone: Authenticator) -> None:
    await database.hot.execute("UPDATE account SET totp_sealed = 'sealed with another key'")
    who = Somebody(database)
    with pytest.raises(WrongOtp):
        await who.try_(phone.clerk.login, otp=phone.code())
    assert isinstance(await who.try_(phone.clerk.login, otp=phone.recovery_codes[0]), Opened)
