"""A citizen at home: looks for a time, holds it, confirms, moves, cancels, waits for one, and comes to the hall."""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from tests.torture.clients.base import Asked, Client

HOT = 4
"""Everybody wants the first times of the list."""
ODD_ZONES = (0, 9 * 60, -11 * 60, 5 * 60 + 45)
"""Minutes east of Greenwich: telephones write the same instant in many ways."""


class Citizen(Client):
    serial = 0

    async def work(self) -> None:
        while self.goes_on():
            await self.pause(0.05, 0.6)
            if self.goes_on():
                await self._visit()

    async def _visit(self) -> None:
        slots = await self._slots()
        if self.chance.random() < 0.08 or not slots:
            await self._waits()
            return
        held = await self._holds(slots)
        if held is None:
            return
        secret = held["secret"]
        if self.chance.random() < 0.1:
            return  # closed the page; the hold lapses
        if self.chance.random() < 0.1:
            await self.ask(Asked("extend", f"/api/public/appointments/{secret}/extend", stubborn=False))
        await self.pause(0.0, 0.3)
        contact = f"{self.name}-{self.serial % 40}@mail.ru" if self.chance.random() < 0.9 else f"{self.name}@mail.ru"
        body = {"name": "Анна Смирнова", "contact": contact}
        if not (await self.ask(Asked("confirm", f"/api/public/appointments/{secret}/confirm", body))).ok:
            if self.chance.random() < 0.5:
                await self._cancels(secret)
            return
        await self._after(secret, held["reference"], slots)

    async def _after(self, secret: str, reference: str, slots: Sequence[str]) -> None:
        for _ in range(self.chance.choice([0, 0, 1, 2, 3])):
            body = {"starts_at": self._said(self._chosen(slots))}
            await self.ask(Asked("move", f"/api/public/appointments/{secret}/move", body))
        draw = self.chance.random()
        if draw < 0.35:
            await self._cancels(secret)
        elif draw < 0.65:
            self.hall.coming.append((self.place.id, secret if draw < 0.5 else reference))
        elif draw < 0.8:
            await self.ask(Asked("check-in", f"/api/public/appointments/{secret}/check-in"))

    async def _cancels(self, secret: str) -> None:
        await self.ask(Asked("cancel", f"/api/public/appointments/{secret}/cancel"))

    async def _slots(self) -> list[str]:
        path = f"/api/public/offices/{self.place.slug}/slots?service={self.place.bookable}&days=2"
        if self.skew and self.chance.random() < 0.3:  # a telephone that thinks it is another day asks for that day
            there = (datetime.now(UTC) + timedelta(seconds=max(self.skew, -200 * 86_400.0))).date()
            path += f"&from={there.isoformat()}"
        seen = await self.look(path)
        return [slot["starts_at"] for day in seen["days"] for slot in day["slots"]] if seen else []

    def _chosen(self, slots: Sequence[str]) -> str:
        return self.chance.choice(slots[:HOT] if self.chance.random() < 0.6 else slots)

    def _said(self, starts_at: str) -> str:
        """The same moment as this telephone writes it; one whose clock is wrong now and then asks for a time long past."""
        moment = datetime.fromisoformat(starts_at)
        if self.skew and self.chance.random() < 0.1:
            moment += timedelta(seconds=self.skew)
        return moment.astimezone(timezone(timedelta(minutes=self.chance.choice(ODD_ZONES)))).isoformat()

    async def _holds(self, slots: Sequence[str]) -> Any:
        self.serial += 1
        body = {"office": self.place.slug, "service": self.place.bookable, "starts_at": self._said(self._chosen(slots))}
        asked = Asked("hold", "/api/public/appointments", body, uuid.UUID(int=self.chance.getrandbits(128)).hex)
        reply = await (self.ask_twice(asked) if self.chance.random() < 0.1 else self.ask(asked))
        return reply.body if reply.ok else None

    async def _waits(self) -> None:
        self.serial += 1
        today = datetime.now(UTC).date()
        body = {
            "office": self.place.slug,
            "service": self.place.bookable,
            "name": "Пётр Ильин",
            "contact": f"waits-{self.name}-{self.serial}@mail.ru",
            "from": (today + timedelta(days=self.chance.choice([-3, 0, 1]))).isoformat(),
            "to": (today + timedelta(days=3)).isoformat(),
        }
        reply = await self.ask(Asked("join", "/api/public/waitlist", body, stubborn=False))
        if not reply.ok:
            return
        await self.pause(0.1, 1.5)
        secret = reply.body["secret"]
        seen = await self.look(f"/api/public/waitlist/{secret}")
        offer = seen["offer"] if seen else None
        if offer is not None and seen["state"] == "offered":
            act = self.chance.choice(["accept", "decline"])
            await self.ask(Asked(act, f"/api/public/appointments/{offer['secret']}/{act}"))
        elif self.chance.random() < 0.5:
            await self.ask(Asked("leave-list", f"/api/public/waitlist/{secret}/leave"))
