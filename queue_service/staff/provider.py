"""What the service says to an OpenID Connect provider and what it believes of the answers: an identity token only when its signature,
issuer, audience, time and nonce are right.

A module of its own, because what it stands on (httpx, joserfc) weighs 5 MB and most cities have no provider: only a service with one
imports it. Refuses to log what the provider sends: codes and tokens are keys.
"""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from queue_service.settings import OidcSettings
from queue_service.staff.errors import SignInExpired
from queue_service.staff.oidc import AnswerRejected, Elsewhere, ProviderAway, ProviderRefused, Subject
from queue_service.staff.signer import Signer, moment, signer_of

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Only those with a public key: a provider's key must not do as the secret of an HMAC, and `none` is no signature."""
REMEMBERED: Final = timedelta(hours=1)
"""Discovery and keys. A key that we do not know is looked for at once, so rotation costs nobody a sign-in."""
LOOKED_AGAIN: Final = timedelta(seconds=30)
"""Not sooner, or forged tokens would make us ask the provider for its keys without end."""
LEEWAY_SECONDS: Final = 60
"""By which clocks of two well-kept servers may differ."""
ANSWER_SECONDS: Final = 8.0
LONGEST_ANSWER: Final = 256 * 1024
LONGEST_SUBJECT: Final = 255
"""By the specification."""


class _Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


class Provider:
    """The process's knowledge of the provider."""

    def __init__(self, settings: OidcSettings, signer: Signer | None, redirect_uri: str) -> None:
        self.name = settings.name
        self._settings = settings
        self._signer = signer
        self._redirect_uri = redirect_uri
        self._metadata: tuple[datetime, _Metadata] | None = None
        self._keys: tuple[datetime, KeySet] | None = None

    @staticmethod
    def of(settings: OidcSettings, public_url: str) -> "Provider":
        """Raises SettingsError for an unusable key."""
        return Provider(settings, signer_of(settings), f"{public_url}/account/oidc/callback")

    async def address(self, begun: Elsewhere, now: datetime) -> str:
        """Where the person goes. Raises ProviderAway."""
        metadata = await self._discovered(now)
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": self._settings.scopes,
            "state": begun.state,
            "nonce": begun.nonce,
            "code_challenge": _challenge(begun.verifier),
            "code_challenge_method": "S256",
        }
        if self._signer is not None and self._signer.every_request:
            parameters |= {"timestamp": moment(now), "access_type": "online"}
            parameters["client_secret"] = self._signer.client_secret(parameters, now)
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        return f"{metadata.authorization_endpoint}{separator}{urlencode(parameters)}"

    async def subject(self, answer: Mapping[str, str], begun: Elsewhere | None, now: datetime) -> Subject:
        """Who came back, by the query of the address at which they did.

        Raises SignInExpired (not begun in this browser, or too long ago), ProviderRefused, ProviderAway, AnswerRejected.
        """
        if begun is None or begun.until <= now or not secrets.compare_digest(answer.get("state", "").encode(), begun.state.encode()):
            raise SignInExpired
        metadata = await self._discovered(now)
        issuer = answer.get("iss")
        if issuer != metadata.issuer and (issuer is not None or metadata.authorization_response_iss_parameter_supported):
            raise AnswerRejected("another issuer answers")
        if "error" in answer:
            raise ProviderRefused
        if not answer.get("code"):
            raise AnswerRejected("no code")
        return await self._verified(await self._exchanged(metadata, answer["code"], begun, now), begun, now)

    async def _exchanged(self, metadata: _Metadata, code: str, begun: Elsewhere, now: datetime) -> str:
        """The identity token for the code."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "client_id": self._settings.client_id,
            "code_verifier": begun.verifier,
        }
        headers = {}
        if self._signer is not None and self._signer.every_request:
            form |= {"scope": self._settings.scopes, "state": begun.state, "timestamp": moment(now), "token_type": "Bearer"}
            form["client_secret"] = self._signer.client_secret(form, now)
        elif self._signer is not None:
            secret = self._signer.client_secret(form, now)
            if "client_secret_basic" in metadata.token_endpoint_auth_methods_supported:
                pair = f"{quote(self._settings.client_id, safe='')}:{quote(secret, safe='')}"
                headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
            else:
                form["client_secret"] = secret
        content = await self._asked("POST", metadata.token_endpoint, data=form, headers=headers)
        tokens: _Tokens = _read(content, _Tokens)
        return tokens.id_token

    async def _verified(self, token: str, begun: Elsewhere, now: datetime) -> Subject:
        try:
            try:
                claims = jwt.decode(token, await self._key_set(now), algorithms=ALGORITHMS).claims
            except InvalidKeyIdError:
                claims = jwt.decode(token, await self._key_set(now, newest=True), algorithms=ALGORITHMS).claims
            self._rules(begun, now).validate(claims)
        except (JoseError, ValueError, TypeError, LookupError) as error:
            raise AnswerRejected(f"identity token: {type(error).__name__}") from None  # the error may carry the token
        if claims.get("azp", self._settings.client_id) != self._settings.client_id:
            raise AnswerRejected("identity token: made for another party")
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or "\0" in subject:
            raise AnswerRejected("identity token: no subject")
        return Subject(self._settings.issuer, subject)

    def _rules(self, begun: Elsewhere, now: datetime) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": begun.nonce},
        )

    async def _discovered(self, now: datetime) -> _Metadata:
        if self._metadata is None or now - self._metadata[0] >= REMEMBERED:
            issuer = self._settings.issuer
            found = _read(await self._asked("GET", f"{issuer}/.well-known/openid-configuration"), _Metadata)
            if found.issuer.rstrip("/") != issuer:
                raise AnswerRejected("discovery names another issuer")
            if any(_weaker(each, issuer) for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)):
                raise AnswerRejected("discovery names an address without TLS")
            self._metadata = now, found
        return self._metadata[1]

    async def _key_set(self, now: datetime, *, newest: bool = False) -> KeySet:
        patience = LOOKED_AGAIN if newest else REMEMBERED
        if self._keys is None or now - self._keys[0] >= patience:
            metadata = await self._discovered(now)
            content = await self._asked("GET", metadata.jwks_uri)
            self._keys = now, KeySet.import_key_set(_read(content, dict[str, Any]))
        return self._keys[1]

    async def _asked(self, method: str, url: str, **what: Any) -> bytes:
        """The body of a good answer. Redirects are not followed: a code goes where discovery said and nowhere else."""
        try:
            async with (
                httpx.AsyncClient(timeout=ANSWER_SECONDS, follow_redirects=False, trust_env=False) as client,
                client.stream(method, url, **what) as answer,
            ):
                content = b""
                async for part in answer.aiter_bytes():
                    content += part
                    if len(content) > LONGEST_ANSWER:
                        raise AnswerRejected("an answer without end")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise ProviderAway from error
        if answer.status_code >= 500 or answer.status_code == 429:
            raise ProviderAway
        if answer.status_code != 200:
            raise AnswerRejected(f"{urlsplit(url).path} answered {answer.status_code}")
        return content


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _weaker(url: str, issuer: str) -> bool:
    return urlsplit(url).scheme not in ("https", urlsplit(issuer).scheme)


def _read(content: bytes, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AnswerRejected(f"not {kind.__name__}") from None
