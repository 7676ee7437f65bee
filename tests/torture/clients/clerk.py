"""A clerk at a desk: opens it, calls, serves, sends on, sets aside, waits for those who do not come, takes breaks, changes desks."""

import uuid
from typing import Any

from tests.torture.clients.base import Asked, Client, Reply

MOST_RECALLS = 4


class Clerk(Client):
    desk = ""

    async def work(self) -> None:
        self.desk = self.place.desks[int(self.name.rpartition("-")[2]) % len(self.place.desks)]
        while self.goes_on():
            if await self._is_at_desk():
                await self._next()

    async def _is_at_desk(self) -> bool:
        """Whether the desk is open for this clerk, who opens it where it is not."""
        reply = await self.ask(Asked("open", "/api/desk/shift", {"desk": self.desk}, method="PUT"))
        if reply.ok:
            return True
        if reply.code == "desk_taken":
            self.desk = self.chance.choice(self.place.desks)
        elif reply.code == "desk_busy":
            await self._serve(await self._current())
        await self.pause(0.05, 0.2)
        return False

    async def _next(self) -> None:
        """Visitors one after the other until something about the desk changes."""
        while self.goes_on():
            await self.pause(0.01, 0.15)
            draw = self.chance.random()
            if draw < 0.02:
                await self._rest()
            elif draw < 0.035:
                self.desk = self.chance.choice(self.place.desks)
                return
            elif draw < 0.05:
                await self.ask(Asked("close", "/api/desk/shift", method="DELETE"))
                return
            if not await (self._picks() if draw > 0.94 else self._calls()):
                return

    async def _calls(self) -> bool:
        """Presses the big button; False where the desk is not as it should be."""
        asked = Asked("call-next", "/api/desk/call-next", None, uuid.UUID(int=self.chance.getrandbits(128)).hex)
        reply = await (self.ask_twice(asked) if self.chance.random() < 0.05 else self.ask(asked))
        if reply.status == 204:
            await self.pause(0.05, 0.3)
            return True
        if reply.ok:
            # A repeated key gives the ticket that it called, whatever has become of it since.
            await self._serve(reply.body if reply.body["state"] == "called" else None)
            return True
        if reply.code == "desk_busy":
            await self._serve(await self._current())
            return True
        if reply.code == "shift_paused":
            await self.ask(Asked("resume", "/api/desk/shift/resume"))
            return True
        return False

    async def _current(self) -> Any:
        seen = await self.look("/api/desk/queue")
        return seen["current"] if seen else None

    async def _picks(self) -> bool:
        """Calls one by its number: somebody set aside, somebody who missed the call, or out of order with a reason."""
        seen = await self.look("/api/desk/queue")
        if not seen:
            return False
        known = seen["postponed"] + seen["missed"] or seen["queue"]
        if not known:
            return True
        body = {"ticket": self.chance.choice(known)["id"], "reason": "ребёнок плачет"}
        reply = await self.ask(Asked("call", "/api/desk/call", body, stubborn=False))
        if reply.ok or reply.status is None or reply.status == 503 or reply.code == "desk_busy":
            await self._serve(reply.body if reply.ok else await self._current())
        return reply.code != "shift_closed"

    async def _serve(self, ticket: Any) -> None:
        if ticket is None:
            return
        if ticket["state"] == "called":
            draw = self.chance.random()
            if draw < 0.06:
                await self._nobody_comes()
                return
            if draw < 0.1:
                await self._command("return")
                return
            if draw < 0.2:
                await self._command("recall", stubborn=False)
            await self.pause(0.01, 0.2)
            if not (await self._command("start")).ok and self.chance.random() < 0.5:
                return  # whoever is not sure looks again
        await self.pause(0.02, 0.3)
        await self._end(ticket)

    async def _end(self, ticket: Any) -> None:
        if ticket.get("privilege"):
            await self._command("confirm-privilege", {"confirmed": self.chance.random() < 0.7}, stubborn=False)
        draw = self.chance.random()
        if draw < 0.06:
            await self._command("postpone", {"reason": "documents", "minutes": self.chance.choice([None, 1])})
        elif draw < 0.2:
            await self._sends_on()
        else:
            if draw < 0.26:
                await self._command("add-service", {"service": self.chance.choice(self.place.services)}, stubborn=False)
            await self._command("finish")

    async def _sends_on(self) -> None:
        to: dict[str, Any] = {"service": self.chance.choice(self.place.services), "come_back": self.chance.random() < 0.4}
        if self.chance.random() < 0.5:
            to["desk"] = self.chance.choice(self.place.desks)
        if not (await self._command("transfer", to)).ok:
            await self._command("finish")

    async def _nobody_comes(self) -> None:
        for _ in range(MOST_RECALLS):
            await self._command("recall", stubborn=False)
            await self.pause(0.1, 0.6)
            if (await self._command("no-show")).code != "too_early_for_no_show":
                return
        await self._command("return")

    async def _rest(self) -> None:
        await self.ask(Asked("pause", "/api/desk/shift/pause", {"reason": "break"}))
        await self.pause(0.1, 0.4)
        await self.ask(Asked("resume", "/api/desk/shift/resume"))

    async def _command(self, act: str, body: Any = None, *, stubborn: bool = True) -> Reply:
        """Those that a second time would do twice are sent once: the page then shows what is, and the clerk decides anew."""
        return await self.ask(Asked(act, f"/api/desk/{act}", body, uuid.UUID(int=self.chance.getrandbits(128)).hex, stubborn=stubborn))
