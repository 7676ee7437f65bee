"""A visitor: takes a ticket, watches the display or the phone, goes to the desk, or gives up.

Sees only what a person in the hall sees. Refuses to know when the clerk will be done: being served is the clerk's affair.
"""

import asyncio
import uuid
from contextlib import AsyncExitStack, suppress
from enum import Enum, auto
from functools import partial

from queue_service.simulator.hall import Call, Person
from queue_service.simulator.plan import PlannedVisitor
from queue_service.simulator.remote import Answer, BrokenPromise
from queue_service.simulator.screen import Screen
from queue_service.simulator.stage import Stage
from queue_service.simulator.wire import Issued, PhoneTicket

LOST_AFTER_SECONDS = 0.004
"""About when the service has the request and we do not have its answer yet: here the flaky network breaks."""
REFUSALS = frozenset({"daily_limit_reached", "service_closed", "booking_only", "office_closed"})
"""What an honest kiosk may answer to an honest wish."""


class News(Enum):
    CALLED = auto()
    OVER = auto()
    TOO_LONG = auto()


class Visitor:
    def __init__(self, plan: PlannedVisitor, stage: Stage, run: uuid.UUID) -> None:
        self._plan = plan
        self._stage = stage
        # The plan repeats with its seed, the wish does not: each run has its own keys.
        self._key = str(uuid.uuid5(run, str(plan.index)))

    async def visit(self) -> None:
        """From the door to the door. A promise broken on the way is written down, and the visitor goes home."""
        try:
            try:
                issued = await self._take_ticket()
            finally:
                self._stage.hall.passes_kiosk()
            if issued is not None:
                await self._stay(issued)
        except BrokenPromise as broken:
            self._stage.promises.break_(str(broken))

    async def _take_ticket(self) -> Issued | None:
        match self._plan.network:
            case "good":
                answers = [await self._ask()]
            case "double tap":
                self._stage.tally.sent_twice += 1
                answers = list(await asyncio.gather(self._ask(), self._ask()))
            case "answer lost":
                self._stage.tally.sent_twice += 1
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOST_AFTER_SECONDS):
                        await self._ask()
                answers = [await self._ask()]
        tickets = [self._understood(answer) for answer in answers]
        for ticket in tickets:
            if ticket is not None:
                self._stage.promises.issued(self._key, ticket)
        return tickets[0]

    async def _ask(self) -> Answer:
        plan = self._plan
        wish = {"service": plan.service, "privilege": plan.privilege, "needs": plan.needs, "language": plan.language}
        return await self._stage.service.send(
            "POST", "/api/kiosk/tickets", token=self._stage.kiosk_token, body=wish, key=self._key, language=plan.language
        )

    def _understood(self, answer: Answer) -> Issued | None:
        if answer.status == 201:
            return answer.read(Issued)
        if answer.problem.code not in REFUSALS:
            raise BrokenPromise(f"Талон на {self._plan.service} не выдан: ответ {answer.status} {answer.problem.code}.")
        self._stage.tally.refused[answer.problem.code] += 1
        return None

    async def _stay(self, issued: Issued) -> None:
        stage = self._stage
        phone = self._plan.phone or not stage.hall.display_shows_all
        person = Person(issued.id, issued.number, self._plan)
        stage.tally.takes_ticket(issued.id)
        stage.hall.enter(person, watches_display=not phone)
        async with AsyncExitStack() as pocket:
            if phone:
                show = partial(stage.hall.phone_shows, person)
                screen = Screen(PhoneTicket, f"/live/ticket/{issued.secret}", show, stage.promises.break_)
                await pocket.enter_async_context(screen.followed(stage.service.base_url, lambda: None))
            await self._wait_and_go(person, issued.secret)

    async def _wait_and_go(self, person: Person, secret: str) -> None:
        patience, known = self._plan.patience, None
        while True:
            match await self._news(person, known, patience):
                case News.OVER:
                    return
                case News.TOO_LONG:
                    patience = None  # when it is too late to leave, somebody has just called: then go
                    if await self._leave(person, secret):
                        return
                case News.CALLED:
                    patience, known = None, person.call
                    await self._answer(person, known)
                    if self._plan.comes == "never":
                        return

    async def _news(self, person: Person, known: Call | None, patience: float | None) -> News:
        seconds = self._stage.day.seconds(patience) if patience is not None else None
        if not await self._stage.hall.bell.until(lambda: person.has_news(known), seconds):
            return News.TOO_LONG
        return News.OVER if person.over else News.CALLED

    async def _answer(self, person: Person, call: Call | None) -> None:
        comes = self._plan.comes
        if call is None or comes == "never" or (comes == "after a recall" and not call.repeated):
            return
        await self._stage.day.pause(self._plan.walk_minutes)
        if not person.over:
            self._stage.hall.comes_to(person, call.desk)

    async def _leave(self, person: Person, secret: str) -> bool:
        """Whether the visitor could leave; False when a clerk was faster."""
        answer = await self._stage.service.send("POST", f"/api/public/tickets/{secret}/leave", language=self._plan.language)
        if answer.status == 200:
            self._stage.promises.ended(person.ticket_id, "посетитель ушёл из очереди")
            self._stage.tally.left += 1
            self._stage.tally.goes(person.ticket_id)
            self._stage.hall.dismissed(person.ticket_id)
            return True
        if answer.problem.code != "wrong_state":
            raise BrokenPromise(f"Уйти из очереди нельзя: ответ {answer.status} {answer.problem.code}.")
        return False
