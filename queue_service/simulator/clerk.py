"""A clerk: opens the desk, calls when free, waits for the person, serves, rests, and closes in the evening.

Acts on what the desk's screen and the service's answers say. Whatever a refusal means (a restart, somebody else at the same
account), the clerk looks at the desk anew and goes on from there. Refuses to poll: when nobody waits, the screen says when to call.
"""

import asyncio
import time
from random import Random

from queue_service.simulator.desk import Desk, Refused
from queue_service.simulator.plan import serving_minutes
from queue_service.simulator.remote import BrokenPromise
from queue_service.simulator.roster import PlannedPause, PlannedShift
from queue_service.simulator.screen import Screen
from queue_service.simulator.stage import Stage
from queue_service.simulator.wire import DeskSnapshot, DeskTicket, Rules

RECALL_AFTER_MINUTES, RECALL_AFTER_SECONDS = 1.0, 1.0
"""A clerk repeats the call after a minute of nobody; never within a real second, when the display has hardly shown it."""
CLOCK_SLACK_SECONDS = 0.2
"""Between "not before 20 s" and our asking, so that rounding is not an argument."""
REACTION_MINUTES = (0.03, 0.15)
RETURNS = 0.01
"""Share of calls after which the desk cannot serve (the printer jams) and the visitor goes back into the queue."""
REPAIR_MINUTES = 3.0
SILENT_SCREEN_SECONDS = 25.0
"""Two missed heartbeats: the screen is cut off, so the clerk tries the button."""
LAST_MINUTES_SECONDS = 0.5
"""At closing time, while the last visitors are at the kiosk, a desk looks for them this often."""
LOOK_AGAIN_SECONDS = 0.3
"""What was refused becomes visible within the service's coalescing; asking at once would show the old picture."""
SURPRISES_IN_A_ROW = 20
"""A desk that refuses everything is broken."""
OVERTIME_MINUTES, OVERTIME_SECONDS = 90.0, 60.0
"""After closing time those who wait are served, but not all night; real seconds count where a no-show of 20 s is hours of the day."""


