"""The command line: `queue-service demo | serve | migrate | create-admin | import | export | simulate`.

Every failure that a person can mend ends in one sentence that says how. Refuses to hold logic of its own.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import asyncpg
import click
import uvicorn
from uvicorn.supervisors import Multiprocess

from queue_service.administration.console import export_text, import_text
from queue_service.administration.rotation import look_over, reseal
from queue_service.audit.journal import SYSTEM, Act, record
from queue_service.db import START_SECONDS, opened
from queue_service.demo import DemoCity, prepare_demo, table_of_links
from queue_service.errors import DomainError, SettingsError
from queue_service.limits.wire import doors_of
from queue_service.precautions import refuse_printed_passwords, refuse_public_demo, refuse_unsafe, unwise
from queue_service.schema import upgrade_now
from queue_service.sealing import KEY_FILE, LOOK_AGAIN_SECONDS, KeyRing, change_keys, kept_keys, new_key
from queue_service.settings import Settings
from queue_service.simulator.arrivals import LONGEST_HOURS
from queue_service.staff.errors import WeakPassword
from queue_service.staff.models import Account, Role
from queue_service.staff.passwords import hash_password, judge_now
from queue_service.timing import clock

STANDSTILL_SECONDS = 20
"""A worker that is silent for so long is replaced: a disk that hesitates for seconds must not cost everybody their sockets."""
GRACE_SECONDS = 5
"""A request takes milliseconds; five seconds are for the slowest phone, not for the slowest query."""
WEBSOCKET_MESSAGE_BYTES = 4096
"""Clients have nothing to tell us over a socket."""


def _fail(message: str) -> NoReturn:
    click.echo(f"Не получилось: {message}", err=True)
    sys.exit(1)


@contextmanager
def _database(settings: Settings, *, borrow: bool = False) -> Iterator[Settings]:
    """Settings with a database URL: the given one, or that of the embedded server for as long as the block runs.

    `borrow` leaves a server running that ran already: a short command beside a working city.
    """
    if settings.database_url:
        asyncio.run(_reach(settings.database_url))
        yield settings
        return
    # Workers import the command line too, and none of them starts a server.
    from queue_service.embedded import EmbeddedServer

    click.echo(f"Запускаю встроенный PostgreSQL в {settings.data_dir / 'postgres'}", err=True)
    server = EmbeddedServer(settings.data_dir)
    url = server.start(borrow=borrow)
    try:
        yield replace(settings, database_url=url)
    finally:
        server.stop()


async def _reach(url: str) -> None:
    try:
        connection = await asyncpg.connect(url, timeout=START_SECONDS)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise SettingsError(
            f"База данных из QUEUE_DATABASE_URL недоступна: {str(error) or type(error).__name__}. "
            "Проверьте адрес, имя и пароль и что PostgreSQL запущен."
        ) from error
    await connection.close()


def _check_port(settings: Settings) -> None:
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SettingsError(
                f"Порт {settings.port} на {settings.host} занят или недоступен ({error.strerror}). "
                f"Остановите другую программу или задайте другой порт: QUEUE_PORT={settings.port + 1}."
            ) from error


STARTUP_FAILED = 3
"""uvicorn's own exit code for it."""


def _serve(settings: Settings) -> None:
    """Runs the workers until a signal; all of them read the same environment."""
    assert settings.database_url is not None
    os.environ["QUEUE_DATABASE_URL"] = settings.database_url
    os.environ.pop("QUEUE_OWNER_URL", None)  # no worker can become the owner
    os.environ["QUEUE_HOST"], os.environ["QUEUE_PORT"] = settings.host, str(settings.port)
    if settings.workers > 1:
        _share_metrics(settings.data_dir / f"metrics-{settings.port}")
    config = uvicorn.Config(
        "queue_service.app:from_environment",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        loop="uvloop",
        http="queue_service.limits.wire:BoundedProtocol",
        ws="queue_service.limits.line:Line",
        ws_per_message_deflate=False,
        ws_max_size=WEBSOCKET_MESSAGE_BYTES,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_worker_healthcheck=STANDSTILL_SECONDS,
    )
    doors = doors_of(config.bind_socket())
    if settings.workers > 1:
        Multiprocess(config, sockets=doors).run()
        return
    config.load_app()
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt):
        server.run(sockets=doors)
    if not server.started:
        sys.exit(STARTUP_FAILED)


