"""Signing in by a provider: the whole way with a real one, and every lie that one of our own can tell."""

import base64
import hmac
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from joserfc.jwk import RSAKey

from queue_service.db import Database
from queue_service.errors import DomainError, SettingsError
from queue_service.pages.account import oidc as pages
from queue_service.settings import OidcSettings
from queue_service.staff.browsers import BROWSER_COOKIE, unsealed
from queue_service.staff.browsers import Browser as Known
from queue_service.staff.errors import SignInExpired
from queue_service.staff.oidc import AnswerRejected, Elsewhere, ProviderAway, ProviderRefused, leave
from queue_service.staff.provider import Provider
from queue_service.staff.signer import EsiaSigner, FixedSecret, moment, signer_of
from tests.staff.oidc_provider import CLIENT_ID, CLIENT_SECRET, Liar, a_liar, a_real_provider
from tests.staff.scene import RING
from tests.support.factories import LATER, PASSWORD, AClerk, AnOffice, a_clerk, an_office
from tests.support.service import PATIENCE_SECONDS, Service

SESSION, COOKIE = "queue_session", pages.COOKIE


@pytest.fixture(scope="module")
def issuer(running_service: Service) -> Iterator[str]:
    callback = f"{running_service.base_url}/account/oidc/callback"
    with a_real_provider(callback) as issuer:
        running_service.app.state.oidc = Provider(OidcSettings(issuer, CLIENT_ID, CLIENT_SECRET), FixedSecret(CLIENT_SECRET), callback)
        yield issuer
        running_service.app.state.oidc = None


class Browser:
    """Somebody's browser, which follows wherever it is sent."""

    def __init__(self, base_url: str, issuer: str) -> None:
        self.issuer = issuer
        self.http = httpx.AsyncClient(base_url=base_url, timeout=PATIENCE_SECONDS, trust_env=False)
        self.callback = ""
        """Where the provider last sent us back to."""

    async def is_(self, who: str) -> None:
        """This person sits before it from now on, also for the provider."""
        for name in [cookie.name for cookie in self.http.cookies.jar if not cookie.name.startswith("queue_")]:
            self.http.cookies.delete(name)
        await self.http.get(f"{self.issuer}/as/{who}")

    async def follow(self, url: str, *, until: str | None = None) -> httpx.Response:
        for _ in range(12):
            answer: httpx.Response = await self.http.get(url)
            if answer.next_request is None:
                return answer
            url = str(answer.next_request.url)
            if "/callback?" in url:
                self.callback = url
            if until is not None and until in url:
                return answer
        raise AssertionError("sent in circles")

    async def post(self, path: str, **form: str) -> httpx.Response:
        """A form, and the page that leads on."""
        return await self.http.post(path, data=form)

    def signed_in(self, clerk: AClerk) -> None:
        self.http.cookies.set(SESSION, clerk.token, domain=urlsplit(str(self.http.base_url)).hostname or "")


def leads_to(page: httpx.Response) -> str:
    found = re.search(r'class="button" href="([^"]+)"', page.text)
    assert found, page.text
    assert page.headers["Refresh"] == f"0; url={unescape(found[1])}"
    return unescape(found[1])


@pytest.fixture
async def browser(service: Service, issuer: str) -> AsyncIterator[Browser]:
    browser = Browser(service.base_url, issuer)
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def office(database: Database) -> AnOffice:
    return await an_office(database)


async def linked(browser: Browser, database: Database, office: AnOffice, subject: str) -> AClerk:
    clerk = await a_clerk(database, office)
    browser.signed_in(clerk)
    await browser.is_(subject)
    page = await browser.follow(leads_to(await browser.post("/account/oidc/link", csrf=clerk.csrf, link_password=PASSWORD)))
    assert page.url.path == "/account", page.text
    return clerk


