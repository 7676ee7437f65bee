"""A ticket is born here (the kiosk's POST) and given up here (the visitor's leave).

The estimate in the answer comes through `Outlook`, which the application fills in with the live forecast: this domain does not know
how screens are fed.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Protocol

import msgspec
from litestar import Router, post
from litestar.params import Parameter

from queue_service.db import Pool
from queue_service.devices.api import kiosk_only
from queue_service.devices.registry import DeviceIdentity
from queue_service.errors import IdempotencyKeyMissing
from queue_service.offices.catalogue import Catalogues
from queue_service.text import Text
from queue_service.tickets.rules import Need
from queue_service.tickets.take import TakenTicket, Wish, take_ticket

LONGEST_KEY = 200
"""Characters of an Idempotency-Key: a UUID has 36; more than this is not a key but an attack on an index."""


class TicketIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A misspelt `privilege` must not become a ticket without one."""

    service: str
    privilege: str | None = None
    needs: tuple[Need, ...] = ()
    language: Literal["ru", "en"] = "ru"


class WaitOut(msgspec.Struct, frozen=True):
    """Minutes."""

    low: int
    high: int


class IssuedOut(msgspec.Struct, frozen=True):
    id: int
    secret: str
    number: str
    office: str
    service: str
    service_name: Text
    state: str
    source: str
    issued_at: datetime
    due_at: datetime
    ahead: int
    wait: WaitOut | None
    url: str
    """The ticket page; what the printed QR code says."""


class Outlook(Protocol):
    """Where a new ticket stands: people ahead and the wait (None: nobody can say)."""

    async def __call__(self, office_id: int, taken: TakenTicket) -> tuple[int, WaitOut | None]: ...


@dataclass(frozen=True, slots=True)
class Issuing:
    """All that issuing a ticket needs from the process, as one dependency: Litestar starts a task for each of several."""

    device: DeviceIdentity
    pool: Pool
    catalogues: Catalogues
    outlook: Outlook
    public_url: str
    now: datetime


@post("/tickets")
async def issue_ticket(
    data: TicketIn,
    issuing: Issuing,
    idempotency_key: Annotated[str | None, Parameter(header="Idempotency-Key", max_length=LONGEST_KEY)] = None,
) -> IssuedOut:
    """201 with the ticket; the same ticket again for a repeated key."""
    if not idempotency_key:
        raise IdempotencyKeyMissing
    catalogue = await issuing.catalogues.of(issuing.device.office_id, issuing.now)
    needs = tuple(sorted(set(data.needs)))
    wish = Wish(data.service, data.privilege, needs, data.language, idempotency_key)
    taken = await take_ticket(issuing.pool, catalogue, wish, ("kiosk", issuing.device.id), issuing.now)
    ahead, wait = await issuing.outlook(catalogue.id, taken)
    return IssuedOut(
        id=taken.id,
        secret=taken.secret,
        number=taken.number,
        office=catalogue.slug,
        service=taken.service.code,
        service_name=taken.service.name,
        state=taken.state,
        source=taken.source,
        issued_at=taken.issued_at,
        due_at=taken.due_at,
        ahead=ahead,
        wait=wait,
        url=f"{issuing.public_url}/t/{taken.secret}",
    )


kiosk_router = Router("/api/kiosk", route_handlers=[issue_ticket], guards=[kiosk_only], tags=["kiosk"])
