"""Puts a simulated day together and plays it: reads the office's menu, plans, lets people in, waits until the last desk closes.

Refuses to start on a wish that cannot come true (no demo, no service, a closed office): each gets a sentence.
"""

import asyncio
import signal
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
import httpx

from queue_service.errors import SettingsError
from queue_service.simulator import demand
from queue_service.simulator.access import Access, ClerkAccess, read_access
from queue_service.simulator.clerk import Clerk
from queue_service.simulator.day import Day
from queue_service.simulator.desk import Desk, Refused
from queue_service.simulator.hall import Hall
from queue_service.simulator.plan import Crowd, PlannedVisitor, plan_visitors
from queue_service.simulator.progress import Progress, summary
from queue_service.simulator.promises import Promises
from queue_service.simulator.remote import BrokenPromise, Service, ServiceGone
from queue_service.simulator.roster import plan_shift
from queue_service.simulator.screen import Screen
from queue_service.simulator.stage import Stage
from queue_service.simulator.tally import Tally
from queue_service.simulator.visitor import Visitor
from queue_service.simulator.wire import Board, DeskSnapshot, Menu

SIGN_INS_AT_ONCE = 4
"""A password costs the service tens of milliseconds of a core; a morning rush of forty would stop the kiosks."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the person asked for."""

    demo_json: Path
    office: str | None = None
    speed: float = 60.0
    seed: int = 1
    visitors: int | None = None
    hours: float = 9.0
    clerks: int | None = None


def simulate(order: Order) -> int:
    """Exit code: 0 when every promise was kept, else 1. Raises SettingsError with what to do."""
    return asyncio.run(play_day(order))