async def test_who_has_tied_the_provider_to_an_account_signs_in_by_it(browser: Browser, database: Database, office: AnOffice) -> None:
    clerk = await linked(browser, database, office, "anna")
    row = await database.hot.fetchrow("SELECT oidc_issuer, oidc_subject FROM account WHERE id = $1", clerk.account_id)
    assert tuple(row or ()) == (browser.issuer, "anna")
    browser.http.cookies.clear()
    await browser.is_("anna")
    page = await browser.follow("/account/oidc/start?next=/desk")
    assert (page.status_code, page.url.path) == (200, "/desk")
    assert clerk.name in page.text
    acts = await database.hot.fetch("SELECT act, actor, after ->> 'via' AS via FROM audit_record ORDER BY id")
    assert [tuple(act) for act in acts] == [("account.oidc_linked", clerk.login, None), ("session.opened", clerk.login, "oidc")]
    assert browser.http.cookies[SESSION] != clerk.token, "a new session, not the one that was there"


async def test_signing_in_by_the_provider_ends_what_the_browser_had_and_makes_it_known(
    browser: Browser, service: Service, database: Database, office: AnOffice
) -> None:
    """As signing in with a password does."""
    clerk = await linked(browser, database, office, "boris")
    before = await a_clerk(database, office)
    browser.http.cookies.clear()
    browser.signed_in(before)
    await browser.is_("boris")
    page = await browser.follow("/account/oidc/start")
    assert (page.url.path, clerk.name in page.text) == ("/desk", True)
    assert (await service.get("/api/desk/queue", before.token)).status_code == 401
    known = unsealed(RING, browser.http.cookies[BROWSER_COOKIE], Known)
    assert known is not None
    assert known.knows(clerk.account_id)


async def test_an_unknown_person_is_told_so_whatever_their_address(browser: Browser, database: Database, office: AnOffice) -> None:
    clerk = await a_clerk(database, office)
    await database.hot.execute("UPDATE account SET login = 'boris@example.org' WHERE id = $1", clerk.account_id)
    await browser.is_("boris")
    page = await browser.follow("/account/oidc/start")
    assert page.status_code == 403
    assert "не привязан ни к одной учётной записи" in page.text
    assert SESSION not in browser.http.cookies


async def test_a_switched_off_account_is_nobodys(browser: Browser, database: Database, office: AnOffice) -> None:
    clerk = await linked(browser, database, office, "retired")
    await database.hot.execute("UPDATE account SET active = false WHERE id = $1", clerk.account_id)
    browser.http.cookies.clear()
    await browser.is_("retired")
    assert (await browser.follow("/account/oidc/start")).status_code == 403


async def an_invitation(database: Database, account_id: int, kind: str) -> str:
    from queue_service.audit.journal import SYSTEM
    from queue_service.staff.invitations import make_invitation
    from queue_service.staff.models import InvitationKind

    async with database.session() as db:
        return await make_invitation(db, account_id, InvitationKind(kind), SYSTEM, datetime.now(UTC))


async def test_an_invited_person_comes_by_the_provider_once(browser: Browser, database: Database, office: AnOffice) -> None:
    invited, other = await a_clerk(database, office), await a_clerk(database, office)
    token = await an_invitation(database, invited.account_id, "invitation")
    await browser.is_("new")
    page = await browser.follow(leads_to(await browser.post("/account/oidc/accept", invitation=token)))
    assert (page.url.path, invited.name in page.text) == ("/desk", True)
    browser.http.cookies.clear()
    await browser.is_("somebody-else")
    again = await browser.follow(leads_to(await browser.post("/account/oidc/accept", invitation=token)))
    assert (again.status_code, SESSION in browser.http.cookies) == (404, False)
    reset = await an_invitation(database, other.account_id, "reset")
    refused = await browser.follow(leads_to(await browser.post("/account/oidc/accept", invitation=reset)))
    assert refused.status_code == 404, "a forgotten password is no reason to become somebody else's account"


