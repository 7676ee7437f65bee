"""Choosing a desk is a form without JavaScript; the working place is a shell that the live snapshot fills."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.desks.commands import open_shift
from queue_service.errors import DomainError
from queue_service.live.hub import Hub
from queue_service.live.views.desk import desk_snapshot
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.render import office_head, page, plain, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

AnyRequest = Request[Any, Any, Any]
Form = Body(media_type=RequestEncodingType.URL_ENCODED)


class DeskForm(msgspec.Struct, frozen=True):
    desk: str = ""
    csrf: str = ""


@get("/desk", include_in_schema=False, **for_(Right.SERVE))
async def desk_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, hub: Hub, now: datetime) -> Response[str]:
    return await _desk_page(request, identity, await catalogues.of(identity.own_office, now), hub, error=None)


async def _desk_page(request: AnyRequest, identity: Identity, catalogue: Catalogue, hub: Hub, error: DomainError | None) -> Response[str]:
    snapshot = plain(desk_snapshot(await hub.feed(catalogue.id).fresh(), identity))
    if snapshot["shift"] is not None and error is None:
        context = {"account": snapshot["account"], "desk": snapshot["shift"]["desk"]}
        return page(request, "desk/work.html", context, office_head(catalogue))
    context = {
        "account": snapshot["account"],
        "desks": snapshot["desks"],
        "error": translator_of(request).text(error.text) if error else None,
    }
    return page(request, "desk/choose.html", context, office_head(catalogue), status_code=error.status if error else 200)


@post("/desk/shift", include_in_schema=False, **for_(Right.SERVE))
async def choose_desk(
    request: AnyRequest,
    data: Annotated[DeskForm, Form],
    identity: Identity,
    catalogues: Catalogues,
    hub: Hub,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    catalogue = await catalogues.of(identity.own_office, now)
    try:
        async with db.begin_nested():
            await open_shift(db, catalogue, identity.account_id, data.desk, now)
    except DomainError as error:
        return await _desk_page(request, identity, catalogue, hub, error)
    return Redirect("/desk", status_code=HTTP_303_SEE_OTHER)


HANDLERS = [desk_page, choose_desk]
