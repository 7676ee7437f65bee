"""The city's catalogue of services: groups with their letters, and what offices begin with. Refuses what one office does differently."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.errors import NotFound
from queue_service.offices.catalogue import Catalogues
from queue_service.offices.models import TICKET_LETTERS
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
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

GROUPS: Final = ("catalogue", "groups")
SERVICES: Final = ("catalogue", "services")
SPARE_ROWS: Final = 2
"""Empty rows at the end of a list: without JavaScript there is no button that adds one."""
NUMBERS: Final = ("typical_minutes", "wait_norm_minutes", "booking_norm_minutes", "daily_limit")
BOOKING: Final = ("duration_minutes", "per_application_minutes", "grid_minutes", "lead_minutes", "horizon_days")
GOALS: Final[Mapping[str, str]] = {"submit": "To hand in documents", "ask": "To ask", "collect": "To collect what is ready"}
LABELS: Final[Mapping[str, str]] = {
    "group": "Group",
    "letter": "Letter",
    "name": "Title",
    "goal": "What people come for",
    "typical_minutes": "A visit takes, minutes",
    "wait_norm_minutes": "Norm without booking, minutes",
    "booking_norm_minutes": "Norm with booking, minutes",
    "daily_limit": "Tickets a day",
    "walk_in": "Also without booking",
    "documents": "What to bring",
    "booking": "Booking",
    "results": "Results of a visit",
    "counts_applications": "The clerk counts applications",
    "chain": "What follows in the same visit",
    "duration_minutes": "Kept for a visit, minutes",
    "per_application_minutes": "Each further application, minutes",
    "grid_minutes": "Times stand every, minutes",
    "lead_minutes": "Not later than, minutes before",
    "horizon_days": "Not earlier than, days before",
}
BLANK: Final[Mapping[str, Any]] = {
    "name": None,
    "goal": "submit",
    "typical_minutes": 10,
    "wait_norm_minutes": 15,
    "booking_norm_minutes": 10,
    "daily_limit": None,
    "walk_in": True,
    "documents": [],
    "booking": None,
    "results": [],
    "counts_applications": False,
    "chain": [],
}


@get("/admin/services", include_in_schema=False, **for_(Right.SEE_SETUP))
async def services_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime) -> Response[str]:
    catalogue = await part(db, ("catalogue",)) or {"groups": [], "services": []}
    offices = await catalogues.all(now)
    groups = [
        {
            **group,
            "services": [
                {**each, "offices": sum(each["code"] in office.services and office.services[each["code"]].active for office in offices)}
                for each in catalogue["services"]
                if each["group"] == group["code"]
            ],
        }
        for group in catalogue["groups"]
    ]
    context = {"groups": groups, "all_offices": len(offices), "goals": _goals(request), "may_change": may_change(identity, Right.CITY)}
    return admin_page(request, "admin/services.html", context, identity, "services")


def _goals(request: AnyRequest) -> dict[str, str]:
    t = translator_of(request)
    return {goal: t.gettext(name) for goal, name in GOALS.items()}


@get("/admin/new-group", include_in_schema=False, **for_(Right.CITY))
async def new_group(request: AnyRequest, identity: Identity, db: AsyncSession) -> Response[str]:
    return await _group_form(request, identity, db, None, {"name": None, "letter": None}, None)


@post("/admin/new-group", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def add_group(request: AnyRequest, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> Response[str] | Redirect:
    wanted = _read_group(await Typed.of(request))
    code = code_of(wanted["name"]["en"], wanted["name"]["ru"], taken=[each["code"] for each in await part(db, GROUPS) or []])
    error = await attempt(db, [Edit((*GROUPS, code), None, {**wanted, "code": code})], actor, now)
    if error is None:
        return back_to("/admin/services")
    return await _group_form(request, identity, db, None, wanted, None, refused(translator_of(request), error, LABELS))


@get("/admin/groups/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def group_page(request: AnyRequest, code: str, identity: Identity, db: AsyncSession) -> Response[str]:
    stands = only(await there(db, (*GROUPS, code)), ("name", "letter"))
    return await _group_form(request, identity, db, code, stands, stands)


@post("/admin/groups/{code:str}", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def change_group(
    request: AnyRequest, code: str, identity: Identity, actor: Actor, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    await there(db, (*GROUPS, code))
    typed = await Typed.of(request)
    wanted = _read_group(typed)
    error = await attempt(db, [Edit((*GROUPS, code), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to("/admin/services")
    return await _group_form(request, identity, db, code, wanted, typed.seen, refused(translator_of(request), error, LABELS))


def _read_group(typed: Typed) -> dict[str, Any]:
    return {"name": typed.both("name"), "letter": typed.line("letter")}


async def _group_form(
    request: AnyRequest,
    identity: Identity,
    db: AsyncSession,
    code: str | None,
    shown: Mapping[str, Any],
    seen: Any,
    refusal: Refused = NOTHING_WRONG,
) -> Response[str]:
    taken = {each["letter"]: each["name"] for each in await part(db, GROUPS) or [] if each["code"] != code}
    t = translator_of(request)
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "code": code,
        "letters": [
            {"value": each, "label": each if each not in taken else f"{each} — {t.text(taken[each])}", "disabled": each in taken}
            for each in TICKET_LETTERS
        ],
        "may_change": may_change(identity, Right.CITY),
    }
    return admin_page(request, "admin/group_form.html", context, identity, "services", status_code=refusal.status)


@get("/admin/new-service", include_in_schema=False, **for_(Right.CITY))
async def new_service(
    request: AnyRequest, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime, group: str = ""
) -> Response[str]:
    return await _service_form(request, identity, (catalogues, db, now), None, {**BLANK, "group": group}, None)


@post("/admin/new-service", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def add_service(
    request: AnyRequest, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    wanted = read_service(await Typed.of(request))
    code = code_of(wanted["name"]["en"], wanted["name"]["ru"], taken=[each["code"] for each in await part(db, SERVICES) or []])
    error = await attempt(db, [Edit((*SERVICES, code), None, {**wanted, "code": code})], actor, now)
    if error is None:
        return back_to(f"/admin/services/{code}", "new")
    refusal = refused(translator_of(request), error, LABELS)
    return await _service_form(request, identity, (catalogues, db, now), None, wanted, None, refusal)


@get("/admin/services/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def service_page(
    request: AnyRequest, code: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    stands = await there(db, (*SERVICES, code))
    return await _service_form(request, identity, (catalogues, db, now), code, stands, only(stands, LABELS))


@post("/admin/services/{code:str}", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def change_service(
    request: AnyRequest, code: str, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    await there(db, (*SERVICES, code))
    typed = await Typed.of(request)
    wanted = read_service(typed)
    error = await attempt(db, [Edit((*SERVICES, code), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to(f"/admin/services/{code}")
    refusal = refused(translator_of(request), error, LABELS)
    return await _service_form(request, identity, (catalogues, db, now), code, wanted, typed.seen, refusal)


@post("/admin/services/{code:str}/move", include_in_schema=False, **for_(Right.CITY))
async def move_service(request: AnyRequest, code: str, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    """A place up or down among the services of its group."""
    listed = await part(db, SERVICES) or []
    group = next((each["group"] for each in listed if each["code"] == code), None)
    order = moved([each for each in listed if each["group"] == group], "code", code, up=(await Typed.of(request)).line("way") == "up")
    inside = iter(order)
    wanted = [next(inside) if each["group"] == group else each for each in listed]
    await attempt(db, [Edit(SERVICES, listed, wanted)], actor, now)
    return back_to("/admin/services")


@post("/admin/groups/{code:str}/move", include_in_schema=False, **for_(Right.CITY))
async def move_group(request: AnyRequest, code: str, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    listed = await part(db, GROUPS) or []
    wanted = moved(listed, "code", code, up=(await Typed.of(request)).line("way") == "up")
    await attempt(db, [Edit(GROUPS, listed, wanted)], actor, now)
    return back_to("/admin/services")


async def there(db: AsyncSession, place: tuple[str, ...]) -> Mapping[str, Any]:
    """What stands at the place; NotFound where nothing does."""
    found: Mapping[str, Any] | None = await part(db, place)
    if found is None:
        raise NotFound
    return found


def read_service(typed: Typed) -> dict[str, Any]:
    """The form's fields as the city file has them; rows that were left empty are no rows."""
    results: list[dict[str, Any]] = []
    for row in typed.rows("results"):
        name = typed.both_or_none(f"{row}.name")
        if name is not None:
            code = typed.line(f"{row}.code") or code_of(name["en"], name["ru"], taken=[each["code"] for each in results])
            results.append({"code": code, "name": name})
    return {
        "group": typed.line("group"),
        "name": typed.both("name"),
        "goal": typed.line("goal"),
        **{name: typed.number(name) for name in NUMBERS},
        "walk_in": typed.flag("walk_in"),
        "documents": [said for row in typed.rows("documents") if (said := typed.both_or_none(row)) is not None],
        "booking": {name: typed.number(f"booking.{name}") for name in BOOKING} if typed.flag("booked") else None,
        "results": results,
        "counts_applications": typed.flag("counts_applications"),
        "chain": [code for row in typed.rows("chain") if (code := typed.line(f"{row}.code"))],
    }


