"""A service does not start in the open with what everybody knows; what is merely unwise is said and allowed."""

import re

import pytest
from argon2 import PasswordHasher

from queue_service import precautions
from queue_service.db import Database
from queue_service.demo import PASSWORD as PRINTED
from queue_service.errors import SettingsError
from queue_service.precautions import HASHES_TRIED, PRINTED_SECRETS, refuse_public_demo, refuse_unsafe, unwise
from queue_service.settings import CHECKOUT, OidcSettings, Settings
from queue_service.staff.models import Role
from tests.support.factories import a_clerk, an_office
from tests.support.service import HASH_KEY, SEAL_KEY


@pytest.mark.parametrize("url", ["http://queue.example.ru", "http://192.168.0.5:8000", "http://hall.local"])
def test_without_tls_only_a_closed_network_is_served(url: str) -> None:
    with pytest.raises(SettingsError, match="QUEUE_ALLOW_HTTP=on"):
        refuse_unsafe(Settings(public_url=url))
    refuse_unsafe(Settings(public_url=url, allow_http=True))


@pytest.mark.parametrize(
    "url", ["https://queue.example.ru", "http://localhost:8000", "http://127.0.0.1", "http://[::1]:9", "http://a.localhost"]
)
def test_tls_or_this_machine_is_enough(url: str) -> None:
    refuse_unsafe(Settings(public_url=url))


@pytest.mark.parametrize("url", ["https://queue.example.ru", "http://queue.example.ru:8000", "http://8.8.8.8", "http://example.ru."])
def test_the_demo_does_not_stand_in_the_open(url: str) -> None:
    with pytest.raises(SettingsError, match="напечатаны"):
        refuse_public_demo(Settings(public_url=url, allow_http=True))


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://192.168.0.5:8000", "http://demo.local", "http://demo:8000"])
def test_the_demo_may_be_tried_from_a_phone_beside(url: str) -> None:
    refuse_public_demo(Settings(public_url=url, host="0.0.0.0"))


def test_a_demo_that_listens_on_a_public_address_is_refused_too() -> None:
    with pytest.raises(SettingsError):
        refuse_public_demo(Settings(host="8.8.8.8"))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        (Settings(sms_token="TOKEN"), "QUEUE_SMS_TOKEN"),
        (Settings(smtp_url="smtp://queue:PASSWORD@mail.example.ru:587"), "QUEUE_SMTP_URL"),
        (Settings(database_url="postgresql://queue:PASSWORD@db.example.ru/queue"), "QUEUE_DATABASE_URL"),
        (Settings(oidc=OidcSettings("https://id.example.ru", "queue", "SECRET")), "QUEUE_OIDC_CLIENT_SECRET"),
    ],
)
def test_a_secret_of_an_example_is_none(settings: Settings, name: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name}: .* из примера"):
        refuse_unsafe(settings)


def printed() -> dict[str, str]:
    """Whatever a newcomer copies from."""
    folders = [CHECKOUT / "README.md", CHECKOUT / "SECURITY.md", *(CHECKOUT / "deploy").iterdir()]
    return {path.name: path.read_text(encoding="utf-8") for path in folders if path.is_file()}


def test_every_secret_in_the_examples_is_known_and_no_key_is_printed() -> None:
    for name, text in printed().items():
        secrets = re.findall(r"://\w+:(\w+)@", text) + re.findall(r"^#?QUEUE_\w*(?:TOKEN|SECRET)=(\w+)", text, re.MULTILINE)
        assert set(secrets) <= PRINTED_SECRETS | {"name", "password", "имя", "пароль"}, name
        assert re.findall(r"[A-Za-z0-9_-]{43}=", text) == [], f"{name} prints a key: somebody would use it"
        assert SEAL_KEY not in text
        assert HASH_KEY not in text


CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def found(url: str) -> str | None:
    return await precautions._who_has_the_printed_password(url)


async def test_the_demos_password_is_found_among_a_citys_people(database: Database, database_url: str) -> None:
    """The demo's accounts share one hash: they are found behind any number of people with hashes of their own."""
    office = await an_office(database)
    for _ in range(HASHES_TRIED + 3):
        own = await a_clerk(database, office, role=Role.OFFICE_HEAD)
        await database.hot.execute("UPDATE account SET password_hash = $2 WHERE id = $1", own.account_id, CHEAP.hash(own.login))
    assert await found(database_url) is None
    demo = [await a_clerk(database, office) for _ in range(2)]
    await database.hot.execute(
        "UPDATE account SET password_hash = $2 WHERE id = ANY($1)", [each.account_id for each in demo], CHEAP.hash(PRINTED)
    )
    assert await found(database_url) == demo[0].login
    await database.hot.execute("UPDATE account SET active = false")
    assert await found(database_url) is None, "who cannot sign in harms nobody"


async def test_one_administrator_with_the_demos_password_is_enough(database: Database, database_url: str) -> None:
    office = await an_office(database)
    for _ in range(HASHES_TRIED + 3):
        own = await a_clerk(database, office)
        await database.hot.execute("UPDATE account SET password_hash = $2 WHERE id = $1", own.account_id, CHEAP.hash(own.login))
    admin = await a_clerk(database, None, role=Role.CITY_ADMINISTRATOR)
    await database.hot.execute("UPDATE account SET password_hash = $2 WHERE id = $1", admin.account_id, CHEAP.hash(PRINTED))
    assert await found(database_url) == admin.login
    await database.hot.execute("UPDATE account SET password_hash = 'no hash' WHERE id = $1", admin.account_id)
    assert await found(database_url) is None


def test_the_refusal_names_somebody_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def admin(_: str) -> str:
        return "admin"

    monkeypatch.setattr(precautions, "_who_has_the_printed_password", admin)
    with pytest.raises(SettingsError, match=r"учётной записи admin .* Смените пароли"):
        precautions.refuse_printed_passwords("postgresql://x")


def test_what_is_unwise_is_said_only_where_it_matters() -> None:
    open_, here = (
        Settings(public_url="https://queue.example.ru", second_factor="optional", rate_limits=False),
        Settings(second_factor="optional"),
    )
    assert [warning.partition(":")[0] for warning in unwise(open_)] == ["QUEUE_SECOND_FACTOR=optional", "QUEUE_RATE_LIMITS=off"]
    assert unwise(here) == []
