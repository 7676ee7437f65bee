"""What the environment may say, read once at start and passed on.

Refuses to be a module global: whoever needs a setting gets a `Settings`, so that two services can run in one test process.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from queue_service.errors import SettingsError

CHECKOUT = Path(__file__).resolve().parent.parent


def _libpq_url(url: str | None, variable: str = "QUEUE_DATABASE_URL") -> str | None:
    """The usual spellings of one thing: hosting panels say postgres://, SQLAlchemy names its driver."""
    if not url:
        return None
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise SettingsError(f"{variable}: нужен адрес вида postgresql://имя:пароль@узел:5432/база")
    return f"postgresql://{rest}"


SecondFactor = Literal["optional", "administrators", "everybody"]


def is_this_machine(url: str) -> bool:
    """Whether the address leads nowhere but here: what travels to it cannot be read on the way."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """The provider by which staff may sign in."""

    issuer: str
    client_id: str
    client_secret: str | None = None
    """None: no secret (PKCE alone), or one that `signer` makes for each request."""
    name: str = "OpenID Connect"
    """What the button says after «Войти через»."""
    scopes: str = "openid profile"
    signer: Path | None = None
    """PEM file with the key and the certificate that sign requests as ЕСИА wants it."""

    @staticmethod
    def from_environment(environment: Mapping[str, str]) -> "OidcSettings | None":
        """None without an issuer. Raises SettingsError."""
        issuer = environment.get("QUEUE_OIDC_ISSUER", "").rstrip("/")
        if not issuer:
            return None
        if urlsplit(issuer).scheme != "https" and not (issuer.startswith("http://") and is_this_machine(issuer)):
            raise SettingsError("QUEUE_OIDC_ISSUER: нужен адрес вида https://узел (http:// годится только для этого же компьютера)")
        client_id, secret = environment.get("QUEUE_OIDC_CLIENT_ID", ""), environment.get("QUEUE_OIDC_CLIENT_SECRET") or None
        if not client_id:
            raise SettingsError("QUEUE_OIDC_CLIENT_ID: задайте код, под которым сервис известен поставщику входа")
        signer = environment.get("QUEUE_OIDC_SIGNER") or "none"
        if signer != "none" and secret:
            raise SettingsError(
                "QUEUE_OIDC_CLIENT_SECRET и QUEUE_OIDC_SIGNER не задаются вместе: секрет либо один, либо подписывается заново"
            )
        scopes = environment.get("QUEUE_OIDC_SCOPES") or "openid profile"
        if "openid" not in scopes.split():
            raise SettingsError("QUEUE_OIDC_SCOPES: среди слов должно быть openid")
        return OidcSettings(
            issuer=issuer,
            client_id=client_id,
            client_secret=secret,
            name=environment.get("QUEUE_OIDC_NAME") or "OpenID Connect",
            scopes=scopes,
            signer=None if signer == "none" else Path(signer).expanduser().absolute(),
        )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that differs from one installation to the next; the README lists the variables."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    data_dir: Path = CHECKOUT / ".data"
    assets_dir: Path = CHECKOUT / ".assets"
    database_url: str | None = None
    """None means the embedded server in `data_dir`."""
    owner_url: str | None = None
    """The same database as who owns its tables; None: `database_url` is the owner too. Only for the schema: no worker keeps it."""
    public_url: str = "http://localhost:8000"
    """Where citizens' phones find us: printed in QR codes, so it must be reachable from outside."""
    hot_pool_size: int = 16
    """Connections of the hot commands of one worker; more only fight for the same counter rows (performance.md). Citizens take nine of them
    at most (`limits.pressure`), reading halls again five (`live.hub`): the rest is the desks' and kiosks'."""
    rate_limits: bool = True
    second_factor: SecondFactor = "administrators"
    """Who must have one: nobody, heads, auditors and city administrators, or everybody."""
    log_level: str = "info"
    seal_keys: tuple[str, ...] = ()
    """Keys that seal names and contacts, newest first; none means a key file in `data_dir`."""
    hash_key: str | None = None
    """Key of the hash by which contacts are compared; it never changes, or nobody finds their booking again."""
    smtp_url: str | None = None
    """smtp://имя:пароль@узел:25 or smtps://; None: letters go to `messages.log` in `data_dir`, as in the demo."""
    mail_from: str = "queue@localhost"
    sms_url: str | None = None
    """The SMS gateway's address (see notifications.sms); None: to `messages.log`."""
    sms_token: str | None = None
    oidc: OidcSettings | None = None
    """By which provider staff may sign in besides their password; None: by none."""
    allow_http: bool = False
    """Whether other machines may reach us without TLS: behind a proxy that the public address does not show, in a closed network."""

    @staticmethod
    def from_environment(environment: Mapping[str, str] = os.environ) -> "Settings":
        """Reads QUEUE_*; an unusable value is a SettingsError that names the variable."""

        def number(name: str, default: int, lowest: int, highest: int) -> int:
            raw = environment.get(name, str(default))
            if not raw.isascii() or not raw.isdigit() or not lowest <= int(raw) <= highest:
                raise SettingsError(f"{name}={raw!r}: нужно целое число от {lowest} до {highest}")
            return int(raw)

        def one_of(name: str, words: tuple[str, ...], default: str) -> Any:
            raw = environment.get(name) or default
            if raw not in words:
                raise SettingsError(f"{name}={raw!r}: нужно одно из слов {', '.join(words)}")
            return raw

        if environment.get("QUEUE_OWNER_URL") and not environment.get("QUEUE_DATABASE_URL"):
            raise SettingsError("QUEUE_OWNER_URL задаётся вместе с QUEUE_DATABASE_URL: это та же база от имени владельца таблиц.")
        port = number("QUEUE_PORT", 8000, 0, 65535)
        data_dir = Path(environment.get("QUEUE_DATA_DIR") or CHECKOUT / ".data").expanduser().absolute()
        return Settings(
            host=environment.get("QUEUE_HOST", "127.0.0.1"),
            port=port,
            workers=number("QUEUE_WORKERS", 1, 1, 64),
            data_dir=data_dir,
            assets_dir=Path(environment.get("QUEUE_ASSETS_DIR") or CHECKOUT / ".assets").absolute(),
            database_url=_libpq_url(environment.get("QUEUE_DATABASE_URL")),
            owner_url=_libpq_url(environment.get("QUEUE_OWNER_URL"), "QUEUE_OWNER_URL"),
            public_url=environment.get("QUEUE_PUBLIC_URL", f"http://localhost:{port}").rstrip("/"),
            hot_pool_size=number("QUEUE_HOT_POOL_SIZE", 16, 1, 64),
            rate_limits=environment.get("QUEUE_RATE_LIMITS", "on") != "off",
            second_factor=one_of("QUEUE_SECOND_FACTOR", get_args(SecondFactor), "administrators"),
            log_level=environment.get("QUEUE_LOG_LEVEL", "info"),
            seal_keys=tuple(key.strip() for key in environment.get("QUEUE_SEAL_KEYS", "").split(",") if key.strip()),
            hash_key=environment.get("QUEUE_HASH_KEY") or None,
            smtp_url=environment.get("QUEUE_SMTP_URL") or None,
            mail_from=environment.get("QUEUE_MAIL_FROM") or "queue@localhost",
            sms_url=environment.get("QUEUE_SMS_URL") or None,
            sms_token=environment.get("QUEUE_SMS_TOKEN") or None,
            oidc=OidcSettings.from_environment(environment),
            allow_http=one_of("QUEUE_ALLOW_HTTP", ("on", "off"), "off") == "on",
        )
