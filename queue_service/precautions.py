"""What must not be so when a service starts for real: printed passwords, printed keys, a public address without TLS.

Each refusal is a sentence that says how to mend it. Refuses to guess about anything else: what is merely unwise is a warning.
"""

import asyncio
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import asyncpg
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from queue_service.db import SERVICE_ROLE, START_SECONDS
from queue_service.demo import PASSWORD
from queue_service.errors import SettingsError
from queue_service.settings import Settings, is_this_machine

PRINTED_SECRETS: Final = frozenset({"PASSWORD", "TOKEN", "SECRET", "changeme", "secret", "password"})
"""Words that stand in our examples where a secret belongs. No key is printed anywhere; `tests/test_precautions.py` looks for some."""
HASHES_TRIED: Final = 12
"""Each costs tens of milliseconds. The demo gives one hash to all of its accounts, so hashes that several share come first, then
those of city administrators."""
OWN_NETWORK: Final = (".local", ".localhost", ".lan", ".internal", ".intranet", ".home.arpa", ".test")

_HASHES = """
SELECT password_hash, min(login) AS login
  FROM account
 WHERE active AND password_hash IS NOT NULL
 GROUP BY password_hash
 ORDER BY count(*) DESC, bool_or(role = 'city_administrator') DESC, min(id)
 LIMIT $1
"""


def refuse_unsafe(settings: Settings) -> None:
    """SettingsError for what the environment alone shows."""
    if settings.public_url.startswith("http://") and not is_this_machine(settings.public_url) and not settings.allow_http:
        raise SettingsError(
            f"QUEUE_PUBLIC_URL={settings.public_url}: без https пароли и номера талонов идут по сети открыто. Поставьте перед сервисом TLS "
            "(deploy/nginx.conf) и задайте адрес с https://, а для закрытой сети — QUEUE_ALLOW_HTTP=on."
        )
    secrets = {
        "QUEUE_SEAL_KEYS": settings.seal_keys,
        "QUEUE_HASH_KEY": (settings.hash_key,),
        "QUEUE_SMS_TOKEN": (settings.sms_token,),
        "QUEUE_OIDC_CLIENT_SECRET": (settings.oidc.client_secret if settings.oidc else None,),
        "QUEUE_DATABASE_URL": (urlsplit(settings.database_url or "").password,),
        "QUEUE_SMTP_URL": (urlsplit(settings.smtp_url or "").password,),
    }
    for name, values in secrets.items():
        if PRINTED_SECRETS & {value for value in values if value}:
            raise SettingsError(f"{name}: это значение из примера, его знают все. Задайте своё.")


def refuse_public_demo(settings: Settings) -> None:
    """SettingsError where the demo, whose passwords are printed, would stand in the open."""
    host = urlsplit(settings.public_url).hostname or ""
    if _is_public(host) or _is_public(settings.host):
        raise SettingsError(
            f"Демонстрационный город не запускается на открытом адресе ({settings.public_url}): пароли его учётных записей напечатаны. "
            "Для настоящей работы: queue-service migrate, create-admin, serve."
        )


def _is_public(host: str) -> bool:
    """Whether strangers can know the host; a name without a dot or of one's own network is nobody else's."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.rstrip(".") and not host.rstrip(".").endswith(OWN_NETWORK)


def refuse_printed_passwords(url: str) -> None:
    """SettingsError where somebody still has the demo's password."""
    login = asyncio.run(_who_has_the_printed_password(url))
    if login is not None:
        raise SettingsError(
            f"У учётной записи {login} (и, возможно, у других) пароль демонстрационного города, он напечатан в его описании. "
            "Смените пароли или отключите эти учётные записи; для знакомства с сервисом запускайте demo."
        )


async def _who_has_the_printed_password(url: str) -> str | None:
    connection = await asyncpg.connect(url, timeout=START_SECONDS, server_settings={"role": SERVICE_ROLE})
    try:
        rows = await connection.fetch(_HASHES, HASHES_TRIED)
    finally:
        await connection.close()
    return next((str(row["login"]) for row in rows if _verifies(row["password_hash"])), None)


def _verifies(password_hash: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, PASSWORD)
    except (VerificationError, InvalidHashError):
        return False


def unwise(settings: Settings) -> list[str]:
    """What is allowed and should be known."""
    warnings = []
    if settings.second_factor == "optional" and settings.public_url.startswith("https://"):
        warnings.append("QUEUE_SECOND_FACTOR=optional: администраторы могут входить по одному паролю.")
    if not settings.rate_limits and settings.public_url.startswith("https://"):
        warnings.append("QUEUE_RATE_LIMITS=off: частота запросов не ограничена.")
    return warnings
