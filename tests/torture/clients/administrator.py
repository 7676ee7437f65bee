"""The hall administrator: puts people first, sets them aside, brings them back, sends them away, ends forgotten desks, writes notices."""

import uuid
from collections.abc import Sequence
from typing import Any

from tests.torture.clients.base import Asked, Client

NEEDS: Sequence[list[str]] = ([], ["wheelchair"], ["hearing", "wheelchair"])


class Administrator(Client):
    serial = 0

    async def work(self) -> None:
        while self.goes_on():
            await self.pause(0.15, 0.8)
            seen = await self.look("/api/desk/hall")
            if not self.goes_on():
                break
            if seen is None:
                continue
            await self._act(seen)

    async def _act(self, seen: Any) -> None:
        waiting = [row["id"] for row in seen["queue"]]
        aside = [row["id"] for row in seen["postponed"]]
        missed = [row["id"] for row in seen["missed"]]
        draw = self.chance.random()
        if draw < 0.2:
            await self._in_the_hall(draw)
        elif draw < 0.35 and aside:
            await self._on_ticket(self.chance.choice(aside), "resume", None)
        elif draw < 0.5 and missed:
            await self._on_ticket(self.chance.choice(missed), "come-back", None)
        elif draw < 0.58 and waiting + aside:
            await self._on_ticket(self.chance.choice(waiting + aside), "leave", {"reason": "ушёл домой"}, stubborn=True)
        elif waiting:
            await self._to_one_who_waits(self.chance.choice(waiting[-20:]), seen)

    async def _to_one_who_waits(self, ticket: int, seen: Any) -> None:
        match self.chance.choice(["first", "first", "postpone", "needs", "privilege"]):
            case "first":
                await self._on_ticket(ticket, "first", {"reason": "срочный случай"})
            case "postpone":
                body = {"reason": self._reason(seen), "minutes": self.chance.choice([None, 1])}
                await self._on_ticket(ticket, "postpone", body)
            case "needs":
                await self._on_ticket(ticket, "needs", {"needs": self.chance.choice(NEEDS)})
            case _:
                await self._on_ticket(ticket, "privilege", {"privilege": self.chance.choice([None, "veteran"])})

    async def _in_the_hall(self, draw: float) -> None:
        if draw < 0.1:
            key = uuid.UUID(int=self.chance.getrandbits(128)).hex
            await self.ask(Asked("issue", "/api/desk/tickets", {"service": self.chance.choice(self.place.services)}, key))
        elif draw < 0.15:
            self.serial += 1
            body = {"ru": f"Объявление {self.name} {self.serial}", "minutes": 5}
            await self.ask(Asked("notice", "/api/desk/hall/notices", body, stubborn=False))
        elif draw < 0.18:
            desk = self.chance.choice(self.place.desks)
            await self.ask(Asked("end", f"/api/desk/hall/desks/{desk}/end", {"reason": "забыли закрыть"}, stubborn=False))
        else:
            await self._close_for_a_moment(self.place.services[-1])

    async def _on_ticket(self, ticket: int, act: str, body: Any, *, stubborn: bool = False) -> None:
        """Once, as the page does: only who has left cannot come to be sent away a second time."""
        await self.ask(Asked(act, f"/api/desk/hall/tickets/{ticket}/{act}", body, stubborn=stubborn))

    async def _close_for_a_moment(self, code: str) -> None:
        await self.ask(Asked("close-service", f"/api/desk/hall/services/{code}/close", {"reason": "нет бланков"}))
        await self.pause(0.2, 0.5)
        await self.ask(Asked("open-service", f"/api/desk/hall/services/{code}/open"))

    def _reason(self, seen: Any) -> str:
        return str(self.chance.choice(seen["postpone_reasons"])["code"])