async def test_the_pages_offer_the_provider_by_its_name(browser: Browser, database: Database, office: AnOffice) -> None:
    clerk = await a_clerk(database, office)
    login = await browser.http.get("/desk/login?next=/desk/bookings")
    assert 'href="/account/oidc/start?next=/desk/bookings"' in login.text
    assert "Войти через OpenID Connect" in login.text
    token = await an_invitation(database, clerk.account_id, "invitation")
    assert f'name="invitation" value="{token}"' in (await browser.http.get(f"/invitation/{token}")).text
    reset = await an_invitation(database, clerk.account_id, "reset")
    assert "/account/oidc/accept" not in (await browser.http.get(f"/invitation/{reset}")).text
    browser.signed_in(clerk)
    assert 'action="/account/oidc/link"' in (await browser.http.get("/account")).text
    await database.hot.execute("UPDATE account SET oidc_issuer = 'x', oidc_subject = 'y' WHERE id = $1", clerk.account_id)
    assert 'action="/account/oidc/unlink"' in (await browser.http.get("/account")).text


async def test_who_declines_reads_a_sentence(browser: Browser) -> None:
    await browser.is_("nobody")
    page = await browser.follow("/account/oidc/start")
    assert page.status_code == 403
    assert "Вход не подтверждён" in page.text
    assert COOKIE not in browser.http.cookies, "and may begin anew"


async def test_an_answer_works_once_and_only_in_the_browser_that_asked(
    browser: Browser, service: Service, database: Database, office: AnOffice
) -> None:
    await linked(browser, database, office, "vera")
    browser.http.cookies.clear()
    await browser.is_("vera")
    await browser.follow("/account/oidc/start", until="/callback?")
    kept = browser.http.cookies[COOKIE]
    stranger = httpx.AsyncClient(base_url=service.base_url, trust_env=False, timeout=PATIENCE_SECONDS)
    async with stranger:
        fixation = await stranger.get(browser.callback)
        assert (fixation.status_code, SESSION in stranger.cookies) == (409, False), "an attacker's answer in a victim's browser"
    assert (await browser.follow(browser.callback)).url.path == "/desk"
    first = browser.http.cookies[SESSION]
    browser.http.cookies.clear()
    again = await browser.http.get(browser.callback, headers={"Cookie": f"{COOKIE}={kept}"})
    assert (again.status_code, SESSION in again.cookies) == (409, False)
    assert "заново" in again.text
    assert first


async def test_a_code_works_once_at_the_provider_too(browser: Browser, service: Service) -> None:
    """Whatever of ours might forget that it was used."""
    await browser.is_("zoya")
    provider: Provider = service.app.state.oidc
    begun, now = leave(datetime.now(UTC)), datetime.now(UTC)
    await browser.follow(await provider.address(begun, now), until="/callback?")
    answer = {name: values[0] for name, values in parse_qs(urlsplit(browser.callback).query).items()}
    assert (await provider.subject(answer, begun, now)).id == "zoya"
    with pytest.raises(AnswerRejected):
        await provider.subject(answer, begun, now)
    with pytest.raises(AnswerRejected):
        await provider.subject(answer, replace_struct(begun, verifier="another"), now)


def replace_struct(begun: Elsewhere, **changed: Any) -> Elsewhere:
    return Elsewhere(**{**{name: getattr(begun, name) for name in begun.__struct_fields__}, **changed})


async def test_a_subject_belongs_to_one_account_and_an_account_to_one_subject(
    browser: Browser, database: Database, office: AnOffice
) -> None:
    owner = await linked(browser, database, office, "dina")
    other = await a_clerk(database, office)
    browser.signed_in(other)
    taken = await browser.follow(leads_to(await browser.post("/account/oidc/link", csrf=other.csrf, link_password=PASSWORD)))
    assert (taken.status_code, "уже привязан к другой" in taken.text) == (409, True)
    browser.signed_in(owner)
    await browser.is_("another-dina")
    second = await browser.follow(leads_to(await browser.post("/account/oidc/link", csrf=owner.csrf, link_password=PASSWORD)))
    assert (second.status_code, "Сначала отвяжите" in second.text) == (409, True)
    await database.hot.execute("UPDATE account SET password_hash = NULL WHERE id = $1", owner.account_id)
    assert (await browser.post("/account/oidc/unlink", csrf=owner.csrf)).status_code == 409, "there would be no way in"
    await database.hot.execute("UPDATE account SET password_hash = 'x' WHERE id = $1", owner.account_id)
    assert (await browser.post("/account/oidc/unlink", csrf=owner.csrf)).status_code == 303
    assert await database.hot.fetchval("SELECT oidc_subject FROM account WHERE id = $1", owner.account_id) is None


