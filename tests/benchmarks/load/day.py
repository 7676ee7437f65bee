"""A city's working day: the people of `queue_service.simulator` in every office at once, some with a booking, some sent on to another desk.

Their HTTP is replaced by this benchmark's cheap client, which times every command; all else is theirs, the promises they watch included.
Refuses to hide a retry: an answer that an honest person should not get is counted, also when the next one was right.
"""

import asyncio
import time
import uuid
from collections import Counter
from contextlib import AsyncExitStack
from random import Random
from typing import Any

import msgspec
import psutil  # type: ignore[import-untyped]  # comes with the embedded server, without types

from queue_service.simulator import clerk as clerks
from queue_service.simulator import demand
from queue_service.simulator.access import ClerkAccess
from queue_service.simulator.clerk import Clerk
from queue_service.simulator.day import Day
from queue_service.simulator.desk import Desk
from queue_service.simulator.hall import Hall
from queue_service.simulator.plan import Crowd, PlannedVisitor, plan_visitors
from queue_service.simulator.promises import Promises
from queue_service.simulator.remote import Answer, Service
from queue_service.simulator.roster import plan_shift
from queue_service.simulator.screen import Screen
from queue_service.simulator.stage import Stage
from queue_service.simulator.tally import Tally
from queue_service.simulator.visitor import Visitor
from queue_service.simulator.wire import Board, DeskSnapshot, DeskTicket, Issued, Menu
from tests.benchmarks.load.felt import Waits
from tests.benchmarks.load.http import HttpConnection
from tests.benchmarks.load.jobs import DayJob, DayOffice, Played
from tests.benchmarks.load.jobs import Desk as DeskGiven

BOOKED = 0.2
"""Of the visitors; no more than the lanes of the next half hour have places for."""
TRANSFERRED = 0.03
"""Of the visitors a desk begins with: sent on for something else, and called again."""
KEPT_SECONDS = 2.0
"""Shorter than the service keeps a quiet connection, so that we never write into one that it is closing."""
RECALL_SECONDS, OVERTIME_SECONDS = 0.2, 10.0
"""In place of the simulator's real seconds, which would be quarters of an hour at this speed."""
REST_SECONDS = 3.0
AGAIN_SECONDS = 1.0
"""After 503."""
NO_REFUSALS = frozenset({"wrong_state", "no_current_ticket", "result_needed"})
"""A visitor leaves at the moment of the call: both are right, and one is told so. And a desk that is asked how a visit ended answers."""


class City:
    """What the offices share: connections, times, refusals."""

    def __init__(self, job: DayJob) -> None:
        self.job = job
        self.waits = Waits()
        self.refused: Counter[str] = Counter()
        self.booked = self.transferred = 0
        self._idle: list[tuple[HttpConnection, float]] = []

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        connection = await self._connection()
        asked = time.perf_counter()
        answer = await connection.ask(request)
        now = time.perf_counter()
        self.waits.add(now - asked)
        self._idle.append((connection, now))
        return answer.status, answer.body

    async def _connection(self) -> HttpConnection:
        while self._idle:
            connection, since = self._idle.pop()
            if time.perf_counter() - since < KEPT_SECONDS:
                return connection
            connection.close()
        return await HttpConnection.open(self.job.port)

    def close(self) -> None:
        for connection, _ in self._idle:
            connection.close()


class CheapService(Service):
    """The simulator's client, without its library and its patience."""

    def __init__(self, city: City, tally: Tally) -> None:
        super().__init__(f"http://127.0.0.1:{city.job.port}", tally)
        self._city = city

    async def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: Any = None,
        key: str | None = None,
        language: str = "ru",
        patient: bool = True,
    ) -> Answer:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Accept-Language: {language}"]
        if token is not None:
            lines.append(f"Authorization: Bearer {token}")
        if key is not None:
            lines.append(f"Idempotency-Key: {key}")
        content = b"" if body is None else msgspec.json.encode(body)
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}", "", ""]
        request = "\r\n".join(lines).encode() + content
        status, answered = await self._city.ask(request)
        while status == 503:
            self._city.refused[f"503 {method} {path.split('/')[2]}"] += 1
            await asyncio.sleep(AGAIN_SECONDS)
            status, answered = await self._city.ask(request)
        answer = Answer(f"{method} {path}", status, answered, 0.0, retried=False)
        if status >= 400 and answer.problem.code not in NO_REFUSALS:
            self._city.refused[f"{status} {answer.problem.code}"] += 1
        return answer


