"""One device: how it is, what it is set to and what that does, its key, its place.

Refuses to save what somebody else has changed meanwhile without saying so.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.devices.commands import (
    Look,
    change_device,
    checked_name,
    look_of,
    order_renewal,
    own_device,
    revoke_device,
    settle_replay,
    zone_of_office,
)
from queue_service.devices.errors import BadSettings, DeviceMoved, NameNeeded, UnknownDevice
from queue_service.devices.models import Device, DeviceKind
from queue_service.devices.queries import DeviceNow, devices_now
from queue_service.devices.rules import OF_KIND, THEMES
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.admin.devices import device_row
from queue_service.pages.admin.devices_preview import preview
from queue_service.pages.admin.forms import Typed, carried
from queue_service.pages.admin.frame import admin_page, may_change
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

LABELS: Final[Mapping[str, str]] = {
    "name": "Name",
    "zone": "Zone",
    "idle_seconds": "Back to the beginning after, seconds",
    "print": "Prints tickets",
    "languages": "Languages",
    "distance_m": "Read from, metres",
    "screen_inches": "Diagonal of the screen, inches",
    "rows": "Calls in the list, at most",
    "volume": "Volume, per cent",
    "gong": "Gong before the voice",
    "theme": "Colours",
    "night": "Darker at night",
    "closed": "Closed",
}
THEME_WORDS: Final[Mapping[str, str]] = {"dark": "dark", "light": "light", "contrast": "for low vision"}


class _Shown:
    """What the page says besides what it always says."""

    def __init__(self, look: Look, seen: Mapping[str, Any], *, previewed: bool = False) -> None:
        self.look = look
        self.seen = seen
        self.previewed = previewed
        self.errors: dict[str, str] = {}
        self.changed: list[dict[str, str]] = []
        self.status = 200


@get("/admin/devices/{device_id:int}", include_in_schema=False, **for_(Right.SEE_DEVICES))
async def device_page(
    request: AnyRequest, device_id: int, identity: Identity, db: AsyncSession, pool: Pool, catalogues: Catalogues, now: datetime
) -> Response[str]:
    device = await own_device(db, device_id, identity.office_id)
    look = look_of(device)
    return await _page(request, identity, device, _Shown(look, look.flat()), pool, catalogues, now)


@post("/admin/devices/{device_id:int}", include_in_schema=False, status_code=200, **for_(Right.DEVICES))
async def change(
    request: AnyRequest,
    device_id: int,
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    pool: Pool,
    catalogues: Catalogues,
    now: datetime,
) -> Response[str] | Redirect:
    """Saves, or only shows what it would do (`do=show`)."""
    device = await own_device(db, device_id, identity.office_id)
    typed = await Typed.of(request)
    zone_id = await zone_of_office(db, device.office_id, typed.line("zone"))
    look = Look(typed.line("name"), zone_id, _read(DeviceKind(device.kind), typed))
    seen = typed.seen if isinstance(typed.seen, dict) else {}
    shown = _Shown(look, seen, previewed=True)
    try:
        checked_name(look.name)
        if typed.line("do") != "show":
            async with db.begin_nested():
                await change_device(db, device, seen, look, actor, now)
            return Redirect(f"/admin/devices/{device_id}?saved=1", status_code=HTTP_303_SEE_OTHER)
    except DomainError as error:
        await db.refresh(device)
        _tell(translator_of(request), shown, device, error)
    return await _page(request, identity, device, shown, pool, catalogues, now)


def _tell(t: Translator, shown: _Shown, device: Device, error: DomainError) -> None:
    shown.status = error.status
    match error:
        case BadSettings():
            shown.errors = {name: t.text(text) for name, text in error.places.items()}
        case NameNeeded():
            shown.errors = {"name": t.text(error.text)}
        case DeviceMoved():
            shown.changed = [
                {"what": t.gettext(LABELS.get(name, name)), "before": said(t, name, was), "after": said(t, name, now)}
                for name, (was, now) in error.changed.items()
            ]
            shown.seen = look_of(device).flat()
        case _:
            raise error


@post("/admin/devices/{device_id:int}/revoke", include_in_schema=False, **for_(Right.DEVICES))
async def revoke(device_id: int, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    await revoke_device(db, await own_device(db, device_id, identity.office_id), actor, now)
    return _back(device_id)


@post("/admin/devices/{device_id:int}/renew", include_in_schema=False, **for_(Right.DEVICES))
async def renew(device_id: int, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    await order_renewal(db, await own_device(db, device_id, identity.office_id), actor, now)
    return _back(device_id)


@post("/admin/devices/{device_id:int}/settle", include_in_schema=False, **for_(Right.DEVICES))
async def settle(device_id: int, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> Redirect:
    await settle_replay(db, await own_device(db, device_id, identity.office_id), actor, now)
    return _back(device_id)


def _back(device_id: int) -> Redirect:
    return Redirect(f"/admin/devices/{device_id}?saved=1", status_code=HTTP_303_SEE_OTHER)


def _read(kind: DeviceKind, typed: Typed) -> dict[str, Any]:
    """The settings of a kind as they were typed; the rules say what is wrong with them."""
    read: dict[str, Any] = {}
    for name in OF_KIND[kind]:
        if name in ("print", "gong"):
            read[name] = typed.flag(name)
        elif name == "theme":
            read[name] = typed.line(name)
        elif name == "languages":
            read[name] = ["ru", "en"] if typed.flag("languages.en") else ["ru"]
        elif name == "night":
            times = {"from": typed.line("night.from"), "to": typed.line("night.to")}
            read[name] = {**times, "dim": typed.number("night.dim")} if any(times.values()) else None
        elif name == "closed":
            read[name] = typed.both_or_none(name)
        else:
            read[name] = typed.number(name)
    return read


def said(t: Translator, name: str, value: Any) -> str:
    """A setting in words, for who is told that it was changed."""
    match value:
        case None:
            return t.gettext("none")
        case bool():
            return t.gettext("yes") if value else t.gettext("no")
        case {"from": begin, "to": end, "dim": dim}:
            return t.gettext("%(begin)s–%(end)s, darker by %(dim)s %%", begin=begin, end=end, dim=dim)
        case {"ru": _}:
            return t.text(value)
        case list():
            return ", ".join(str(each) for each in value)
    return t.gettext(THEME_WORDS[value]) if name == "theme" and value in THEME_WORDS else str(value)


async def _page(
    request: AnyRequest, identity: Identity, device: Device, shown: _Shown, pool: Pool, catalogues: Catalogues, now: datetime
) -> Response[str]:
    t = translator_of(request)
    found = [each for each in await devices_now(pool, catalogues, device.office_id, now) if each.id == device.id]
    if not found:
        raise UnknownDevice
    (seen_now,) = found
    office = seen_now.office
    zones: dict[int | None, str] = {
        row["id"]: row["code"] for row in await pool.fetch("SELECT id, code FROM zone WHERE office_id = $1", device.office_id)
    }
    context = {
        "device": device_row(t, seen_now, now),
        "kind": seen_now.kind.value,
        "office_name": t.text(office.name),
        "look": {"name": shown.look.name, "zone": zones.get(shown.look.zone_id) or "", **shown.look.settings},
        "zones": [(code, t.text(name)) for code, name in office.zones.items()],
        "themes": [(each, t.gettext(THEME_WORDS[each])) for each in THEMES],
        "seen": carried(shown.seen),
        "errors": shown.errors,
        "mistakes": [{"field": name, "text": text} for name, text in shown.errors.items()],
        "changed": shown.changed,
        "previewed": shown.previewed,
        "preview": preview(t, seen_now.kind, shown.look.settings) if not shown.errors else None,
        "health": _health(t, seen_now, now),
        "replayed": seen_now.replayed_at is not None,
        "renewal_due": seen_now.renewal_due,
        "revoked": seen_now.revoked_at is not None,
        "may_change": may_change(identity, Right.DEVICES, office),
    }
    return admin_page(request, "admin/devices_device.html", context, identity, "devices", status_code=shown.status)


def _health(t: Translator, device: DeviceNow, now: datetime) -> dict[str, Any]:
    health, zone = device.health or {}, device.office.time_zone
    errors = health.get("last_errors") or {}

    def moment(at: datetime | None) -> str | None:
        return t.day_and_time(at, zone, now) if at else None

    return {
        "paired": moment(device.paired_at),
        "token": moment(device.token_at) if device.token_at and device.token_at.year > 1970 else None,
        "skew": health.get("skew_seconds"),
        "screen": "×".join(str(side) for side in health["screen"]) if health.get("screen") else None,
        "errors": errors.get("what", []),
        "errors_at": moment(datetime.fromisoformat(errors["at"])) if errors else None,
    }


HANDLERS = [device_page, change, revoke, renew, settle]