async def test_tying_needs_our_own_form_and_the_same_person_at_the_end(browser: Browser, database: Database, office: AnOffice) -> None:
    one, two = await a_clerk(database, office), await a_clerk(database, office)
    browser.signed_in(one)
    assert (await browser.post("/account/oidc/link")).status_code == 403
    assert (await browser.post("/account/oidc/unlink")).status_code == 403
    await browser.is_("eva")
    address = leads_to(await browser.post("/account/oidc/link", csrf=one.csrf, link_password=PASSWORD))
    browser.signed_in(two)
    assert (await browser.follow(address)).status_code == 403
    assert await database.hot.fetchval("SELECT count(*) FROM account WHERE oidc_subject IS NOT NULL") == 0


async def test_tying_needs_the_password(browser: Browser, database: Database, office: AnOffice) -> None:
    """An unlocked desk would else become a way in that outlives every reset."""
    clerk = await a_clerk(database, office)
    browser.signed_in(clerk)
    refused = await browser.post("/account/oidc/link", csrf=clerk.csrf, link_password="not-mine")
    assert (refused.status_code, "link_password" in refused.text) == (422, True)
    assert "queue_oidc" not in browser.http.cookies


async def test_the_cookie_of_the_way_is_sealed_short_and_not_for_scripts(browser: Browser, service: Service) -> None:
    answer = await browser.http.get("/account/oidc/start?next=//evil.example/")
    assert answer.status_code == 303
    sent = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert (sent["code_challenge_method"], sent["response_type"], sent["scope"]) == (["S256"], ["code"], ["openid profile"])
    flags = set(answer.headers["Set-Cookie"].split("; "))
    assert {"HttpOnly", "SameSite=lax", "Path=/account/oidc", "Max-Age=600"} <= flags
    assert sent["state"][0] not in answer.headers["Set-Cookie"]
    begun = unsealed(service.app.state.booking.ring, browser.http.cookies[COOKIE], Elsewhere)
    assert begun is not None
    assert begun.next == "", "a link cannot lead elsewhere"


async def test_failures_are_logged_without_what_opens_anything(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, database: Database
) -> None:
    said: list[dict[str, Any]] = []

    class Log:
        def warning(self, event: str, **what: Any) -> None:
            said.append({"event": event, **what})

    monkeypatch.setattr(pages, "log", Log())
    await browser.http.get("/account/oidc/start")
    await browser.http.get("/account/oidc/callback?code=SECRET-CODE&state=SECRET-STATE")
    assert said == [{"event": "oidc_failed", "code": "sign_in_expired", "why": None}]


# Lies.


@pytest.fixture
def liar() -> Iterator[Liar]:
    with a_liar() as liar:
        yield liar


NOW = LATER
ISSUED = {"sub": "anna", "aud": CLIENT_ID, "iat": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 300}


async def said_by(liar: Liar, provider: Provider | None = None, now: datetime = NOW, **claims: Any) -> str:
    """Who the liar's answer makes of somebody; `claims` change or (None) take away."""
    begun = leave(NOW)
    made = {"iss": liar.issuer, "nonce": begun.nonce, **ISSUED, **claims}
    liar.claims = {name: value for name, value in made.items() if value is not None}
    provider = provider or honest(liar)
    return (await provider.subject({"code": "c", "state": begun.state}, begun, now)).id


def honest(liar: Liar, secret: str | None = CLIENT_SECRET) -> Provider:
    settings = OidcSettings(liar.issuer, CLIENT_ID, secret)
    return Provider(settings, signer_of(settings), "http://here/account/oidc/callback")


async def test_a_true_answer_is_believed_and_our_secret_goes_to_the_provider_only(liar: Liar) -> None:
    assert await said_by(liar) == "anna"
    path, form, authorization = next(each for each in liar.asked if each[0] == "/token")
    assert path == "/token"
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"queue:only%3Afor%20tests"
    assert set(form) == {"grant_type", "code", "redirect_uri", "client_id", "code_verifier"}