class DayDesk(Desk):
    """Has signed in this morning: passwords are hashed slowly on purpose, and 60 offices' mornings are not what is measured."""

    def __init__(self, service: Service, given: DeskGiven) -> None:
        super().__init__(service, ClerkAccess(login=given.token, password="", desk=given.number))
        self.token = given.token

    async def sign_in(self) -> None:
        return

    async def sign_out(self) -> None:
        return


class DayClerk(Clerk):
    """Sends some visitors on for something else."""

    city: City
    errands: list[str]
    habits: Random

    async def _attend(self, ticket: DeskTicket) -> None:
        stage = self._stage
        if self._serving or self.habits.random() >= TRANSFERRED or stage.day.hurried or not await self._came(ticket):
            await super()._attend(ticket)
            return
        await self._desk.command("start")
        self._serving = True
        await stage.day.pause(self._minutes(ticket) / 2)
        stage.promises.let_go(ticket.id)
        await self._desk.command("transfer", {"service": self.habits.choice(self.errands)})
        self.city.transferred += 1
        stage.hall.sent_back(ticket.id)
        stage.tally.is_returned(ticket.id)
        self._current = None


class _Appointment(msgspec.Struct):
    secret: str


class BookedVisitor(Visitor):
    """Has booked, and shows the booking to the kiosk; whom somebody was faster than takes a ticket like anybody else."""

    city: City
    office: str

    async def _take_ticket(self) -> Issued | None:
        send, job = self._stage.service.send, self.city.job
        start = job.starts[self._plan.index % len(job.starts)]
        held = await send("POST", "/api/public/appointments", body={"office": self.office, "service": job.bookable, "starts_at": start})
        if held.status != 201:
            return await super()._take_ticket()
        secret = held.read(_Appointment).secret
        person = {"name": "Анна Смирнова", "contact": f"{self._key}@mail.ru"}
        await send("POST", f"/api/public/appointments/{secret}/confirm", body=person)
        answer = await send("POST", "/api/kiosk/check-ins", token=self._stage.kiosk_token, body={"code": secret})
        self.city.booked += 1
        return answer.read(Issued) if answer.status == 201 else None


