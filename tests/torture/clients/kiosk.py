"""A kiosk in the hall: tickets, double taps, old keys sent again, check-ins. And the telephone of whoever took a ticket."""

import uuid
from typing import Any

from tests.torture.clients.base import Asked, Client

LONG_QUEUE = 60
"""People ahead at whom newcomers hesitate: the queue of a run must not grow beyond what its desks can call."""
NEEDS = ("wheelchair", "hearing", "low_vision")


class Kiosk(Client):
    last: Asked | None = None

    async def work(self) -> None:
        ahead = 0
        while self.goes_on():
            await self.pause(0.05, 0.5 if ahead < LONG_QUEUE else 2.0)
            if not self.goes_on():
                break
            draw = self.chance.random()
            if draw < 0.12 and self.hall.coming:
                await self._check_in()
            elif draw < 0.2 and self.last is not None:
                await self.ask(self.last)  # somebody's paper jammed: the same wish with the same key, much later
            else:
                ahead = await self._ticket(twice=draw > 0.93)

    async def _ticket(self, *, twice: bool) -> int:
        body: dict[str, Any] = {"service": self.chance.choice(self.place.services), "language": self.chance.choice(["ru", "en"])}
        if self.chance.random() < 0.15:
            body["privilege"] = "veteran"
        if self.chance.random() < 0.15:
            body["needs"] = [self.chance.choice(NEEDS)]
        self.last = Asked("issue", "/api/kiosk/tickets", body, uuid.UUID(int=self.chance.getrandbits(128)).hex)
        reply = await (self.ask_twice(self.last) if twice else self.ask(self.last))
        if reply.status != 201:
            return 0
        self.hall.papers.append((self.place.id, reply.body["secret"]))
        return int(reply.body["ahead"])

    async def _check_in(self) -> None:
        office, code = self.hall.coming.popleft()
        if office != self.place.id and self.chance.random() < 0.8:
            self.hall.coming.append((office, code))  # mostly people find the right house
            return
        await self.ask(Asked("check-in", "/api/kiosk/check-ins", {"code": code}))
