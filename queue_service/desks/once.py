"""An act of a desk that arrives twice is done once: the clerk's shift remembers the keys of its last acts (`serving` reads and writes
them in its own statements).

A worker may stand still with a `finish` while the clerk presses again elsewhere and goes on; when it wakes, the next visitor is at the
desk, whose service it must not end. Refuses nothing: a repeat is answered with the ticket that it was about.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final, ParamSpec

from litestar.params import Parameter
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.desks.commands import open_shift_of
from queue_service.staff.sessions import Identity
from queue_service.tickets.models import Ticket

REMEMBERED: Final = 8
"""Acts of one shift: a request that is older than eight acts of its clerk was given up long ago by every client of ours."""

Arguments = ParamSpec("Arguments")


@dataclass(frozen=True, slots=True)
class Once:
    db: AsyncSession
    account_id: int
    key: str | None
    """Idempotency-Key: one per press."""

    async def __call__(self, act: Callable[Arguments, Awaitable[Ticket]], *arguments: Arguments.args, **named: Arguments.kwargs) -> Ticket:
        """The act's ticket; of a repeated key the one that it was about, as it is now."""
        if self.key is None:
            return await act(*arguments, **named)
        mine = f"{act.__name__} {self.key}"  # one press may have one key for two acts
        shift = await open_shift_of(self.db, self.account_id)
        for key, ticket_id in shift.last_acts:
            if key == mine:
                return await self.db.get_one(Ticket, ticket_id)
        ticket = await act(*arguments, **named)
        shift.last_acts = [[mine, ticket.id], *shift.last_acts][:REMEMBERED]
        return ticket


def provide_once(
    identity: Identity,
    db: AsyncSession,
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=200)] = None,
) -> Once:
    return Once(db, identity.account_id, idempotency_key)