async def test_a_provider_that_wants_the_secret_in_the_form_gets_it_there(liar: Liar) -> None:
    liar.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert await said_by(liar) == "anna"
    assert liar.asked[1][1]["client_secret"] == CLIENT_SECRET


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": None},
        {"aud": ["queue", "other"], "azp": "other"},
        {"exp": int(NOW.timestamp()) - 61},
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": int(NOW.timestamp()) + 3600},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 3600},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 17},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
    ],
    ids=lambda claims: json.dumps(claims)[:40],
)
async def test_a_token_that_is_not_for_us_now_is_not_believed(liar: Liar, claims: dict[str, Any]) -> None:
    with pytest.raises(AnswerRejected):
        await said_by(liar, **claims)


def _with_another_key(liar: Liar) -> str:
    other = RSAKey.generate_key(2048, {"kid": liar.key.kid or ""})
    return liar.signed(key=other)


def _spelt(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _unsigned(liar: Liar, algorithm: str) -> str:
    return ".".join(_spelt(json.dumps(part).encode()) for part in ({"alg": algorithm, "kid": liar.key.kid}, liar.claims))


def _without_signature(liar: Liar) -> str:
    return _unsigned(liar, "none") + "."


def _with_the_public_key_as_secret(liar: Liar) -> str:
    text = _unsigned(liar, "HS256")
    return f"{text}.{_spelt(hmac.digest(liar.key.as_pem(private=False), text.encode(), 'sha256'))}"


def _changed(liar: Liar) -> str:
    head, body, signature = liar.signed().split(".")
    payload = json.loads(base64.urlsafe_b64decode(body + "=="))
    return f"{head}.{_spelt(json.dumps({**payload, 'sub': 'admin'}).encode())}.{signature}"


@pytest.mark.parametrize(
    "forge", [_with_another_key, _without_signature, _with_the_public_key_as_secret, _changed, lambda _: "no.token", lambda _: "é.é.é"]
)
async def test_a_token_that_the_provider_did_not_sign_is_not_believed(liar: Liar, forge: Callable[[Liar], str]) -> None:
    begun = leave(NOW)
    liar.claims = {"iss": liar.issuer, "nonce": begun.nonce, **ISSUED}
    provider, answer = honest(liar), {"code": "c", "state": begun.state}
    assert (await provider.subject(answer, begun, NOW)).id == "anna"
    liar.token = forge(liar)
    with pytest.raises(AnswerRejected) as refused:
        await provider.subject(answer, begun, NOW)
    assert liar.token not in refused.value.why


KEYS, TOKEN, DISCOVERY = "/keys", "/token", "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    ("path", "status", "body", "error"),
    [
        (DISCOVERY, 500, b"", ProviderAway),
        (DISCOVERY, 200, b"<html>", AnswerRejected),
        (DISCOVERY, 302, b"", AnswerRejected),
        (DISCOVERY, 200, b'{"issuer": "https://evil.example"}', AnswerRejected),
        (KEYS, 503, b"", ProviderAway),
        (KEYS, 200, b"[]", AnswerRejected),
        (KEYS, 200, b'{"keys": []}', AnswerRejected),
        (KEYS, 200, b'{"keys": [{"kty": "RSA"}]}', AnswerRejected),
        (TOKEN, 400, b'{"error": "invalid_grant"}', AnswerRejected),
        (TOKEN, 429, b"", ProviderAway),
        (TOKEN, 200, b"{}", AnswerRejected),
        (TOKEN, 200, b" " * 300_000, AnswerRejected),
    ],
)
async def test_a_provider_in_trouble_is_a_sentence(liar: Liar, path: str, status: int, body: bytes, error: type[DomainError]) -> None:
    liar.statuses, liar.bodies = {path: status}, {path: body}
    with pytest.raises(error):
        await said_by(liar)


