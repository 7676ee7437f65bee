"""`make bench`, or `.venv/bin/python -m tests.benchmarks [--quick] [--only NAME] [--minutes N] [--json PATH]`."""

import asyncio
import contextlib
import resource
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import click

from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.figures import FIGURES, LONG
from tests.benchmarks.machine import ROOT, description
from tests.benchmarks.results import Results
from tests.benchmarks.scale import Scale, quick, whole
from tests.benchmarks.stage import Stage, say, stage


async def _measured(scale: Scale, names: list[str]) -> Results:
    say("starting PostgreSQL and filling a city of 60 offices")
    async with stage(scale) as made:
        results = Results(description(made.folder, await _version(made)))
        for name in names:
            if scale.over():
                results.remarks.append(f"Left out: {name}, because the time was up; try --only {name}.")
            else:
                await FIGURES[name](made, results)
    return results


async def _version(made: Stage) -> str:
    connection = await asyncpg.connect(made.url("postgres"))
    try:
        version: str = await connection.fetchval("SELECT 'PostgreSQL ' || current_setting('server_version')")
    finally:
        await connection.close()
    return version


async def _until_told_to_stop(scale: Scale, names: list[str]) -> Results:
    """Ctrl-C and SIGTERM unwind alike, so that the database and the services are stopped too."""
    task = asyncio.ensure_future(_measured(scale, names))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


def _allow_many_sockets() -> None:
    """As many open files as the machine's administrator admits; the service and the load inherit it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _names(fast: bool, only: tuple[str, ...]) -> list[str]:
    return [name for name in FIGURES if (name in only if only else not (fast and name in LONG))]


@click.command()
@click.option("--quick", "fast", is_flag=True, help="One short round of the most important points, under a minute.")
@click.option("--only", type=click.Choice(list(FIGURES)), multiple=True, help="Only this figure; may be repeated.")
@click.option("--minutes", type=click.FloatRange(0.1, 600), help="So long lasts the overload, instead of seconds.")
@click.option("--json", "path", type=click.Path(path_type=Path, dir_okay=False), help="Where the JSON goes, instead of .bench/.")
def main(fast: bool, only: tuple[str, ...], minutes: float | None, path: Path | None) -> None:
    """Measures the service next to its own database. The table goes to standard output."""
    began = time.monotonic()
    _allow_many_sockets()
    try:
        scale = quick() if fast else whole()
        if minutes is not None:
            scale = scale.overloaded_for(minutes)
        results = asyncio.run(_until_told_to_stop(scale, _names(fast, only)))
    except BenchmarkError as error:
        click.echo(f"No figures: {error}", err=True)
        sys.exit(1)
    except asyncio.CancelledError:
        click.echo("Stopped; nothing was left running.", err=True)
        sys.exit(130)
    print(results.table())
    for place in [path] if path else [ROOT / ".bench" / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}.json", ROOT / ".bench" / "latest.json"]:
        results.write_json(place)
        print(f"JSON: {place}")
    print(f"It took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