class Office:
    """One office's day."""

    def __init__(self, city: City, given: DayOffice, number: int) -> None:
        self._city, self._given, self._number = city, given, number
        self.tally = Tally(city.job.speed)
        self._service = CheapService(city, self.tally)
        self._desks = [DayDesk(self._service, each) for each in given.desks]
        self.promises: Promises
        self.plan: list[PlannedVisitor]

    async def prepare(self) -> None:
        self._menu = (await self._service.send("GET", "/api/kiosk/menu", token=self._given.kiosk_token)).read(Menu)
        for desk in self._desks:
            await desk.open()
        self._snapshot = await self._desks[0].snapshot()
        self.promises = Promises(self._menu.office.time_zone)
        items = [
            demand.MenuItem(service.code, service.goal, service.duration_minutes, position)
            for group in self._menu.groups
            for position, service in enumerate(group.services)
        ]
        offers = demand.offers(items, [desk.services for desk in self._snapshot.desks[: len(self._desks)]])
        hours = self._city.job.hours
        self._typical = {offer.code: offer.minutes for offer in offers}
        self.plan = plan_visitors(
            Crowd(
                seed=self._number,
                hours=hours,
                visitors=min(self._city.job.visitors, demand.bearable(offers, len(self._desks), hours)),
                offers=offers,
                privileges=[each.code for each in self._menu.privileges],
                needs=[each.code for each in self._menu.needs],
            )
        )

    async def screens(self, stack: AsyncExitStack) -> None:
        """The board, and the page of each kiosk and desk as a screen that nobody reads yet."""
        board = Screen(Board, f"/live/board?office={self._given.slug}", lambda _: None, self.promises.break_)
        await stack.enter_async_context(board.followed(self._service.base_url, lambda: self._given.display_token))
        for desk in self._desks:
            page = Screen(DeskSnapshot, "/live/desk", lambda _: None, self.promises.break_)
            await stack.enter_async_context(page.followed(self._service.base_url, lambda desk=desk: desk.token))  # type: ignore[misc]

    async def play(self, day: Day) -> None:
        stage = Stage(
            service=self._service,
            day=day,
            hall=Hall(day, outside=len(self.plan)),
            tally=self.tally,
            promises=self.promises,
            kiosk_token=self._given.kiosk_token,
            typical_minutes=self._typical,
        )

        def shown(board: Board) -> None:
            stage.promises.shown(board)
            stage.hall.display_shows(board)

        screen = Screen(Board, f"/live/board?office={self._given.slug}", shown, stage.promises.break_)
        async with screen.followed(self._service.base_url, lambda: self._given.display_token):
            visitors = asyncio.create_task(self._let_in(stage))
            await asyncio.gather(*(self._clerk(turn, desk, stage).work() for turn, desk in enumerate(self._desks)))
            visitors.cancel()
            await asyncio.wait([visitors])

    def _clerk(self, turn: int, desk: Desk, stage: Stage) -> Clerk:
        seed = f"{self._number}/{turn}"
        shift = plan_shift(self._number, turn, self._city.job.hours, [reason.code for reason in self._snapshot.pause_reasons])
        clerk = DayClerk(desk, shift, self._snapshot.rules, stage, f"{seed}/habits")
        clerk.city, clerk.errands, clerk.habits = self._city, list(self._typical), Random(f"{seed}/transfers")
        return clerk

    async def _let_in(self, stage: Stage) -> None:
        run, chance = uuid.uuid4(), Random(f"{self._number}/booked")
        async with asyncio.TaskGroup() as crowd:
            for plan in self.plan:
                await stage.day.until(plan.arrives)
                if chance.random() < BOOKED:
                    visitor: Visitor = BookedVisitor(plan, stage, run)
                    visitor.city, visitor.office = self._city, self._given.slug  # type: ignore[attr-defined]
                else:
                    visitor = Visitor(plan, stage, run)
                crowd.create_task(visitor.visit())


async def play_day(job: DayJob) -> Played:
    clerks.RECALL_AFTER_SECONDS, clerks.OVERTIME_SECONDS = RECALL_SECONDS, OVERTIME_SECONDS
    city = City(job)
    workers = [psutil.Process(pid) for pid in job.workers]
    offices = [Office(city, given, number) for number, given in enumerate(job.offices)]
    for office in offices:
        await office.prepare()
    async with AsyncExitStack() as stack:
        for office in offices:
            await office.screens(stack)
        await asyncio.sleep(REST_SECONDS)
        resting = _cpu(workers)
        await asyncio.sleep(REST_SECONDS)
        resting = (_cpu(workers) - resting) / REST_SECONDS
    city.waits = Waits()
    cpu, began, day = _cpu(workers), time.perf_counter(), Day(job.speed, job.hours)
    await asyncio.gather(*(office.play(day) for office in offices))
    took = time.perf_counter() - began
    city.close()
    tallies = [office.tally for office in offices]
    return Played(
        seconds=took,
        planned=sum(len(office.plan) for office in offices),
        visitors=sum(each.issued for each in tallies),
        booked=city.booked,
        served=sum(each.served for each in tallies),
        transferred=city.transferred,
        no_shows=sum(each.no_shows for each in tallies),
        left=sum(each.left for each in tallies),
        unfinished=sum(each.waiting + len(each.at_desks) for each in tallies),
        commands=city.waits.felt(),
        refused=dict(city.refused),
        broken=[sentence for office in offices for sentence in office.promises.broken][:10],
        service_cpu=_cpu(workers) - cpu,
        resting_cpu=resting,
    )


def _cpu(workers: list[psutil.Process]) -> float:
    return float(sum(times.user + times.system for times in (worker.cpu_times() for worker in workers)))