async def test_a_provider_that_is_not_there_is_a_sentence() -> None:
    with a_liar() as gone:
        provider = honest(gone)
    with pytest.raises(ProviderAway):
        await provider.address(leave(NOW), NOW)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"state": "of another sign-in"}, SignInExpired),
        ({"state": ""}, SignInExpired),
        ({"iss": "https://evil.example"}, AnswerRejected),
        ({"error": "access_denied"}, ProviderRefused),
        ({"error": "server_error", "code": "c"}, ProviderRefused),
        ({"code": ""}, AnswerRejected),
    ],
)
async def test_an_answer_to_another_question_is_refused(liar: Liar, changed: dict[str, str], error: type[DomainError]) -> None:
    begun = leave(NOW)
    with pytest.raises(error):
        await honest(liar).subject({"code": "c", "state": begun.state, **changed}, begun, NOW)
    with pytest.raises(SignInExpired):
        await honest(liar).subject({"code": "c", "state": begun.state}, begun, NOW + timedelta(minutes=10))
    assert TOKEN not in [path for path, _, _ in liar.asked], "no code was given away"


async def test_an_issuer_with_tls_is_not_led_to_addresses_without(liar: Liar) -> None:
    liar.discovery = {"token_endpoint": "ftp://elsewhere/token"}
    with pytest.raises(AnswerRejected):
        await said_by(liar)


async def test_what_is_known_of_the_provider_is_kept_and_its_new_key_found_at_once(liar: Liar) -> None:
    provider = honest(liar)
    for _ in range(3):
        await said_by(liar, provider)
    assert [path for path, _, _ in liar.asked].count(KEYS) == [path for path, _, _ in liar.asked].count(DISCOVERY) == 1
    liar.key = RSAKey.generate_key(2048, auto_kid=True)
    with pytest.raises(AnswerRejected):
        await said_by(liar, provider, NOW + timedelta(seconds=20))  # not asked again so soon
    assert await said_by(liar, provider, NOW + timedelta(seconds=40)) == "anna"


# Signed as ЕСИА wants it.


def a_key_file(folder: Path, *, another: bool = False) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "queue")])
    signed = rsa.generate_private_key(public_exponent=65537, key_size=2048) if another else key
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(signed.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    clear = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "esia.pem"
    path.write_bytes(clear + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def is_signed(secret: str, text: str, certificate: x509.Certificate) -> bool:
    from cryptography.hazmat.bindings._rust import test_support

    raw = base64.urlsafe_b64decode(secret)
    try:
        test_support.pkcs7_verify(serialization.Encoding.DER, raw, text.encode(), [certificate], [])
    except Exception:
        return False
    return True


async def test_esia_gets_a_signature_of_each_request(liar: Liar, tmp_path: Path) -> None:
    path = a_key_file(tmp_path)
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    settings = replace(OidcSettings(liar.issuer, CLIENT_ID), signer=path)
    provider = Provider(settings, signer_of(settings), "http://here/account/oidc/callback")
    begun = leave(NOW)
    asked = parse_qs(urlsplit(await provider.address(begun, NOW)).query)
    assert asked["timestamp"] == [moment(NOW)] == ["2031.03.12 09:00:00 +0000"]
    text = f"openid profile{moment(NOW)}{CLIENT_ID}{begun.state}"
    assert is_signed(asked["client_secret"][0], text, certificate)
    assert not is_signed(asked["client_secret"][0], text + "x", certificate)
    liar.claims = {"iss": liar.issuer, "nonce": begun.nonce, **ISSUED}
    later = NOW + timedelta(seconds=90)
    assert (await provider.subject({"code": "c", "state": begun.state}, begun, later)).id == "anna"
    form = next(form for path, form, _ in liar.asked if path == TOKEN)
    assert is_signed(form["client_secret"], f"openid profile{moment(later)}{CLIENT_ID}{begun.state}", certificate)


def test_a_key_that_cannot_sign_is_a_sentence_at_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PEM"):
        EsiaSigner.from_file(tmp_path / "missing.pem")
    with pytest.raises(SettingsError, match="другой ключ"):
        EsiaSigner.from_file(a_key_file(tmp_path, another=True))
