"""Signing in by an OpenID Connect provider: authorization code with PKCE, state and nonce.

All that a sign-in needs later travels in a sealed cookie, so that any worker can end what another began. Refuses to ask for more than who
somebody is, to speak to the provider (`provider` does) and to know our accounts (`linking` does).
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from queue_service.errors import DomainError

BEGUN_LIFE: Final = timedelta(minutes=10)
"""To find a password and a second factor at the provider."""


class ProviderAway(DomainError):
    status = 503
    code = "provider_away"
    sentence = {
        "ru": "Внешняя система входа сейчас не отвечает. Войдите по паролю или попробуйте позже.",
        "en": "The sign-in provider does not answer now. Use your password or try again later.",
    }


class ProviderRefused(DomainError):
    """What the provider itself said: the person declined, or may not."""

    status = 403
    code = "provider_refused"
    sentence = {
        "ru": "Вход не подтверждён: вы отказались или внешняя система не разрешила вход.",
        "en": "Signing in was not confirmed: you declined, or the provider did not allow it.",
    }


class AnswerRejected(DomainError):
    """The answer is not one that we asked for, or not the provider's. `why` is for the log."""

    status = 400
    code = "answer_rejected"
    sentence = {
        "ru": "Ответ внешней системы входа не прошёл проверку. Попробуйте войти ещё раз.",
        "en": "The provider's answer could not be verified. Please try to sign in again.",
    }

    def __init__(self, why: str) -> None:
        super().__init__()
        self.why = why


class Elsewhere(msgspec.Struct, frozen=True, tag="oidc"):
    """A sign-in that was begun here and goes on at the provider."""

    state: str
    nonce: str
    verifier: str
    until: datetime
    next: str = ""
    """Where the person wanted to go, if anywhere."""
    link: int | None = None
    """The account to which its owner, who is signed in, ties the provider's."""
    invitation: str | None = None
    """The link by which the person was invited."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Who somebody is at the provider; nothing else of what it says is kept."""

    issuer: str
    id: str


def leave(now: datetime, *, to: str = "", link: int | None = None, invitation: str | None = None) -> Elsewhere:
    """What the cookie keeps of a sign-in that begins now."""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    return Elsewhere(state, nonce, verifier, now + BEGUN_LIFE, to, link, invitation)