def _share_metrics(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


@contextmanager
def _explained() -> Iterator[None]:
    """SIGTERM unwinds like Ctrl-C, so that the database is stopped too; mendable failures become sentences."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        yield
    except KeyboardInterrupt:
        click.echo("Остановлено.", err=True)
    except (SettingsError, DomainError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.strerror or error}. Проверьте место на диске и права на папку данных (QUEUE_DATA_DIR).")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Электронная очередь районных отделений."""


@main.command()
@click.option("--workers", type=click.IntRange(1, 64), help="Число процессов (QUEUE_WORKERS).")
def serve(workers: int | None) -> None:
    """Запустить сервис (база должна быть подготовлена: migrate)."""
    with _explained():
        settings = Settings.from_environment()
        if workers is not None:
            settings = replace(settings, workers=workers)
        refuse_unsafe(settings)
        _check_port(settings)
        with _database(settings) as ready:
            assert ready.database_url is not None
            upgrade_now(ready.database_url, ready.owner_url)
            refuse_printed_passwords(ready.database_url)
            for warning in unwise(settings):
                click.echo(f"Внимание: {warning}", err=True)
            _serve(ready)


@main.command()
def migrate() -> None:
    """Привести базу к последней схеме."""
    with _explained(), _database(Settings.from_environment(), borrow=True) as settings:
        assert settings.database_url is not None
        upgrade_now(settings.database_url, settings.owner_url)
        click.echo("Схема базы обновлена.")


@main.command()
def demo() -> None:
    """Всё сразу: база, город из 18 отделений, учётные записи, сервис."""
    with _explained():
        # Its accounts have a password that is printed for everybody, so a second factor would protect nothing.
        os.environ.setdefault("QUEUE_SECOND_FACTOR", "optional")
        settings = Settings.from_environment()
        refuse_public_demo(settings)
        _check_port(settings)
        with _database(settings) as ready:
            assert ready.database_url is not None
            click.echo("Обновляю схему базы и загружаю демонстрационный город", err=True)
            upgrade_now(ready.database_url, ready.owner_url)
            city = asyncio.run(_prepare(ready))
            click.echo(f"\nДемонстрационный город работает. Ctrl-C остановит всё.\n\n{table_of_links(city)}\n")
            _serve(ready)


async def _prepare(settings: Settings) -> DemoCity:
    assert settings.database_url is not None
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with opened(settings.database_url) as database:
        return await prepare_demo(database, settings, clock())


@main.command()
@click.option("--office", help="Код отделения; без ключа то, которое печатает demo.")
@click.option("--speed", type=click.FloatRange(0.1, 3600), default=60.0, show_default=True, help="Во сколько раз быстрее жизни.")
@click.option("--seed", type=int, default=1, show_default=True, help="Тот же seed — тот же день.")
@click.option("--visitors", type=click.IntRange(0, 5000), help="Сколько посетителей; без ключа — сколько отделению по силам.")
@click.option("--hours", type=click.FloatRange(0.1, LONGEST_HOURS), default=9.0, show_default=True, help="Сколько часов с 9:00.")
@click.option("--clerks", type=click.IntRange(1, 100), help="Сколько операторов; без ключа все, кроме двух окон для вас.")
@click.option("--demo-json", type=click.Path(path_type=Path), help="Файл доступа; без ключа demo.json в папке данных.")
def simulate(demo_json: Path | None, **wishes: Any) -> None:
    """Сыграть день посетителей и операторов через настоящий API (рядом должно работать demo)."""
    # No worker plays visitors, and each of them imports the command line.
    from queue_service.simulator.run import Order
    from queue_service.simulator.run import simulate as play

    with _explained():
        sys.exit(play(Order(demo_json or Settings.from_environment().data_dir / "demo.json", **wishes)))


@main.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Только проверить и показать, что изменится.")
@click.option("--overwrite", is_flag=True, help="Даже если после выгрузки файла настройку меняли.")
def import_(file: Path, *, dry_run: bool, overwrite: bool) -> None:
    """Загрузить настройку города (или одного отделения) из файла."""
    with _explained(), _database(Settings.from_environment(), borrow=True) as settings:
        assert settings.database_url is not None
        upgrade_now(settings.database_url, settings.owner_url)
        text = file.read_text(encoding="utf-8-sig")
        click.echo(asyncio.run(import_text(settings.database_url, text, dry_run=dry_run, overwrite=overwrite)))


@main.command()
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Файл; без ключа на экран.")
def export(output: Path | None) -> None:
    """Выгрузить настройку города в файл, который читает import."""
    with _explained(), _database(Settings.from_environment(), borrow=True) as settings:
        assert settings.database_url is not None
        upgrade_now(settings.database_url, settings.owner_url)
        text = asyncio.run(export_text(settings.database_url))
        if output is None:
            click.echo(text, nl=False)
        else:
            output.write_text(text, encoding="utf-8")


@main.command("create-admin")
@click.argument("login")
@click.option("--name", required=True, help="Фамилия и имя.")
@click.password_option("--password", help="Пароль; без ключа будет запрошен.")
def create_admin(login: str, name: str, password: str) -> None:
    """Создать администратора города."""
    try:
        judge_now(password, (login, name))
    except WeakPassword as error:
        _fail(str(error)[0].lower() + str(error)[1:])
    with _explained(), _database(Settings.from_environment(), borrow=True) as settings:
        assert settings.database_url is not None
        upgrade_now(settings.database_url, settings.owner_url)
        asyncio.run(_create_admin(settings.database_url, login.strip().lower(), name, password))
        click.echo(f"Администратор {login} создан.")


async def _create_admin(url: str, login: str, name: str, password: str) -> None:
    async with opened(url) as database:
        if await database.hot.fetchval("SELECT 1 FROM account WHERE login = $1", login):
            raise SettingsError(f"учётная запись {login} уже есть.")
        async with database.session() as db:
            made = Account(login=login, name=name, password_hash=hash_password(password), role=Role.CITY_ADMINISTRATOR)
            db.add(made)
            await db.flush()
            record(db, SYSTEM, Act("account.created", f"account:{made.id}", after={"login": login, "role": made.role}), clock())


@main.command("rotate-keys")
@click.option("--drop-old", is_flag=True, help="Убрать прежние ключи, если ими ничего больше не зашифровано.")
def rotate_keys(drop_old: bool) -> None:
    """Сменить ключ персональных данных; сервис при этом работает."""
    with _explained(), _database(Settings.from_environment(), borrow=True) as settings:
        for line in asyncio.run(_drop_old_keys(settings) if drop_old else _rotate_keys(settings)):
            click.echo(line)


async def _rotate_keys(settings: Settings) -> list[str]:
    assert settings.database_url is not None
    if settings.seal_keys:
        KeyRing.of(settings)
        said = [
            f"Ключи заданы в QUEUE_SEAL_KEYS. Новый ключ: {new_key()}",
            "Поставьте его там первым, через запятую перед прежними, на всех машинах, перезапустите сервис и повторите эту команду.",
        ]
    else:
        change_keys(settings.data_dir, lambda keys: [new_key(), *keys])
        said = [f"Новый ключ записан первым в {settings.data_dir / KEY_FILE}."]
        await asyncio.sleep(2 * LOOK_AGAIN_SECONDS)  # by then every worker seals with it
    async with opened(settings.database_url) as database:
        done = await reseal(database.hot, KeyRing.of(settings))
        async with database.session() as db:
            counts = {"resealed": done.resealed, "unreadable": done.unreadable}
            record(db, SYSTEM, Act("keys.rotated", "keys", after=counts), clock())
    said.append(f"Зашифровано первым ключом заново: {done.resealed}.")
    if done.unreadable:
        said.append(f"Не открывается ни одним ключом: {done.unreadable}. Верните недостающий ключ и повторите.")
    said.append(
        "Прежние ключи пока нужны: ими открываются резервные копии, сделанные до этого. "
        "Когда такие копии больше не нужны: queue-service rotate-keys --drop-old"
    )
    return said


async def _drop_old_keys(settings: Settings) -> list[str]:
    assert settings.database_url is not None
    ring = KeyRing.of(settings)
    async with opened(settings.database_url) as database:
        found = await look_over(database.hot, ring)
        if found.stale or found.unreadable:
            raise SettingsError(
                f"прежними ключами зашифровано значений: {found.stale}, ни одним из ключей не открывается: {found.unreadable}. "
                "Сначала выполните queue-service rotate-keys."
            )
        if settings.seal_keys:
            return ["Прежние ключи больше не нужны: оставьте в QUEUE_SEAL_KEYS только первый и перезапустите сервис."]
        checked = kept_keys(settings.data_dir).seal
        async with database.session() as db:
            # A key that somebody put in front meanwhile stays, and so does the one that we checked.
            left = change_keys(settings.data_dir, lambda keys: keys[: keys.index(checked[0]) + 1]).seal
            record(db, SYSTEM, Act("keys.dropped", "keys", after={"left": len(left)}), clock())
    return [f"Остались ключи: {len(left)}. Резервные копии, сделанные до смены ключа, больше не прочесть."]
