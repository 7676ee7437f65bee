"""How long until the service is ready, and what an idle worker weighs."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.load.http import HttpConnection
from tests.benchmarks.results import Results, Target
from tests.benchmarks.stage import Stage, say
from tests.support.service import ServiceProcess, a_free_port

GROUP = "start and rest"
SHARE = 0.15
LONGEST_START_SECONDS = 60.0
SETTLING_SECONDS = 1.0
"""After `ready`: what start-up allocated and freed is given back, the first housekeeping is over."""
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
"""Python keeps what it has compiled, as it does where nobody forbids it; some test machines do, and compile the service at every start."""
READY = b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def measure(stage: Stage, results: Results) -> None:
    database = await stage.database("started")
    for turn in stage.scale.turns(SHARE / 3):
        say(f"{GROUP}, round {turn + 1}")
        for workers in (1, 2) if stage.scale.complete else (1,):
            process = ServiceProcess({"QUEUE_DATABASE_URL": database.url, **COMPILED}, workers, stage.folder)
            began = time.monotonic()
            process.start()
            try:
                await _ready(process.port)
                took = time.monotonic() - began
                await process.ready()
                await asyncio.sleep(SETTLING_SECONDS)
                memory = max(psutil.Process(pid).memory_info().rss for pid in process.worker_pids()) / 2**20
            finally:
                process.kill()
                await process.close()
            name = f"serve, {'1 worker' if workers == 1 else f'{workers} workers'}"
            results.figure(GROUP, f"{name}: ready after", "s").add(took)
            target = Target("ours", most=120.0)
            results.figure("an idle worker", f"{name}: resident memory", "MB", target=target).add(memory)
    if stage.scale.complete:
        await _demo(stage, results)


async def _ready(port: int) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while time.monotonic() < deadline:
        try:
            connection = await HttpConnection.open(port)
            answer = await connection.ask(READY)
            connection.close()
            if answer.status == 200:
                return
        except OSError:
            pass
        await asyncio.sleep(0.02)
    raise BenchmarkError(f"The service was not ready after {LONGEST_START_SECONDS:.0f} s.")


async def _demo(stage: Stage, results: Results) -> None:
    """`queue-service demo` twice on one data folder: from nothing, then with yesterday's data."""
    folder = stage.folder / "demo"
    for name, target in (("demo from nothing: ready after", None), ("demo again: ready after", Target("ours", most=5.0))):
        say(f"{GROUP}, {name.partition(':')[0]}")
        results.figure(GROUP, name, "s", target=target).add(await _one_demo(folder))


async def _one_demo(folder: Path) -> float:
    port = a_free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("QUEUE_")}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *(Path(sys.executable).parent / "queue-service", "demo"),
        env={**environment, **COMPILED, "QUEUE_PORT": str(port), "QUEUE_DATA_DIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await _ready(port)
        return time.monotonic() - began
    finally:
        # Ctrl-C, so that its database is stopped with it.
        process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), LONGEST_START_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