async def play_day(order: Order, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """The same in a running loop; `transport` lets a test have a bad network."""
    access = read_access(order.demo_json, order.office)
    tally = Tally(order.speed)
    async with Service(access.base_url, tally, transport) as service:
        try:
            menu = await _open_office(service, access)
            desks = [Desk(service, clerk) for clerk in access.of.team(order.clerks)]
            click.echo(f"Операторы входят в систему: {len(desks)}", err=True)
            snapshot = await _sign_in(desks)
        except BrokenPromise as error:
            raise SettingsError(f"сервис неисправен. {error}") from error
        crowd = _crowd(order, menu, snapshot, access.of.team(order.clerks))
        day = Day(order.speed, order.hours)
        stage = Stage(
            service=service,
            day=day,
            hall=Hall(day, outside=crowd.visitors),
            tally=tally,
            promises=Promises(menu.office.time_zone),
            kiosk_token=access.of.kiosk_token,
            typical_minutes={offer.code: offer.minutes for offer in crowd.offers},
        )
        click.echo(
            f"{menu.office.name['ru']}: посетителей {crowd.visitors}, операторов {len(desks)}, "
            f"с {day.clock} {order.hours:g} ч, ускорение {order.speed:g}. Ctrl-C закончит день раньше."
        )
        clerks = [_clerk(order, turn, desk, snapshot, stage) for turn, desk in enumerate(desks)]
        return await _Show(stage, access, clerks, plan_visitors(crowd)).run()


async def _open_office(service: Service, access: Access) -> Menu:
    """The menu; the first request also finds out whether anybody is there."""
    try:
        answer = await service.send("GET", "/api/kiosk/menu", token=access.of.kiosk_token, patient=False)
    except ServiceGone as error:
        raise SettingsError(f"сервис {access.base_url} не отвечает. Запустите его в другом окне терминала: make demo.") from error
    if answer.status == 401:
        raise SettingsError("сервис не знает терминала из demo.json: это другая база. Запустите make demo ещё раз.")
    if answer.status != 200:
        raise SettingsError(f"меню терминала недоступно: {answer.status} {answer.problem.detail}")
    menu = answer.read(Menu)
    if not menu.open.now:
        sentence = (menu.open.sentence or {}).get("ru", "Отделение закрыто.")
        raise SettingsError(f"{sentence} Выберите отделение, открытое сейчас (--office).")
    return menu


async def _sign_in(desks: Sequence[Desk]) -> DeskSnapshot:
    """Everybody signs in; what one of the desks shows."""
    turnstile = asyncio.Semaphore(SIGN_INS_AT_ONCE)

    async def enter(desk: Desk) -> None:
        async with turnstile:
            await desk.sign_in()

    try:
        await asyncio.gather(*(enter(desk) for desk in desks))
        return await desks[0].snapshot()
    except Refused as refused:
        raise SettingsError(f"операторы из demo.json не могут войти ({refused}). Запустите make demo ещё раз.") from refused


def _crowd(order: Order, menu: Menu, snapshot: DeskSnapshot, team: Sequence[ClerkAccess]) -> Crowd:
    items = [
        demand.MenuItem(service.code, service.goal, service.duration_minutes, position)
        for group in menu.groups
        for position, service in enumerate(group.services)
        # A service whose tickets are gone today stays in: the plan must not depend on what was played before.
        if service.availability not in ("closed", "booking_only")
    ]
    staffed = {clerk.desk for clerk in team}
    offers = demand.offers(items, [desk.services for desk in snapshot.desks if desk.number in staffed])
    if not offers:
        raise SettingsError("эти операторы не ведут ни одной услуги живой очереди. Увеличьте --clerks.")
    return Crowd(
        seed=order.seed,
        hours=order.hours,
        visitors=order.visitors if order.visitors is not None else demand.bearable(offers, len(team), order.hours),
        offers=offers,
        privileges=[each.code for each in menu.privileges],
        needs=[each.code for each in menu.needs],
    )


def _clerk(order: Order, turn: int, desk: Desk, snapshot: DeskSnapshot, stage: Stage) -> Clerk:
    shift = plan_shift(order.seed, turn, order.hours, [reason.code for reason in snapshot.pause_reasons])
    return Clerk(desk, shift, snapshot.rules, stage, f"{order.seed}/habits/{turn}")


class _Show:
    """The tasks of one day."""

    def __init__(self, stage: Stage, access: Access, clerks: Sequence[Clerk], visitors: Sequence[PlannedVisitor]) -> None:
        self._stage = stage
        self._access = access
        self._clerks = clerks
        self._visitors = visitors
        self._progress = Progress(stage, sys.stdout)

    async def run(self) -> int:
        stage, gone = self._stage, None
        with self._stoppable():
            try:
                await self._everybody()
            except* ServiceGone as group:
                gone = _first(group)
        self._progress.end()
        click.echo(summary(stage.tally, stage.promises, stage.day.clock, hurried=stage.day.hurried))
        if gone is not None:
            raise gone
        return 1 if stage.promises.count else 0

    async def _everybody(self) -> None:
        """Until the last clerk has gone home; whoever still waits then goes home too."""
        async with asyncio.TaskGroup() as hall:
            others = [hall.create_task(each) for each in (self._progress.tell(), self._watch_display(), self._let_in())]
            async with asyncio.TaskGroup() as team:
                for clerk in self._clerks:
                    team.create_task(clerk.work())
            for task in others:
                task.cancel()

    async def _watch_display(self) -> None:
        def shown(board: Board) -> None:
            self._stage.promises.shown(board)
            self._stage.hall.display_shows(board)

        screen = Screen(Board, f"/live/board?office={self._access.office}", shown, self._stage.promises.break_)
        await screen.follow(self._stage.service.base_url, lambda: self._access.of.display_token)

    async def _let_in(self) -> None:
        stage, run = self._stage, uuid.uuid4()
        async with asyncio.TaskGroup() as crowd:
            for plan in self._visitors:
                await stage.day.until(plan.arrives)
                if stage.day.hurried:
                    return
                crowd.create_task(Visitor(plan, stage, run).visit())

    @contextmanager
    def _stoppable(self) -> Iterator[None]:
        """The first Ctrl-C (or SIGTERM) hurries everybody home, the second one stops at once."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)

        def hurry() -> None:
            self._let_go_of(signals)
            self._stage.service.hurried = True
            self._stage.day.hurry()
            click.echo("\nЗаканчиваем: операторы завершают приём и закрывают окна. Ещё раз Ctrl-C прервёт сразу.", err=True)

        for each in signals:
            loop.add_signal_handler(each, hurry)
        try:
            yield
        finally:
            self._let_go_of(signals)

    def _let_go_of(self, signals: Sequence[signal.Signals]) -> None:
        for each in signals:
            asyncio.get_running_loop().remove_signal_handler(each)


def _first(group: BaseExceptionGroup[ServiceGone]) -> ServiceGone:
    """One sentence is enough: all of them say the same."""
    for each in group.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    raise AssertionError("a group is never empty")
