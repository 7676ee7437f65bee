"""Who is served out of turn, with the act it rests on: the city's list. Refuses numbers of documents: nothing is stored."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.errors import NotFound
from queue_service.pages.admin.forms import (
    NOTHING_WRONG,
    Refused,
    Typed,
    attempt,
    back_to,
    code_of,
    form_context,
    moved,
    only,
    refused,
)
from queue_service.pages.admin.frame import admin_page, may_change
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

FIELDS: Final = ("name", "basis", "document", "valid_from", "valid_to")
LABELS: Final[Mapping[str, str]] = {
    "name": "Title",
    "basis": "Legal basis",
    "document": "Document to show",
    "valid_from": "Valid from",
    "valid_to": "Valid to",
}
PLACE: Final = ("privileges",)


@get("/admin/privileges", include_in_schema=False, **for_(Right.SEE_SETUP))
async def privileges_page(request: AnyRequest, identity: Identity, db: AsyncSession, now: datetime) -> Response[str]:
    listed = await part(db, PLACE) or []
    today = now.date()
    context = {
        "privileges": [{**each, "state": _state(each, today)} for each in listed],
        "may_change": may_change(identity, Right.CITY),
    }
    return admin_page(request, "admin/privileges.html", context, identity, "privileges")


def _state(privilege: Mapping[str, Any], today: date) -> str:
    since, until = privilege["valid_from"], privilege["valid_to"]
    if until is not None and date.fromisoformat(until) < today:
        return "over"
    return "later" if since is not None and date.fromisoformat(since) > today else "valid"


@get("/admin/new-privilege", include_in_schema=False, **for_(Right.CITY))
async def new_privilege(request: AnyRequest, identity: Identity) -> Response[str]:
    return _form(request, identity, None, dict.fromkeys(FIELDS), None)


@post("/admin/new-privilege", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def add_privilege(request: AnyRequest, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> Response[str] | Redirect:
    wanted = _read(await Typed.of(request))
    code = code_of(wanted["name"]["en"], wanted["name"]["ru"], taken=[each["code"] for each in await part(db, PLACE) or []])
    error = await attempt(db, [Edit((*PLACE, code), None, {**wanted, "code": code})], actor, now)
    if error is None:
        return back_to("/admin/privileges")
    return _form(request, identity, None, wanted, None, refused(translator_of(request), error, LABELS))


@get("/admin/privileges/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def privilege_page(request: AnyRequest, code: str, identity: Identity, db: AsyncSession) -> Response[str]:
    stands = only(await _there(db, code), FIELDS)
    return _form(request, identity, code, stands, stands)


@post("/admin/privileges/{code:str}", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def change_privilege(
    request: AnyRequest, code: str, identity: Identity, actor: Actor, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    await _there(db, code)
    typed = await Typed.of(request)
    wanted = _read(typed)
    error = await attempt(db, [Edit((*PLACE, code), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to("/admin/privileges")
    return _form(request, identity, code, wanted, typed.seen, refused(translator_of(request), error, LABELS))


@post("/admin/privileges/{code:str}/move", include_in_schema=False, **for_(Right.CITY))
async def move_privilege(request: AnyRequest, code: str, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    """One place up or down; where nobody stands, nothing happens."""
    listed = await part(db, PLACE) or []
    wanted = moved(listed, "code", code, up=(await Typed.of(request)).line("way") == "up")
    await attempt(db, [Edit(PLACE, listed, wanted)], actor, now)
    return back_to("/admin/privileges")


async def _there(db: AsyncSession, code: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] | None = await part(db, (*PLACE, code))
    if found is None:
        raise NotFound
    return found


def _read(typed: Typed) -> dict[str, Any]:
    return {
        "name": typed.both("name"),
        "basis": typed.line("basis"),
        "document": typed.both("document"),
        "valid_from": typed.line_or_none("valid_from"),
        "valid_to": typed.line_or_none("valid_to"),
    }


def _form(
    request: AnyRequest, identity: Identity, code: str | None, shown: Mapping[str, Any], seen: Any, refusal: Refused = NOTHING_WRONG
) -> Response[str]:
    context = {**form_context(refusal, seen), "shown": shown, "code": code, "may_change": may_change(identity, Right.CITY)}
    return admin_page(request, "admin/privilege_form.html", context, identity, "privileges", status_code=refusal.status)


HANDLERS = [privileges_page, new_privilege, add_privilege, privilege_page, change_privilege, move_privilege]
