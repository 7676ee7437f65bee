"""`/invitation/{token}`: whoever was invited, or whose password was reset, chooses a password and is in.

Refuses to sign anybody in past their second factor.
"""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.pages.account.frame import AnyRequest, Form
from queue_service.pages.desk.sign_in import ask_for_code, provider_name, signed_in
from queue_service.pages.render import page, translator_of
from queue_service.staff.api import origin_of
from queue_service.staff.errors import WeakPassword
from queue_service.staff.invitations import Invited, accept_invitation, look_at_invitation
from queue_service.staff.models import InvitationKind
from queue_service.staff.rights import Audience, for_
from queue_service.staff.sessions import open_session_for
from queue_service.staff.sign_in import Opened


class ChooseForm(msgspec.Struct, frozen=True):
    password: str = ""
    again: str = ""
    csrf: str = ""


@get("/invitation/{token:str}", include_in_schema=False, **for_(Audience.EVERYBODY))
async def invitation(request: AnyRequest, token: str, db: AsyncSession, now: datetime) -> Response[str]:
    return _choose_page(request, await look_at_invitation(db, token, now), [])


def _choose_page(request: AnyRequest, invited: Invited, errors: list[dict[str, str]]) -> Response[str]:
    context: dict[str, Any] = {"login": invited.account.login, "name": invited.account.name, "kind": invited.kind.value, "errors": errors}
    provider = provider_name(request) if invited.kind is InvitationKind.INVITATION else None
    context |= {"provider": provider, "token": request.path_params["token"]}
    return page(request, "account/invitation.html", context, status_code=422 if errors else 200)


@post("/invitation/{token:str}", include_in_schema=False, **for_(Audience.EVERYBODY))
async def choose_password(
    request: AnyRequest, token: str, data: Annotated[ChooseForm, Form], db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    t, origin = translator_of(request), origin_of(request, "invitation")
    invited = await look_at_invitation(db, token, now)
    if data.password != data.again:
        return _choose_page(request, invited, [{"field": "again", "text": t.gettext("The two passwords differ.")}])
    try:
        account = await accept_invitation(db, token, data.password, origin.address, now)
    except WeakPassword as error:
        return _choose_page(request, invited, [{"field": "password", "text": t.text(error.text)}])
    if account.totp_sealed is not None:
        await db.flush()
        return ask_for_code(request, account, "", now)
    return await signed_in(request, db, Opened(account, await open_session_for(db, account, origin, now), "invitation"))


HANDLERS = [invitation, choose_password]
