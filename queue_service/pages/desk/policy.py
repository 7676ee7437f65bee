"""The rules of the queue where the head of an office works. The editor is administration's own; this only says where it stands.

Refuses people of the whole city: they have no workplace, and change the rules of an office in its administration.
"""

from datetime import datetime

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.admin.policy import Where, change_page, present_page
from queue_service.pages.render import AnyRequest
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

AT_WORK = Where("/desk/policy", in_administration=False)


@get("/desk/policy", include_in_schema=False, **for_(Right.POLICY))
async def policy_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime) -> Response[str]:
    return await present_page(request, identity, await catalogues.of(identity.own_office, now), db, AT_WORK)


@post("/desk/policy", include_in_schema=False, status_code=200, **for_(Right.POLICY))
async def change_the_policy(
    request: AnyRequest, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    catalogue = await booking.catalogues.of(identity.own_office, now)
    return await change_page(request, (identity, actor), catalogue, (db, booking), AT_WORK, now)


HANDLERS = [policy_page, change_the_policy]
