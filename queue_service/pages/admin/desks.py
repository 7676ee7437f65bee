"""Desks and zones of an office, and the table of who takes what. Refuses to delete: a desk that is switched off keeps its history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, EditConflict, part
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import (
    NOTHING_WRONG,
    Refused,
    Typed,
    attempt,
    back_to,
    carried,
    code_of,
    form_context,
    only,
    refused,
)
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.admin.services import there
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

FIELDS: Final = ("place", "zone", "accessible", "services", "help_out")
LABELS: Final[Mapping[str, str]] = {
    "": "This desk",
    "number": "Number",
    "place": "Where it is",
    "zone": "Zone",
    "accessible": "Accessible",
    "services": "Services",
    "help_out": "Helps out with",
    "name": "Title",
}
TAKES: Final = ("", "own", "help")
"""What stands in a cell of the table: nothing, the desk takes the service, the desk helps out."""
Cells = Mapping[tuple[str, str], str]


@get("/admin/offices/{office:str}/desks", include_in_schema=False, **for_(Right.SEE_SETUP))
async def desks_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    return await _desks_page(request, identity, catalogue, db, None, NOTHING_WRONG)


@post("/admin/offices/{office:str}/desks", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_who_takes_what(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    """The whole table at once; cells that others changed meanwhile and this person did not touch stay theirs."""
    catalogue, t = await booking.catalogues.by_slug(office, now), translator_of(request)
    typed, desks = await Typed.of(request), await part(db, ("offices", office, "desks")) or []
    codes = await part(db, ("offices", office, "services")) or []
    stands, seen = _cells(desks, codes), _seen(typed)
    typed_cells = {cell: value for cell in stands if (value := typed.line(f"cell.{cell[0]}.{cell[1]}")) in TAKES}
    wanted, collisions = _together(seen, typed_cells, stands)
    if collisions:
        names = {f"{number}.{code}": (seen.get((number, code)), stands[number, code]) for number, code in collisions}
        refusal = refused(t, EditConflict(names), {})
        return await _desks_page(request, identity, catalogue, db, typed_cells, refusal)
    wish = [_with_cells(desk, codes, wanted) for desk in desks]
    error = await attempt(db, [Edit(("offices", office, "desks"), desks, wish)], actor, now, booking)
    if error is None:
        return back_to(f"{office_path(catalogue)}/desks")
    return await _desks_page(request, identity, catalogue, db, typed_cells, refused(t, error, LABELS))


def _cells(desks: Sequence[Mapping[str, Any]], codes: Sequence[str]) -> dict[tuple[str, str], str]:
    return {
        (desk["number"], code): "own" if code in desk["services"] else "help" if code in desk["help_out"] else ""
        for desk in desks
        for code in codes
    }


def _seen(typed: Typed) -> dict[tuple[str, str], str]:
    """The cells as the page was filled: {desk: [taken, helped]}."""
    seen = typed.seen
    if not isinstance(seen, dict):
        return {}
    found: dict[tuple[str, str], str] = {}
    for number, both in seen.items():
        if isinstance(both, list) and len(both) == 2:
            for value, codes in zip(("own", "help"), both, strict=True):
                found |= {(number, str(code)): value for code in codes} if isinstance(codes, list) else {}
    return found


def _together(seen: Cells, typed: Cells, stands: Cells) -> tuple[dict[tuple[str, str], str], list[tuple[str, str]]]:
    """What shall stand in each cell, and the cells that somebody else changed to something else."""
    wanted, collisions = {}, []
    for cell, present in stands.items():
        was, wish = seen.get(cell, ""), typed.get(cell, present)
        wanted[cell] = present if wish == was else wish
        if wish not in (was, present) and was != present:
            collisions.append(cell)
    return wanted, collisions


def _with_cells(desk: Mapping[str, Any], codes: Sequence[str], cells: Cells) -> dict[str, Any]:
    number = desk["number"]
    return {
        **desk,
        "services": [code for code in codes if cells.get((number, code)) == "own"],
        "help_out": [code for code in codes if cells.get((number, code)) == "help"],
    }


async def _desks_page(
    request: AnyRequest, identity: Identity, catalogue: Catalogue, db: AsyncSession, typed: Cells | None, refusal: Refused
) -> Response[str]:
    here = await there(db, ("offices", catalogue.slug))
    city = await part(db, ("catalogue",)) or {"groups": [], "services": []}
    stands = _cells(here["desks"], here["services"])
    shown = {**stands, **(typed or {})}
    given = [each for each in city["services"] if each["code"] in here["services"]]
    context = {
        **form_context(refusal, None),
        "seen": carried({desk["number"]: [desk["services"], desk["help_out"]] for desk in here["desks"]}),
        "home": office_path(catalogue),
        "desks": here["desks"],
        "zones": here["zones"],
        "zone_names": {each["code"]: each["name"] for each in here["zones"]},
        "groups": [
            {**group, "services": [each for each in given if each["group"] == group["code"]]}
            for group in city["groups"]
            if any(each["group"] == group["code"] for each in given)
        ],
        "cell": {f"{number}.{code}": value for (number, code), value in shown.items()},
        "untaken": [
            each["code"] for each in given if not any(shown.get((desk["number"], each["code"])) == "own" for desk in here["desks"])
        ],
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/desks.html", context, identity, "desks", catalogue, refusal.status)


@get("/admin/offices/{office:str}/new-desk", include_in_schema=False, **for_(Right.SETUP))
async def new_desk(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    here = await there(db, ("offices", office))
    free = next(number for number in range(1, 1000) if str(number) not in {desk["number"] for desk in here["desks"]})
    blank: dict[str, Any] = {"number": str(free), "place": None, "zone": None, "accessible": False, "services": [], "help_out": []}
    return await _desk_form(request, identity, catalogue, db, (None, blank, None), NOTHING_WRONG)


@post("/admin/offices/{office:str}/new-desk", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def add_desk(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    catalogue, typed = await catalogues.by_slug(office, now), await Typed.of(request)
    number = typed.line("number")
    wanted = {"number": number, **_read(typed, await part(db, ("offices", office, "services")) or [])}
    error = await attempt(db, [Edit(("offices", office, "desks", number), None, wanted)], actor, now)
    if error is None:
        return back_to(f"{office_path(catalogue)}/desks")
    refusal = refused(translator_of(request), error, LABELS)
    return await _desk_form(request, identity, catalogue, db, (None, wanted, None), refusal)


@get("/admin/offices/{office:str}/desks/{number:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def desk_page(
    request: AnyRequest, office: str, number: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = only(await there(db, ("offices", office, "desks", number)), FIELDS)
    return await _desk_form(request, identity, catalogue, db, (number, {**stands, "number": number}, stands), NOTHING_WRONG)


@post("/admin/offices/{office:str}/desks/{number:str}", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_desk(
    request: AnyRequest,
    office: str,
    number: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    """Saves the desk, or switches it off."""
    catalogue, typed = await catalogues.by_slug(office, now), await Typed.of(request)
    await there(db, ("offices", office, "desks", number))
    off = typed.line("do") == "off"
    wanted = _read(typed, await part(db, ("offices", office, "services")) or [])
    error = await attempt(db, [Edit(("offices", office, "desks", number), typed.seen, None if off else wanted)], actor, now)
    if error is None:
        return back_to(f"{office_path(catalogue)}/desks", "off" if off else "1")
    refusal = refused(translator_of(request), error, LABELS)
    return await _desk_form(request, identity, catalogue, db, (number, {**wanted, "number": number}, typed.seen), refusal)


def _read(typed: Typed, codes: Sequence[str]) -> dict[str, Any]:
    return {
        "place": typed.both_or_none("place"),
        "zone": typed.line_or_none("zone"),
        "accessible": typed.flag("accessible"),
        "services": [code for code in codes if typed.line(f"takes.{code}") == "own"],
        "help_out": [code for code in codes if typed.line(f"takes.{code}") == "help"],
    }


async def _desk_form(
    request: AnyRequest,
    identity: Identity,
    catalogue: Catalogue,
    db: AsyncSession,
    form: tuple[str | None, Mapping[str, Any], Any],
    refusal: Refused,
) -> Response[str]:
    number, shown, seen = form
    here = await there(db, ("offices", catalogue.slug))
    city = await part(db, ("catalogue", "services")) or []
    t = translator_of(request)
    context = {
        **form_context(refusal, seen),
        "shown": shown,
        "number": number,
        "home": office_path(catalogue),
        "zones": [(each["code"], t.text(each["name"])) for each in here["zones"]],
        "services": [each for each in city if each["code"] in here["services"]],
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/desk_form.html", context, identity, "desks", catalogue, refusal.status)


@get("/admin/offices/{office:str}/new-zone", include_in_schema=False, **for_(Right.SETUP))
async def new_zone(request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, now: datetime) -> Response[str]:
    return _zone_form(request, identity, await catalogues.by_slug(office, now), (None, {"name": None}, None), NOTHING_WRONG)


@post("/admin/offices/{office:str}/new-zone", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def add_zone(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    catalogue, typed = await catalogues.by_slug(office, now), await Typed.of(request)
    name = typed.both("name")
    code = code_of(name["en"], name["ru"], taken=[each["code"] for each in await part(db, ("offices", office, "zones")) or []])
    error = await attempt(db, [Edit(("offices", office, "zones", code), None, {"code": code, "name": name})], actor, now)
    if error is None:
        return back_to(f"{office_path(catalogue)}/desks")
    return _zone_form(request, identity, catalogue, (None, {"name": name}, None), refused(translator_of(request), error, LABELS))


@get("/admin/offices/{office:str}/zones/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def zone_page(
    request: AnyRequest, office: str, code: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    stands = only(await there(db, ("offices", office, "zones", code)), ("name",))
    return _zone_form(request, identity, await catalogues.by_slug(office, now), (code, stands, stands), NOTHING_WRONG)


@post("/admin/offices/{office:str}/zones/{code:str}", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_zone(
    request: AnyRequest,
    office: str,
    code: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    catalogue, typed = await catalogues.by_slug(office, now), await Typed.of(request)
    await there(db, ("offices", office, "zones", code))
    wanted = {"name": typed.both("name")}
    error = await attempt(db, [Edit(("offices", office, "zones", code), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to(f"{office_path(catalogue)}/desks")
    return _zone_form(request, identity, catalogue, (code, wanted, typed.seen), refused(translator_of(request), error, LABELS))


def _zone_form(
    request: AnyRequest, identity: Identity, catalogue: Catalogue, form: tuple[str | None, Mapping[str, Any], Any], refusal: Refused
) -> Response[str]:
    code, shown, seen = form
    context = {
        **form_context(refusal, seen),
        "code": code,
        "shown": shown,
        "home": office_path(catalogue),
        "may_change": may_change(identity, Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/zone_form.html", context, identity, "desks", catalogue, refusal.status)


HANDLERS = [
    desks_page,
    change_who_takes_what,
    new_desk,
    add_desk,
    desk_page,
    change_desk,
    new_zone,
    add_zone,
    zone_page,
    change_zone,
]
