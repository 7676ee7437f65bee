"""Plays a plan on a real service and comes back with a log and a dump; judges nothing.

First everybody works under fire, then the fire stops and nobody begins anything new, then screens get the time that a screen is given, and
then the database is read. A client that stumbles over its own feet ends the run: a check must not pass because nobody asked.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from tests.support.service import ServiceProcess
from tests.torture.city import People, Person, Server, build
from tests.torture.clients.administrator import Administrator
from tests.torture.clients.base import Client, Hall
from tests.torture.clients.citizen import Citizen
from tests.torture.clients.clerk import Clerk
from tests.torture.clients.kiosk import Kiosk
from tests.torture.clients.screens import Display, Phone
from tests.torture.dump import Dump, dump_of
from tests.torture.plan import CALM_SECONDS, Fault, FaultKind, Plan
from tests.torture.proxy import Proxy
from tests.torture.record import Line, Recorder, Struck

READY_SECONDS = 120.0
"""A machine that does other things besides; what takes longer is not slow but dead."""
REQUESTS_ARRIVE_SECONDS = 0.3
"""Time for clerks to press something that the standing worker has not read yet."""
ENDING_SECONDS = 45.0
"""A wish that has no answer so long after the fire has stopped is stuck for ever."""
SETTLING_SECONDS = 1.0
"""Twenty times what a screen needs to show the last call."""


class Stuck(Exception):
    """The run came to no end; the message says who could not go on and why. The service answers no more, or the torture is wrong."""

    service_log = ""


@dataclass(frozen=True)
class Played:
    lines: list[Line]
    dump: Dump
    cuts: int
    service_log: str


async def play(plan: Plan, server: Server, folder: Path) -> Played:
    """One run. Raises Stuck."""
    people = await build(server.url, plan.crowd)
    service = ServiceProcess({"QUEUE_DATABASE_URL": server.url, "QUEUE_LOG_LEVEL": "warning"}, plan.workers, folder)
    proxy = Proxy(plan.seed, service.port, plan.roughness)
    recorder = Recorder()
    try:
        service.start()
        await service.ready(READY_SECONDS)
        hall = Hall(recorder, await proxy.start())
        async with _everybody(hall, people, plan.seed) as clients:
            await _under_fire(plan, hall, service, server, proxy)
            await _come_to_an_end(hall, clients)
            await asyncio.sleep(SETTLING_SECONDS)
        await proxy.close()
        return Played(recorder.lines, await dump_of(server.url), proxy.cuts, service.log.read_text(errors="replace"))
    except (AssertionError, psutil.Error, Stuck) as error:  # not Stuck: the service is not ready again, or has ended
        stuck = error if isinstance(error, Stuck) else Stuck(str(error))
        stuck.service_log = service.log.read_text(errors="replace")
        raise stuck from error
    finally:
        service.kill()
        await service.close()


@asynccontextmanager
async def _everybody(hall: Hall, people: People, seed: int) -> AsyncIterator[list["asyncio.Task[None]"]]:
    """Everybody at work; yields the tasks of those who come to an end by themselves. Displays are switched off at the end."""
    chance = Random(seed + 1)
    working: list[asyncio.Task[None]] = []
    watching: list[asyncio.Task[None]] = []
    groups: Sequence[tuple[type[Client], str, Sequence[Person], list[asyncio.Task[None]]]] = (
        (Kiosk, "kiosk", people.kiosks, working),
        (Clerk, "clerk", people.clerks, working),
        (Citizen, "citizen", people.citizens, working),
        (Administrator, "administrator", people.administrators, working),
        (Phone, "phone", people.phones, working),
        (Display, "display", people.displays, watching),
    )
    clients = []
    for kind, word, group, tasks in groups:
        for number, person in enumerate(group):
            client = kind(hall, f"{word}-{number}", person.place, person.token, Random(chance.getrandbits(64)), person.account)
            clients.append(client)
            tasks.append(asyncio.create_task(client.work(), name=client.name))
    try:
        yield working
    finally:
        for task in (*working, *watching):
            task.cancel()
        ended = await asyncio.gather(*watching, return_exceptions=True)
        await asyncio.gather(*working, return_exceptions=True)
        for client in clients:
            client.close()
    for error in ended:
        if not isinstance(error, asyncio.CancelledError):
            raise Stuck(f"a display ended by itself: {error!r}")


async def _under_fire(plan: Plan, hall: Hall, service: ServiceProcess, server: Server, proxy: Proxy) -> None:
    begun = time.monotonic()
    for fault in sorted(plan.faults, key=lambda fault: fault.at):
        await asyncio.sleep(max(0.0, begun + fault.at - time.monotonic()))
        hall.recorder.note(Struck(kind=fault.kind, over=False, **hall.recorder.clocks()))
        await _strike(fault, hall, service, server, proxy)
        hall.recorder.note(Struck(kind=fault.kind, over=True, **hall.recorder.clocks()))
    await asyncio.sleep(max(0.0, begun + plan.seconds - CALM_SECONDS - time.monotonic()))
    proxy.be_kind()
    await asyncio.sleep(max(0.0, begun + plan.seconds - time.monotonic()))


async def _strike(fault: Fault, hall: Hall, service: ServiceProcess, server: Server, proxy: Proxy) -> None:
    match fault.kind:
        case FaultKind.KILL_WORKER:
            service.kill_worker()
        case FaultKind.STALL:
            await _stand_still(fault.seconds, service, proxy)
        case FaultKind.KILL_SERVICE:
            service.kill()
            service.start()
            await service.ready(READY_SECONDS)
        case FaultKind.DATABASE_FAST | FaultKind.DATABASE_IMMEDIATE:
            await server.restart(immediate=fault.kind is FaultKind.DATABASE_IMMEDIATE)
            await service.ready(READY_SECONDS)
        case FaultKind.STORM:
            proxy.storm(fault.seconds)
            await asyncio.sleep(fault.seconds)
        case FaultKind.REFUSE:
            proxy.refuse(fault.seconds)
            proxy.cut_all()
            await asyncio.sleep(fault.seconds)
        case FaultKind.BURST:
            hall.hurry = True
            await asyncio.sleep(fault.seconds)
            hall.hurry = False


async def _stand_still(seconds: float, service: ServiceProcess, proxy: Proxy) -> None:
    """The worker with the most clients."""
    clients = service.connections()
    pid = max(clients, key=clients.__getitem__)
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(REQUESTS_ARRIVE_SECONDS)
        proxy.cut_all()
        await asyncio.sleep(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


async def _come_to_an_end(hall: Hall, clients: Sequence["asyncio.Task[None]"]) -> None:
    hall.closing.set()
    _, late = await asyncio.wait(clients, timeout=ENDING_SECONDS)
    for task in late:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    failed = [f"{task.get_name()}: {task.exception()!r}" for task in clients if not task.cancelled() and task.exception() is not None]
    if late or failed:
        raise Stuck("; ".join([*failed, *(f"{task.get_name()} has no answer" for task in late)]))
