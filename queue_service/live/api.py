"""The snapshots as plain GETs: what a socket would push now, so that polling is the free fallback."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.enums import MediaType
from litestar.openapi.datastructures import ResponseSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.queries import appointment_by_secret
from queue_service.db import Pool
from queue_service.desks.api import provide_catalogue
from queue_service.desks.notices import notices_now
from queue_service.devices.registry import DeviceIdentity
from queue_service.live.appointments import Followed
from queue_service.live.hub import Hub
from queue_service.live.state import OfficeState
from queue_service.live.views import appointment, board, desk, hall, menu, phone
from queue_service.live.views.parts import OfficeOut, OpenOut, encoded, enveloped, office_out, open_out
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.staff.rights import Audience, Right, for_
from queue_service.staff.sessions import Identity
from queue_service.tickets.commands import leave_queue
from queue_service.tickets.queries import now_of, ticket_by_secret


def snapshot(state: OfficeState, view: msgspec.Struct) -> Response[bytes]:
    return Response(enveloped(state, encoded(view)), media_type=MediaType.JSON, headers={"Cache-Control": "no-store"}, status_code=200)


def shows(view: type[msgspec.Struct]) -> dict[int, ResponseSpec]:
    """What the description says of an answer that is encoded already."""
    return {200: ResponseSpec(view, generate_examples=False, description="The snapshot, with its version and the service's clock.")}


class OfficeListed(msgspec.Struct, frozen=True):
    office: OfficeOut
    open: OpenOut


class ServiceListed(msgspec.Struct, frozen=True):
    code: str
    name: dict[str, str]
    goal: str
    documents: list[dict[str, str]]
    duration_minutes: int
    walk_in: bool


class OfficeDetails(msgspec.Struct, frozen=True):
    office: OfficeOut
    open: OpenOut
    waiting: int
    zones: dict[str, dict[str, str]]
    services: list[ServiceListed]


@get("/offices")
async def list_offices(catalogues: Catalogues, now: datetime) -> list[OfficeListed]:
    return [OfficeListed(office_out(each), open_out(each, now)) for each in await catalogues.all(now, shown=True)]


@get("/offices/{slug:str}")
async def show_office(slug: str, catalogues: Catalogues, hub: Hub, now: datetime) -> OfficeDetails:
    catalogue = await catalogues.open_to_all(slug, now)
    state = await hub.feed(catalogue.id).fresh()
    return OfficeDetails(
        office=office_out(catalogue),
        open=open_out(catalogue, now),
        waiting=len(state.waiting),
        zones=catalogue.zones,
        services=[
            ServiceListed(each.code, each.name, each.goal, list(each.documents), each.typical_minutes, each.walk_in)
            for each in catalogue.services.values()
            if each.active
        ],
    )


@get("/offices/{slug:str}/board", responses=shows(board.BoardOut))
async def show_board(slug: str, catalogues: Catalogues, hub: Hub, now: datetime, zone: str | None = None) -> Response[bytes]:
    catalogue = await catalogues.by_slug(slug, now)
    board.check_zone(catalogue, zone)
    state = await hub.feed(catalogue.id).fresh()
    return snapshot(state, board.board(state, zone))


@get("/tickets/{secret:str}", responses=shows(phone.TicketOut))
async def show_ticket(secret: str, pool: Pool, hub: Hub) -> Response[bytes]:
    office_id, ticket = await ticket_by_secret(pool, secret)
    state = await hub.feed(office_id).knowing(ticket)
    return snapshot(state, phone.ticket(state, state.ticket(ticket.id) or ticket))


@get("/appointments/{secret:str}", responses=shows(appointment.AppointmentView))
async def show_appointment(secret: str, pool: Pool, hub: Hub, followed: Followed) -> Response[bytes]:
    """A booking with its day: check-in, delay, and the ticket that it became."""
    shown = await appointment_by_secret(pool, secret)
    state = await hub.feed(shown.office_id).fresh()
    return snapshot(state, await followed.view(state, shown.id))


@post("/tickets/{secret:str}/leave", status_code=200, responses=shows(phone.TicketOut))
async def leave(secret: str, db: AsyncSession, hub: Hub, now: datetime) -> Response[bytes]:
    """200 with the ticket as left; leaving again changes nothing."""
    ticket = await leave_queue(db, secret, now)
    state = await hub.feed(ticket.office_id).fresh()
    return snapshot(state, phone.ticket(state, now_of(ticket)))


@get("/menu", responses=shows(menu.MenuOut))
async def show_menu(device: DeviceIdentity, hub: Hub) -> Response[bytes]:
    state = await hub.feed(device.office_id).fresh()
    return snapshot(state, menu.menu(state, device))


@get("/queue", responses=shows(desk.DeskSnapshotOut), **for_(Right.SERVE))
async def show_queue(request: Request[Any, Any, Any], identity: Identity, catalogue: Catalogue, hub: Hub) -> Response[bytes]:
    state = await hub.feed(catalogue.id).fresh()
    return snapshot(state, desk.desk_snapshot(state, identity))


@get("/hall", responses=shows(hall.HallSnapshotOut), **for_(Right.HALL))
async def show_hall(identity: Identity, catalogue: Catalogue, pool: Pool, hub: Hub) -> Response[bytes]:
    """The hall administrator's screen."""
    state = await hub.feed(catalogue.id).fresh()
    return snapshot(state, hall.hall_snapshot(state, identity, await notices_now(pool, catalogue.id, state.now)))


public_router = Router(
    "/api/public",
    route_handlers=[list_offices, show_office, show_board, show_ticket, show_appointment, leave],
    tags=["public"],
    **for_(Audience.EVERYBODY),
)
kiosk_router = Router("/api/kiosk", route_handlers=[show_menu], tags=["kiosk"], **for_(Audience.KIOSK))
desk_router = Router(
    "/api/desk",
    route_handlers=[show_queue, show_hall],
    dependencies={"catalogue": provide_catalogue},
    tags=["desk"],
)
