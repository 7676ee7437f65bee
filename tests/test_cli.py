"""The command line: what goes wrong ends in one sentence that says what to do, and what ends, ends cleanly."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from sqlmodel import col, select

from queue_service.cli import main
from queue_service.db import START_SECONDS, Database
from queue_service.staff.models import Account
from queue_service.staff.passwords import is_right
from tests.support.factories import a_display, a_kiosk, an_office
from tests.support.postgres import a_server
from tests.support.service import READY_SECONDS, ServiceProcess, a_free_port, a_free_socket

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """The commands run in this process, which they tell how to end."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def run(*arguments: str, **environment: str) -> Result:
    ours: dict[str, str | None] = {name: None for name in os.environ if name.startswith("QUEUE_")}
    return CliRunner().invoke(main, arguments, env=ours | environment)


def sentence(result: Result) -> str:
    """The one line that a failure says."""
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code == 1, result.output
    return result.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("command", ["serve", "demo", "migrate"])
def test_a_mistake_in_the_environment_is_a_sentence(command: str) -> None:
    said = sentence(run(command, QUEUE_PORT="many"))
    assert said == "Не получилось: QUEUE_PORT='many': нужно целое число от 0 до 65535"


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_a_taken_port_is_a_sentence_with_a_way_out(command: str, tmp_path: Path) -> None:
    with a_free_socket() as taken:
        taken.listen()
        port = taken.getsockname()[1]
        said = sentence(run(command, QUEUE_PORT=str(port), QUEUE_DATA_DIR=str(tmp_path)))
    assert said.startswith(f"Не получилось: Порт {port} на 127.0.0.1 занят")
    assert said.endswith(f"задайте другой порт: QUEUE_PORT={port + 1}.")
    assert list(tmp_path.iterdir()) == [], "a database was made for nothing"


@pytest.mark.parametrize("url", ["postgresql://queue@127.0.0.1:1/queue", "postgres://queue@127.0.0.1:1/queue"])
def test_a_database_that_is_not_there_is_a_sentence(url: str) -> None:
    said = sentence(run("migrate", QUEUE_DATABASE_URL=url))
    assert said.startswith("Не получилось: База данных из QUEUE_DATABASE_URL недоступна: ")


def test_a_database_that_stands_still_while_everything_starts_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than for a connection while visitors wait."""
    waited: list[float] = []

    async def stands_still(*_: object, **what: float) -> None:
        waited.append(what["timeout"])
        raise TimeoutError

    monkeypatch.setattr(asyncpg, "connect", stands_still)
    assert "недоступна: TimeoutError" in sentence(run("migrate", QUEUE_DATABASE_URL="postgresql://queue@127.0.0.1/queue"))
    assert waited == [START_SECONDS]
    assert START_SECONDS >= 30


def test_a_wrong_password_or_name_of_a_database_is_a_sentence(database_url: str) -> None:
    said = sentence(run("migrate", QUEUE_DATABASE_URL=database_url.replace("/queue", "/atlantis", 1)))
    assert "недоступна: database" in said
    assert "atlantis" in said


def test_a_data_folder_that_cannot_be_is_a_sentence() -> None:
    said = sentence(run("migrate", QUEUE_DATA_DIR="/dev/null/queue"))
    assert said.startswith("Не получилось: Папку данных «/dev/null/queue» нельзя создать: ")


def test_an_administrator_is_made_once_and_can_sign_in(run_in_loop: Run, database: Database, database_url: str) -> None:
    arguments = ("create-admin", " Anna ", "--name", "Смирнова Анна", "--password", "десять букв")
    made = run(*arguments, QUEUE_DATABASE_URL=database_url)
    assert made.exit_code == 0, made.output

    async def signed_in() -> Account:
        async with database.session() as db:
            return (await db.exec(select(Account).where(col(Account.login) == "anna"))).one()

    account = run_in_loop(signed_in())
    assert is_right(account.password_hash or "", "десять букв")
    assert (account.name, account.role, account.office_id) == ("Смирнова Анна", "city_administrator", None)
    again = run(*arguments, QUEUE_DATABASE_URL=database_url)
    assert sentence(again) == "Не получилось: учётная запись anna уже есть."


def test_a_short_password_is_refused_before_anything_starts(tmp_path: Path) -> None:
    said = sentence(run("create-admin", "anna", "--name", "Анна", "--password", "123", QUEUE_DATA_DIR=str(tmp_path)))
    assert said == "Не получилось: пароль короче 10 символов."
    assert list(tmp_path.iterdir()) == []


def test_a_working_citys_database_is_borrowed_by_short_commands_and_not_shared_by_another_service() -> None:
    """Making an administrator beside a working city must not stop the city. In processes: they are what the folder belongs to."""

    def beside(command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "QUEUE_DATA_DIR": str(folder.parent), "QUEUE_PORT": str(a_free_port())}
        environment.pop("QUEUE_DATABASE_URL", None)
        program = Path(sys.executable).parent / "queue-service"
        return subprocess.run(
            [program, command], env=environment, capture_output=True, encoding="utf-8", timeout=READY_SECONDS, check=False
        )

    with a_server() as server:
        folder = server._folder
        migrated, refused = beside("migrate"), beside("serve")
        assert migrated.returncode == 0, migrated.stderr
        assert refused.returncode == 1
        assert "уже работает другой запущенный сервис" in refused.stderr
        assert server._psql("queue", "SELECT count(*) FROM office") == "0\n"
        server.stop()
        assert run("migrate", QUEUE_DATA_DIR=str(folder.parent)).exit_code == 0
        assert not (folder / "postmaster.pid").exists(), "nobody else needs it, so it is stopped again"


@pytest.mark.parametrize("workers", [1, 2])
async def test_a_service_that_is_told_to_stop_finishes_what_it_does(
    service_process: Callable[..., Awaitable[ServiceProcess]], database: Database, workers: int
) -> None:
    office = await an_office(database)
    kiosk, display = await a_kiosk(database, office), await a_display(database, office)
    service = await service_process(workers=workers)
    async with service.watch(f"/live/board?office={office.slug}&token={display}") as board:
        await board.next()
        requests = [asyncio.create_task(service.take(kiosk)) for _ in range(8)]
        answers = await asyncio.gather(*requests)
        code = await asyncio.to_thread(service.stop)
        assert await board.closed() == 1012, "come again"
    assert [answer.status_code for answer in answers] == [201] * 8
    assert code in (0, -signal.SIGTERM)
    assert "Traceback" not in service.log.read_text()
