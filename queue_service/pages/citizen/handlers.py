"""The start page, a person's preferences, and the ticket on the phone; all of it works without JavaScript."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import Parameter
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.office import Booking
from queue_service.db import Pool
from queue_service.errors import DomainError
from queue_service.live.hub import Hub
from queue_service.live.state import OfficeState
from queue_service.live.views import phone
from queue_service.live.views.parts import encoded, enveloped, office_out, open_out
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.citizen.booking.options import places
from queue_service.pages.citizen.qr import qr_answer
from queue_service.pages.render import YEAR_SECONDS, office_head, own_path, page, plain, translator_of
from queue_service.settings import Settings
from queue_service.tickets.commands import leave_queue
from queue_service.tickets.queries import TicketNow, ticket_by_secret, waiting_by_office
from queue_service.tickets.why import why_others

AnyRequest = Request[Any, Any, Any]


@get("/", include_in_schema=False)
async def offices_page(request: AnyRequest, catalogues: Catalogues, pool: Pool, booking: Booking, now: datetime) -> Response[str]:
    waiting = await waiting_by_office(pool)
    offices = [
        {**plain(office_out(each)), "open": plain(open_out(each, now)), "waiting": waiting.get(each.id, 0)}
        for each in await catalogues.all(now, shown=True)
    ]
    return page(request, "offices.html", {"now": now, "booking_enabled": bool(await places(booking, now)), "offices": offices})


@get("/preferences", include_in_schema=False, sync_to_thread=False)
def set_preferences(
    lang: str | None = None,
    theme: str | None = None,
    next_path: str | None = Parameter(query="next", default=None),
) -> Redirect:
    """Sets one cookie and leads back: a link, so that it works without JavaScript."""
    answer = Redirect(own_path(next_path))
    if lang in ("ru", "en"):
        answer.set_cookie(Cookie("lang", value=lang, max_age=YEAR_SECONDS, samesite="lax"))
    if theme in ("contrast", "ordinary"):
        answer.set_cookie(Cookie("theme", value=theme, max_age=YEAR_SECONDS, samesite="lax"))
    return answer


async def _ticket_now(secret: str, pool: Pool, hub: Hub) -> tuple[OfficeState, TicketNow]:
    office_id, ticket = await ticket_by_secret(pool, secret)
    state = await hub.feed(office_id).knowing(ticket)
    return state, state.ticket(ticket.id) or ticket


def _view(state: OfficeState, shown: TicketNow) -> Any:
    """The very object that the phone's socket pushes, so that page and script cannot disagree."""
    return msgspec.json.decode(enveloped(state, encoded(phone.ticket(state, shown))))


@get("/t/{secret:str}", include_in_schema=False)
async def ticket_page(request: AnyRequest, secret: str, pool: Pool, hub: Hub, refresh: str | None = None) -> Response[str]:
    state, shown = await _ticket_now(secret, pool, hub)
    context = {"ticket": _view(state, shown), "secret": secret, "auto_refresh": refresh != "off"}
    return page(request, "ticket.html", context, office_head(state.catalogue))


@get("/t/{secret:str}/why", include_in_schema=False)
async def why_page(request: AnyRequest, secret: str, pool: Pool, catalogues: Catalogues, now: datetime) -> Response[str]:
    catalogue, why = await why_others(pool, catalogues, secret, now)
    return page(request, "ticket_why.html", {"why": plain(why), "secret": secret, "now": now}, office_head(catalogue))


@get("/t/{secret:str}/leave", include_in_schema=False)
async def leave_question(request: AnyRequest, secret: str, pool: Pool, hub: Hub) -> Response[str]:
    state, shown = await _ticket_now(secret, pool, hub)
    context = {"ticket": _view(state, shown), "secret": secret, "error": None}
    return page(request, "ticket_leave.html", context, office_head(state.catalogue))


@post("/t/{secret:str}/leave", include_in_schema=False)
async def leave(request: AnyRequest, secret: str, db: AsyncSession, pool: Pool, hub: Hub, now: datetime) -> Response[str] | Redirect:
    try:
        await leave_queue(db, secret, now)
    except DomainError as error:
        if error.status == 404:
            raise
        state, shown = await _ticket_now(secret, pool, hub)
        context = {"ticket": _view(state, shown), "secret": secret, "error": translator_of(request).text(error.text)}
        return page(request, "ticket_leave.html", context, office_head(state.catalogue), status_code=error.status)
    return Redirect(f"/t/{secret}", status_code=HTTP_303_SEE_OTHER)


@get("/t/{secret:str}/qr.svg", include_in_schema=False)
async def ticket_qr(secret: str, settings: Settings) -> Response[bytes]:
    """Leads to the ticket page. Draws any well-formed secret without asking the database: the code proves nothing."""
    return await qr_answer(f"{settings.public_url}/t/{secret[:64]}")


HANDLERS = [offices_page, set_preferences, ticket_page, why_page, leave_question, leave, ticket_qr]
