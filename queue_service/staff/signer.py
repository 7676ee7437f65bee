"""How the service proves to a sign-in provider that it is who it says: by a fixed secret, or by a signature made for each request.

ЕСИА knows no fixed secret: `client_secret` is a detached PKCS#7 signature, in url-safe base64, over scope, timestamp, client_id and
state written one after the other, and the timestamp travels with it. The signer here signs with RSA. ГОСТ Р 34.10-2012, which ЕСИА asks of
systems in production, needs a certified cryptographic module (its library, or its program run with these bytes on standard input): such a
signer is a third class with the same two members, and nothing else changes. Refuses to write a key or a signature anywhere else.
"""

import base64
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import pkcs7

from queue_service.errors import SettingsError
from queue_service.settings import OidcSettings

SIGNED = ("scope", "timestamp", "client_id", "state")
"""What ЕСИА wants signed, in this order and with nothing between."""


class Signer(Protocol):
    @property
    def every_request(self) -> bool:
        """Whether the secret also goes with the person to the provider and hangs on the request, the moment among it."""

    def client_secret(self, parameters: Mapping[str, str], now: datetime) -> str:
        """The secret for a request with these parameters."""


class FixedSecret:
    every_request = False

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def client_secret(self, parameters: Mapping[str, str], now: datetime) -> str:
        return self._secret


class EsiaSigner:
    every_request = True

    def __init__(self, key: RSAPrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self._certificate = certificate

    @staticmethod
    def from_file(path: Path) -> "EsiaSigner":
        """A PEM file with an RSA key and its certificate. Raises SettingsError."""
        try:
            content = path.read_bytes()
            key = serialization.load_pem_private_key(content, None)
            certificate = x509.load_pem_x509_certificate(content)
        except (OSError, ValueError, TypeError) as error:
            raise SettingsError(f"QUEUE_OIDC_SIGNER={path}: нужен файл PEM с ключом без пароля и его сертификатом.") from error
        if not isinstance(key, RSAPrivateKey):
            raise SettingsError(f"QUEUE_OIDC_SIGNER={path}: здесь подписывают ключом RSA; для ГОСТ нужен сертифицированный модуль.")
        if key.public_key() != certificate.public_key():
            raise SettingsError(f"QUEUE_OIDC_SIGNER={path}: сертификат выдан на другой ключ.")
        return EsiaSigner(key, certificate)

    def client_secret(self, parameters: Mapping[str, str], now: datetime) -> str:
        text = "".join({**parameters, "timestamp": moment(now)}[name] for name in SIGNED)
        options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
        builder = pkcs7.PKCS7SignatureBuilder().set_data(text.encode()).add_signer(self._certificate, self._key, hashes.SHA256())
        return base64.urlsafe_b64encode(builder.sign(serialization.Encoding.DER, options)).decode()


def moment(now: datetime) -> str:
    """As ЕСИА writes it: 2026.03.12 14:03:00 +0300."""
    return now.strftime("%Y.%m.%d %H:%M:%S %z")


def signer_of(settings: OidcSettings) -> Signer | None:
    """None: nothing but PKCE. Raises SettingsError for an unusable key."""
    if settings.signer is not None:
        return EsiaSigner.from_file(settings.signer)
    return FixedSecret(settings.client_secret) if settings.client_secret is not None else None