async def _service_form(
    request: AnyRequest,
    identity: Identity,
    reading: tuple[Catalogues, AsyncSession, datetime],
    code: str | None,
    shown: Mapping[str, Any],
    seen: Any,
    refusal: Refused = NOTHING_WRONG,
) -> Response[str]:
    (catalogues, db, now), t = reading, translator_of(request)
    catalogue = await part(db, ("catalogue",)) or {"groups": [], "services": []}
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "code": code,
        "groups": [(each["code"], f"{each['letter']} · {t.text(each['name'])}") for each in catalogue["groups"]],
        "goals": list(_goals(request).items()),
        "documents": [*shown["documents"], *([{}] * SPARE_ROWS)],
        "results": [*shown["results"], *([{"code": "", "name": {}}] * SPARE_ROWS)],
        "chain": [*shown["chain"], *([""] * SPARE_ROWS)],
        "others": [
            ("", t.gettext("nothing")),
            *((each["code"], t.text(each["name"])) for each in catalogue["services"] if each["code"] != code),
        ],
        "offices": await _offices_of(t, catalogues, code, now),
        "may_change": may_change(identity, Right.CITY),
    }
    return admin_page(request, "admin/service_form.html", context, identity, "services", status_code=refusal.status)


async def _offices_of(t: Translator, catalogues: Catalogues, code: str | None, now: datetime) -> list[dict[str, Any]]:
    """Every office, and whether it gives the service."""
    if code is None:
        return []
    return [
        {
            "name": t.text(each.name),
            "href": f"{office_path(each)}/services/{code}",
            "given": code in each.services and each.services[code].active,
        }
        for each in await catalogues.all(now)
    ]


HANDLERS = [
    services_page,
    new_group,
    add_group,
    group_page,
    change_group,
    move_group,
    new_service,
    add_service,
    service_page,
    change_service,
    move_service,
]
