"""Districts by their names, and the order in which lists show the offices. Refuses to know what else an office has."""

from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, carried, form_context, moved, refused
from queue_service.pages.admin.frame import admin_page
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.text import Text

PLACE = ("offices",)
LABELS = {"district": "District"}


@get("/admin/districts", include_in_schema=False, **for_(Right.CITY))
async def districts_page(request: AnyRequest, identity: Identity, db: AsyncSession) -> Response[str]:
    return await _page(request, identity, db, {}, NOTHING_WRONG)


@post("/admin/districts", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def rename_districts(
    request: AnyRequest, identity: Identity, actor: Actor, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    """One name for all offices of a district, in one transaction."""
    typed = await Typed.of(request)
    seen: list[Text] = typed.seen if isinstance(typed.seen, list) else []
    wanted = {index: typed.both(f"districts.{index}") for index in range(len(seen))}
    edits = [
        Edit((*PLACE, office["slug"]), {"district": was}, {"district": wanted[index]})
        for index, was in enumerate(seen)
        for office in await part(db, PLACE) or []
        if office["district"] == was and wanted[index] != was
    ]
    error = await attempt(db, edits, actor, now)
    if error is None:
        return back_to("/admin/districts")
    refusal = refused(translator_of(request), error, LABELS)
    return await _page(request, identity, db, wanted, refusal)


@post("/admin/districts/order", include_in_schema=False, **for_(Right.CITY))
async def move_office(request: AnyRequest, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    """An office a place up or down."""
    typed, listed = await Typed.of(request), await part(db, PLACE) or []
    wanted = moved(listed, "slug", typed.line("slug"), up=typed.line("way") == "up")
    await attempt(db, [Edit(PLACE, listed, wanted)], actor, now)
    return back_to("/admin/districts")


async def _page(request: AnyRequest, identity: Identity, db: AsyncSession, typed: dict[int, Text], refusal: Refused) -> Response[str]:
    offices: list[dict[str, Any]] = await part(db, PLACE) or []
    districts: list[Text] = []
    for each in offices:
        if each["district"] not in districts:
            districts.append(each["district"])
    context = {
        **form_context(refusal, None),
        "seen": carried(districts),
        "districts": [
            {"shown": typed.get(index, each), "offices": sum(office["district"] == each for office in offices)}
            for index, each in enumerate(districts)
        ],
        "offices": offices,
    }
    return admin_page(request, "admin/districts.html", context, identity, "offices", status_code=refusal.status)


HANDLERS = [districts_page, rename_districts, move_office]