class Clerk:
    def __init__(self, desk: Desk, shift: PlannedShift, rules: Rules, stage: Stage, seed: str) -> None:
        self._desk = desk
        self._stage = stage
        self._rules = rules
        self._opens = shift.opens
        self._pauses = list(shift.pauses)
        self._random = Random(seed)
        self._current: DeskTicket | None = None
        self._serving = False
        self._called_at = 0.0
        self._surprises = 0
        self._done = False
        self._bell = stage.day.bell()
        self.screen = Screen(DeskSnapshot, "/live/desk", lambda _: self._bell.ring(), stage.promises.break_)

    async def work(self) -> None:
        """The whole day. A clerk whose desk somebody else has taken goes home."""
        await self._stage.day.until(self._opens)
        if self._stage.day.hurried:
            return
        try:
            await self._look(opening=True)
        except Refused as refused:
            if refused.code == "desk_taken":
                return
            self._stage.promises.break_(f"Окно {self._desk.number} не открылось ({refused}).")
            return
        except BrokenPromise as broken:
            self._stage.promises.break_(str(broken))
            return
        async with self.screen.followed(self._stage.service.base_url, lambda: self._desk.token):
            while not self._done:
                await self._step()

    async def _step(self) -> None:
        try:
            await self._next_thing()
            self._surprises = 0
        except (Refused, BrokenPromise) as trouble:
            if isinstance(trouble, BrokenPromise):
                self._stage.promises.break_(str(trouble))
            self._stage.tally.surprises += 1
            self._surprises += 1
            if self._surprises > SURPRISES_IN_A_ROW:
                self._stage.promises.break_(f"Окно {self._desk.number} отказывает во всём ({trouble}).")
                self._done = True
                return
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
            await self._look_after_trouble()

    async def _next_thing(self) -> None:
        if self._current is not None:
            await self._attend(self._current)
        elif self._stage.day.hurried or self._too_late():
            await self._close()
        elif self._pauses and self._pauses[0].at <= self._stage.day.minutes:
            await self._rest(self._pauses.pop(0))
        else:
            await self._call()

    def _too_late(self) -> bool:
        day = self._stage.day
        return day.seconds(day.minutes - day.length) > max(day.seconds(OVERTIME_MINUTES), OVERTIME_SECONDS)

    async def _look_after_trouble(self) -> None:
        try:
            await self._look(opening=not self._stage.day.hurried)
        except Refused as refused:
            if refused.code == "desk_taken":
                self._done = True
        except BrokenPromise as broken:
            self._stage.promises.break_(str(broken))

    async def _look(self, *, opening: bool) -> None:
        """Takes the desk as the service shows it: opens it, ends a forgotten break, takes over a forgotten visitor."""
        snapshot = await self._desk.snapshot()
        if snapshot.shift is None and opening:
            await self._desk.open()
        elif snapshot.shift is not None and snapshot.shift.state == "paused":
            await self._desk.resume()
        if self._current is not None and (snapshot.current is None or snapshot.current.id != self._current.id):
            self._stage.promises.let_go(self._current.id)
            self._stage.tally.goes(self._current.id)
        self._current = snapshot.current
        if self._current is not None:
            self._serving = self._current.state == "serving"
            self._called_at = self._called_at or time.monotonic()

    async def _call(self) -> None:
        seen = self.screen.version
        ticket = await self._desk.call_next()
        if ticket is not None:
            self._take(ticket)
        elif self._stage.day.over and self._stage.hall.outside <= 0:
            await self._close()
        else:
            await self._wait_for_somebody(seen)

    def _take(self, ticket: DeskTicket) -> None:
        stage = self._stage
        stage.promises.called(ticket, self._desk.number)
        self._current, self._serving, self._called_at = ticket, ticket.state == "serving", time.monotonic()
        if ticket.called_at is not None:
            stage.tally.is_called(ticket.id, ticket.called_at - ticket.issued_at)

    async def _wait_for_somebody(self, seen: int) -> None:
        """Until the screen, newer than version `seen`, shows somebody waiting; or it is time for a break or for home."""
        day = self._stage.day
        until = min([day.length, *(pause.at for pause in self._pauses[:1])])
        seconds = min(SILENT_SCREEN_SECONDS, max(LAST_MINUTES_SECONDS, day.seconds(until - day.minutes)))
        if await self._bell.until(lambda: day.hurried or self._somebody(seen), seconds):
            await day.pause(self._random.uniform(*REACTION_MINUTES))

    def _somebody(self, seen: int) -> bool:
        shown = self.screen.latest
        return shown is not None and shown.version > seen and shown.counts.waiting > 0

    async def _attend(self, ticket: DeskTicket) -> None:
        if not self._serving:
            if self._random.random() < RETURNS:
                await self._send_back(ticket)
                await self._rest(PlannedPause(self._stage.day.minutes, REPAIR_MINUTES, "technical"))
                return
            if not await self._came(ticket):
                await (self._send_back(ticket) if self._stage.day.hurried else self._no_show(ticket))
                return
            await self._desk.command("start")
            self._serving = True
        await self._stage.day.pause(self._minutes(ticket))
        self._stage.promises.let_go(ticket.id)  # a further service of the same ticket may bring it to another desk at once
        finished = await self._desk.finish()
        if finished is not None and finished.state == "waiting":
            self._waits_again(ticket)
            return
        if finished is not None:
            self._stage.promises.ended(ticket.id, "принят")
        self._forget(ticket, served=True)

    def _minutes(self, ticket: DeskTicket) -> float:
        person = self._stage.hall.person(ticket.id)
        if person is not None:
            return person.plan.serving_minutes
        return serving_minutes(self._random, self._stage.typical_minutes.get(ticket.service, 10.0))

    async def _came(self, ticket: DeskTicket) -> bool:
        """Whether the visitor stands at the desk; False once the rules allow to say that nobody came."""
        hall, calls = self._stage.hall, ticket.calls
        allowed_at = self._called_at + self._rules.no_show_min_seconds + CLOCK_SLACK_SECONDS
        patience = max(self._stage.day.seconds(RECALL_AFTER_MINUTES), RECALL_AFTER_SECONDS)
        while True:
            await hall.bell.until(lambda: hall.stands_at(self._desk.number, ticket.id) or self._stage.day.hurried, patience)
            if hall.stands_at(self._desk.number, ticket.id):
                return True
            if self._stage.day.hurried:
                return False
            if hall.person(ticket.id) is None:
                return True  # not one of ours: a spectator's ticket, and spectators always come
            if calls < max(2, self._rules.no_show_min_calls):
                await self._desk.command("recall")
                calls += 1
            elif time.monotonic() >= allowed_at:
                return False
            patience = min(patience, max(0.05, allowed_at - time.monotonic()))

    async def _no_show(self, ticket: DeskTicket) -> None:
        while True:
            try:
                self._stage.promises.let_go(ticket.id)  # who did not come may be brought back by the hall's administrator
                await self._desk.command("no-show")
                break
            except Refused as refused:
                if refused.code != "too_early_for_no_show" or self._stage.day.hurried:
                    raise
                await asyncio.sleep(max(CLOCK_SLACK_SECONDS, refused.retry_after))
        self._stage.tally.no_shows += 1
        self._forget(ticket, served=False)

    def _forget(self, ticket: DeskTicket, *, served: bool) -> None:
        self._stage.tally.goes(ticket.id, served=served)
        self._stage.hall.dismissed(ticket.id)
        self._current = None

    async def _send_back(self, ticket: DeskTicket) -> None:
        self._stage.promises.let_go(ticket.id)
        await self._desk.command("return")
        self._waits_again(ticket)

    def _waits_again(self, ticket: DeskTicket) -> None:
        self._stage.hall.sent_back(ticket.id)
        self._stage.tally.is_returned(ticket.id)
        self._current = None

    async def _rest(self, pause: PlannedPause) -> None:
        await self._desk.pause(pause.reason)
        await self._stage.day.pause(pause.minutes)
        await self._desk.resume()

    async def _close(self) -> None:
        await self._desk.close()
        await self._desk.sign_out()
        self._done = True
