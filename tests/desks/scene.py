"""A hall whose people act at times that the test names: every act is the real command in a transaction of its own."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.db import Database
from queue_service.desks import commands, hall, handover, serving
from queue_service.desks.call_next import call_next
from queue_service.desks.housekeeping import keep_time
from queue_service.desks.rules import PauseReason
from queue_service.offices.catalogue import Catalogue
from queue_service.staff.models import Role
from queue_service.tickets.commands import Act, leave_queue
from queue_service.tickets.models import Ticket
from queue_service.tickets.queries import TicketNow
from queue_service.tickets.rules import Need
from queue_service.tickets.take import Taking, Wish
from tests.support.factories import LATER, AClerk, AnOffice, DeskIs, ServiceIs, a_clerk, a_clerk_at, a_desk, an_office

MINUTE = timedelta(minutes=1)
RESULTS = [{"code": "accepted", "name": {"ru": "Принято"}}, {"code": "refused", "name": {"ru": "Отказ"}}]
POLICY: dict[str, Any] = {"no_show_min_calls": 1, "no_show_min_seconds": 0}
"""No tests of patience here."""


@dataclass
class Scene:
    """`now` moves only when a test says so."""

    database: Database
    office: AnOffice
    catalogue: Catalogue
    clerks: dict[str, AClerk]
    """Desk number -> the clerk of that desk, whether it is open or not."""
    administrator: AClerk
    now: datetime = LATER
    _serial: int = field(default=0)

    async def do(self, command: Callable[[AsyncSession], Coroutine[Any, Any, Any]]) -> Any:
        async with self.database.session() as db:
            return await command(db)

    def who(self, desk: str) -> int:
        return self.clerks[desk].account_id

    @property
    def hand(self) -> Act:
        """The hall administrator's."""
        return Act(at=self.now, clerk_id=self.administrator.account_id)

    def later(self, minutes: float = 1) -> None:
        self.now += minutes * MINUTE

    # Visitors

    async def takes(self, service: str = "passport", privilege: str | None = None, needs: tuple[Need, ...] = ()) -> int:
        self._serial += 1
        wish = Wish(service, privilege, needs, "ru", f"{self._serial}")
        return (await Taking(self.database.hot).take(self.catalogue, wish, ("kiosk", 1), self.now)).id

    async def leaves(self, ticket: int) -> None:
        secret = await self.database.hot.fetchval("SELECT secret FROM ticket WHERE id = $1", ticket)
        await self.do(lambda db: leave_queue(db, secret, self.now))

    # Clerks

    async def next(self, desk: str) -> int | None:
        called = await call_next(self.database.hot, self.catalogue, self.who(desk), None, self.now)
        return called[0].id if called else None

    async def calls(self, desk: str, ticket: int, reason: str | None = None) -> Ticket:
        made: Ticket = await self.do(lambda db: handover.call_ticket(db, self.catalogue, self.who(desk), ticket, reason, self.now))
        return made

    async def recalls(self, desk: str) -> None:
        await self.do(lambda db: commands.recall(db, self.who(desk), self.now))

    async def starts(self, desk: str) -> None:
        await serving.start_serving(self.database.hot, self.who(desk), None, self.now)

    async def finishes(self, desk: str, result: str | None = None, applications: int | None = None) -> TicketNow:
        ended = serving.Result(result, applications)
        made, _ = await serving.finish(self.database.hot, self.catalogue, self.who(desk), ended, None, self.now)
        return made

    async def serves(self, desk: str) -> int | None:
        """Calls the next, starts and finishes at once; whom."""
        ticket = await self.next(desk)
        if ticket is not None:
            await self.starts(desk)
            await self.finishes(desk)
        return ticket

    async def gives_up(self, desk: str) -> None:
        await self.do(lambda db: commands.no_show(db, self.catalogue, self.who(desk), self.now))

    async def sends_back(self, desk: str) -> None:
        await self.do(lambda db: commands.return_to_queue(db, self.who(desk), self.now))

    async def postpones(self, desk: str, minutes: int | None = None, reason: str = "documents") -> None:
        await self.do(lambda db: handover.postpone(db, self.catalogue, self.who(desk), reason, minutes, self.now))

    async def transfers(self, from_: str, **to: Any) -> None:
        await self.do(lambda db: handover.transfer(db, self.catalogue, self.who(from_), handover.Destination(**to), self.now))

    async def adds(self, desk: str, service: str) -> None:
        await self.do(lambda db: handover.add_service(db, self.catalogue, self.who(desk), service, self.now))

    async def opens(self, desk: str, by: str | None = None) -> None:
        """The desk's own clerk, or that of another desk."""
        await self.do(lambda db: commands.open_shift(db, self.catalogue, self.who(by or desk), desk, self.now))

    async def closes(self, desk: str) -> None:
        await self.do(lambda db: commands.close_shift(db, self.who(desk), self.now))

    async def pauses(self, desk: str, minutes: int | None = None) -> None:
        await self.do(lambda db: commands.pause_shift(db, self.who(desk), PauseReason.LUNCH, None, self.now, minutes))

    # The hall administrator

    async def sets_aside(self, ticket: int, minutes: int | None = None) -> None:
        await self.do(lambda db: hall.postpone_waiting(db, self.catalogue, ticket, "documents", minutes, self.hand))

    async def resumes(self, ticket: int) -> None:
        await self.do(lambda db: hall.resume(db, self.catalogue, ticket, self.hand))

    async def brings_back(self, ticket: int) -> None:
        await self.do(lambda db: hall.come_back(db, self.catalogue, ticket, self.hand))

    async def puts_first(self, ticket: int) -> None:
        await self.do(lambda db: hall.put_first(db, self.catalogue, ticket, "скорая помощь", self.hand))

    async def sends_away(self, ticket: int) -> None:
        await self.do(lambda db: hall.send_away(db, self.catalogue, ticket, "ушёл", self.hand))

    async def ends(self, desk: str) -> None:
        await self.do(lambda db: hall.end_desk(db, self.catalogue, desk, "забыли закрыть", self.hand))

    async def changes_needs(self, ticket: int, *needs: Need) -> None:
        await self.do(lambda db: hall.change_needs(db, self.catalogue, ticket, needs, self.hand))

    async def changes_privilege(self, ticket: int, code: str | None) -> None:
        await self.do(lambda db: hall.change_privilege(db, self.catalogue, ticket, code, self.hand))

    # What there is

    async def keeps_time(self) -> None:
        await keep_time(self.database.hot, self.now)

    async def ticket(self, ticket: int) -> Any:
        return await self.database.hot.fetchrow("SELECT * FROM ticket WHERE id = $1", ticket)

    async def state(self, ticket: int) -> str:
        return str((await self.ticket(ticket))["state"])

    async def story(self, ticket: int) -> list[str]:
        rows = await self.database.hot.fetch("SELECT kind FROM ticket_event WHERE ticket_id = $1 ORDER BY id", ticket)
        return [row["kind"] for row in rows]

    async def told(self, ticket: int, kind: str) -> dict[str, Any]:
        """Details of the ticket's latest journal row of this kind."""
        details: dict[str, Any] = await self.database.hot.fetchval(
            "SELECT details FROM ticket_event WHERE ticket_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1", ticket, kind
        )
        return details

    async def refresh(self) -> None:
        self.catalogue = await self.office.catalogue(self.database, self.now)


async def a_scene(
    database: Database, *services: ServiceIs, desks: tuple[DeskIs, ...] = (a_desk("1"), a_desk("2")), closed: str = "", **policy: Any
) -> Scene:
    """A hall whose desks are open, except those whose numbers are in `closed`."""
    office = await an_office(database, *services, desks=desks, **{**POLICY, **policy})
    clerks = {}
    for desk in desks:
        if desk.number in closed:
            clerks[desk.number] = await a_clerk(database, office)
        else:
            clerks[desk.number] = await a_clerk_at(database, office, desk.number, LATER - MINUTE)
    administrator = await a_clerk(database, office, role=Role.HALL_ADMINISTRATOR)
    return Scene(database, office, await office.catalogue(database), clerks, administrator)
