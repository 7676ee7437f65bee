"""What the environment may say: defaults, every variable, and a sentence for each value that cannot be used."""

import dataclasses
from pathlib import Path

import pytest

from queue_service.errors import SettingsError
from queue_service.settings import CHECKOUT, OidcSettings, Settings

OIDC = {
    "QUEUE_OIDC_ISSUER": "https://id.example.ru/",
    "QUEUE_OIDC_CLIENT_ID": "queue",
    "QUEUE_OIDC_CLIENT_SECRET": "s3cret",
    "QUEUE_OIDC_NAME": "Госуслуги",
    "QUEUE_OIDC_SCOPES": "openid email",
}


def test_an_empty_environment_is_enough() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    assert settings.data_dir == CHECKOUT / ".data"
    assert settings.database_url is None


def test_every_variable_is_heard() -> None:
    settings = Settings.from_environment(
        {
            "QUEUE_HOST": "0.0.0.0",
            "QUEUE_PORT": "9000",
            "QUEUE_WORKERS": "4",
            "QUEUE_DATA_DIR": "/var/lib/queue",
            "QUEUE_ASSETS_DIR": "/usr/share/queue",
            "QUEUE_DATABASE_URL": "postgresql://db/queue",
            "QUEUE_PUBLIC_URL": "https://queue.example/",
            "QUEUE_HOT_POOL_SIZE": "12",
            "QUEUE_RATE_LIMITS": "off",
            "QUEUE_LOG_LEVEL": "debug",
            "QUEUE_ALLOW_HTTP": "on",
            **OIDC,
        }
    )
    assert settings == Settings(
        host="0.0.0.0",
        port=9000,
        workers=4,
        data_dir=Path("/var/lib/queue"),
        assets_dir=Path("/usr/share/queue"),
        database_url="postgresql://db/queue",
        public_url="https://queue.example",
        hot_pool_size=12,
        rate_limits=False,
        log_level="debug",
        allow_http=True,
        oidc=OidcSettings("https://id.example.ru", "queue", "s3cret", "Госуслуги", "openid email"),
    )


def test_the_address_in_the_code_follows_the_port() -> None:
    assert Settings.from_environment({"QUEUE_PORT": "9000"}).public_url == "http://localhost:9000"


def test_the_short_scheme_of_hosting_panels_is_understood() -> None:
    assert Settings.from_environment({"QUEUE_DATABASE_URL": "postgres://db/queue"}).database_url == "postgresql://db/queue"


def test_an_empty_variable_is_as_good_as_none() -> None:
    settings = Settings.from_environment({"QUEUE_DATABASE_URL": "", "QUEUE_DATA_DIR": ""})
    assert settings == Settings()


def test_the_home_folder_is_meant_by_its_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/anna")
    assert Settings.from_environment({"QUEUE_DATA_DIR": "~/queue"}).data_dir == Path("/home/anna/queue")


@pytest.mark.parametrize("value", ["abc", "", "-1", "65536", "80.5", "8 000", "٨٠٠٠", "0x50", "1e3"])
def test_a_port_that_is_none_is_named(value: str) -> None:
    with pytest.raises(SettingsError, match=r"^QUEUE_PORT='.*': нужно целое число от 0 до 65535$"):
        Settings.from_environment({"QUEUE_PORT": value})


@pytest.mark.parametrize("name", ["QUEUE_WORKERS", "QUEUE_HOT_POOL_SIZE"])
@pytest.mark.parametrize("value", ["0", "65", "many"])
def test_a_number_out_of_reason_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}='{value}': нужно целое число от 1 до 64$"):
        Settings.from_environment({name: value})


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize("spelling", ["postgres://q@db/queue", "postgresql://q@db/queue", "postgresql+asyncpg://q@db/queue"])
def test_the_usual_spellings_of_a_database_address_are_one(spelling: str) -> None:
    assert Settings.from_environment({"QUEUE_DATABASE_URL": spelling}).database_url == "postgresql://q@db/queue"


def test_an_address_of_another_kind_of_database_is_refused_in_a_sentence() -> None:
    with pytest.raises(SettingsError, match="QUEUE_DATABASE_URL"):
        Settings.from_environment({"QUEUE_DATABASE_URL": "mysql://q@db/queue"})


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"QUEUE_OIDC_ISSUER": "http://id.example.ru"}, "QUEUE_OIDC_ISSUER"),
        ({"QUEUE_OIDC_ISSUER": "id.example.ru"}, "QUEUE_OIDC_ISSUER"),
        ({"QUEUE_OIDC_CLIENT_ID": ""}, "QUEUE_OIDC_CLIENT_ID"),
        ({"QUEUE_OIDC_SCOPES": "email"}, "QUEUE_OIDC_SCOPES"),
        ({"QUEUE_OIDC_SIGNER": "/etc/key.pem"}, "QUEUE_OIDC_CLIENT_SECRET"),
    ],
)
def test_a_provider_that_cannot_be_used_is_named(wrong: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}"):
        Settings.from_environment({**OIDC, **wrong})


def test_a_provider_signs_requests_or_needs_no_secret_at_all() -> None:
    signed = Settings.from_environment({**OIDC, "QUEUE_OIDC_CLIENT_SECRET": "", "QUEUE_OIDC_SIGNER": "/etc/key.pem"}).oidc
    assert signed is not None
    assert (signed.signer, signed.client_secret) == (Path("/etc/key.pem"), None)
    plain = Settings.from_environment(
        {"QUEUE_OIDC_ISSUER": "http://localhost:3000", "QUEUE_OIDC_CLIENT_ID": "queue", "QUEUE_OIDC_SIGNER": "none"}
    )
    assert plain.oidc == OidcSettings("http://localhost:3000", "queue")
    assert Settings.from_environment({}).oidc is None
