"""The lanes that citizens book: for which services, for whom, how many, and when. Refuses to leave people without their booked time
unseen; a lane that is taken away keeps its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.errors import NotFound
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, form_context, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.admin.week import (
    Lines,
    at_fields,
    days_of,
    lines_of,
    read_exceptions,
    read_week,
    typed_days,
    typed_lines,
    unreadable,
)
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

LABELS: Final[Mapping[str, str]] = {
    "": "This lane",
    "name": "Title",
    "services": "Services",
    "channel": "For whom",
    "count": "How many people at one time",
    "hours": "Hours of booking",
    "exceptions": "Special days",
}
NEW: Final[Mapping[str, Any]] = {"name": "", "services": [], "channel": "both", "count": 1, "hours": None, "exceptions": []}


@get("/admin/offices/{office:str}/lanes", include_in_schema=False, **for_(Right.SEE_SETUP))
async def lanes_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = await part(db, ("offices", office))
    opening = days_of(stands["opening_hours"]) if stands else {}
    lanes = [
        {**lane, "days": opening if lane["hours"] is None else days_of(lane["hours"]), "dates": lines_of(lane["exceptions"])[:-2]}
        for lane in (stands["lanes"] if stands else [])
    ]
    context = {
        "lanes": lanes,
        "names": {code: each.name for code, each in catalogue.services.items()},
        "home": office_path(catalogue),
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/lanes.html", context, identity, "lanes", catalogue)


@get("/admin/offices/{office:str}/lane", include_in_schema=False, **for_(Right.SEE_SETUP))
async def lane_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime, name: str = ""
) -> Response[str]:
    """One lane; without a name a new one."""
    catalogue = await catalogues.by_slug(office, now)
    lane = await part(db, ("offices", office, "lanes", name)) if name else None
    if name and lane is None:
        raise NotFound
    shown = lane or NEW
    opening = await part(db, ("offices", office, "opening_hours")) or []
    form = {
        **shown,
        "follows": shown["hours"] is None,
        "days": days_of(opening if shown["hours"] is None else shown["hours"]),
        "dates": lines_of(shown["exceptions"]),
        "remove": False,
    }
    return _page(request, identity, catalogue, form, lane)


@post("/admin/offices/{office:str}/lane", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_lane(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    typed, t, catalogue = await Typed.of(request), translator_of(request), await booking.catalogues.by_slug(office, now)
    week = Lines(None) if typed.flag("follows") else read_week(t, typed, "hours")
    exceptions, remove = read_exceptions(t, typed), typed.flag("remove")
    form = {
        "name": typed.line("name"),
        "services": typed.many("services"),
        "channel": typed.line("channel"),
        "count": typed.number("count"),
        "follows": typed.flag("follows"),
        "days": typed_days(typed),
        "dates": typed_lines(typed, "exceptions"),
    }
    refusal = unreadable({} if remove else {**week.errors, **exceptions.errors})
    if not refusal.errors:
        wanted = {name: form[name] for name in ("name", "services", "channel", "count")} | {
            "hours": week.value,
            "exceptions": exceptions.value,
        }
        place = ("offices", office, "lanes", typed.seen_fields.get("name") or wanted["name"])
        wish = Edit(place, typed.seen, None if remove else wanted, accept_fallout=typed.flag("accept_fallout"))
        error = await attempt(db, [wish], actor, now, booking)
        if error is None:
            return back_to(f"{office_path(catalogue)}/lanes", "off" if remove else "1")
        refusal = at_fields(refused(t, error, LABELS), week, exceptions)
    return _page(request, identity, catalogue, {**form, "remove": remove}, typed.seen, refusal)


def _page(
    request: AnyRequest,
    identity: Identity,
    catalogue: Catalogue,
    form: Mapping[str, Any],
    seen: Any,
    refusal: Refused = NOTHING_WRONG,
) -> Response[str]:
    t = translator_of(request)
    booked = [each for each in catalogue.services.values() if each.active]
    context = {
        **form_context(refusal, seen),
        "form": form,
        "fresh": seen is None,
        "services": [(each.code, t.text(each.name)) for each in booked],
        "home": office_path(catalogue),
        "fallout": refusal.fallout,
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/lane.html", context, identity, "lanes", catalogue, refusal.status)


HANDLERS = [lanes_page, lane_page, change_lane]
