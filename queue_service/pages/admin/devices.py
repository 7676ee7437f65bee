"""The devices of an office or the city on one page: what is wrong, newest first, and where a new device's code is entered.

Complete without JavaScript; with it the page follows by itself, and can be told to stand still. Refuses to show a token: nobody has one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Actor
from queue_service.db import Pool
from queue_service.devices.admin_api import office_for, refused_code
from queue_service.devices.alarms import Alarm, AlarmKind, Standing
from queue_service.devices.commands import checked_name, zone_of_office
from queue_service.devices.errors import NameNeeded, OfficeNeeded, OtherKind, UnknownCode, UnknownDevice
from queue_service.devices.models import DeviceKind
from queue_service.devices.pairing import Pairings, Place, pair, waiting_pairing
from queue_service.devices.queries import DeviceNow, devices_now
from queue_service.devices.rules import code_in_groups, code_of
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.forms import Typed
from queue_service.pages.admin.frame import admin_page
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import RIGHTS, Right, for_
from queue_service.staff.sessions import Identity

ALARM_WORDS: Final[Mapping[AlarmKind, str]] = {
    AlarmKind.UNSEEN: "Not heard from",
    AlarmKind.PRINTER: "The printer does not print",
    AlarmKind.PAPER_OUT: "No paper",
    AlarmKind.PAPER_LOW: "Little paper left",
    AlarmKind.CLOCK: "The clock is wrong",
    AlarmKind.PAGE_ERRORS: "Errors of the page",
    AlarmKind.OLD_VERSION: "An old page",
    AlarmKind.REPLAYED: "Somebody used a copy of its key",
    AlarmKind.SOUND: "The browser blocks the sound",
}
STANDING_WORDS: Final[Mapping[Standing, tuple[str, str]]] = {
    Standing.WORKS: ("works", "ok"),
    Standing.ATTENTION: ("needs attention", "warn"),
    Standing.ALARM: ("alarm", "bad"),
    Standing.QUIET: ("off, the office is closed", ""),
    Standing.NEVER: ("not seen yet", ""),
    Standing.REVOKED: ("disconnected", ""),
}
KIND_WORDS: Final[Mapping[DeviceKind, str]] = {DeviceKind.KIOSK: "Kiosk", DeviceKind.DISPLAY: "Display"}
SAID_IN_SECONDS: Final = 120
"""A clock that is further off is told in minutes."""
PAPER_WORDS: Final[Mapping[str, str]] = {"ok": "there is paper", "low": "little paper", "out": "no paper"}
PRINTER_WORDS: Final[Mapping[str, str]] = {"ok": "prints", "error": "does not print"}
SOUND_WORDS: Final[Mapping[str, str]] = {"ok": "sound is on", "blocked": "sound is blocked", "absent": "there is no voice"}


@dataclass(frozen=True, slots=True)
class _Visit:
    """Who looks at the page, when, and through what."""

    request: AnyRequest
    identity: Identity
    pool: Pool
    catalogues: Catalogues
    now: datetime
    typed: Typed | None = None

    async def devices(self, office_id: int | None) -> list[DeviceNow]:
        return await devices_now(self.pool, self.catalogues, office_id, self.now)


@get("/admin/devices", include_in_schema=False, **for_(Right.SEE_DEVICES))
async def devices_page(request: AnyRequest, identity: Identity, pool: Pool, catalogues: Catalogues, now: datetime) -> Response[str]:
    return await _list(_Visit(request, identity, pool, catalogues, now))


@post("/admin/devices/pairing", include_in_schema=False, status_code=200, **for_(Right.DEVICES))
async def enter_code(
    request: AnyRequest,
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    pool: Pool,
    catalogues: Catalogues,
    pairings: Pairings,
    now: datetime,
) -> Response[str] | Redirect:
    """First the code, which says what kind of device it is, then where the device belongs."""
    typed = await Typed.of(request)
    visit = _Visit(request, identity, pool, catalogues, now, typed)
    office_id: int | None = identity.office_id
    kind: DeviceKind | None = None
    try:
        await pairings.allow_entry(identity.account_id, now)
        office_id = await office_for(identity, catalogues, typed.line_or_none("office"), now)
        async with db.begin_nested():
            code = code_of(typed.line("code"))
            kind = DeviceKind((await waiting_pairing(db, code, now)).kind)
            if typed.line("do") != "pair":
                return await _ask_for_place(visit, office_id, kind, typed)
            place = await _place(db, office_id, typed)
            device_id = await pair(db, pairings.ring, code, place, actor, now)
        return Redirect(f"/admin/devices?paired={device_id}", status_code=HTTP_303_SEE_OTHER)
    except UnknownCode as error:
        # Rendered and not raised: that somebody tried must be recorded.
        refused_code(db, actor, office_id, now)
        return await _list(visit, error)
    except OfficeNeeded as error:
        return await _list(visit, error)
    except (NameNeeded, OtherKind, UnknownDevice) as error:
        assert office_id is not None
        assert kind is not None
        return await _ask_for_place(visit, office_id, kind, typed, error)


async def _place(db: AsyncSession, office_id: int, typed: Typed) -> Place:
    replaces = typed.number("replaces")
    if isinstance(replaces, int):
        return Place(office_id, "", None, replaces)
    return Place(office_id, checked_name(typed.line("name")), await zone_of_office(db, office_id, typed.line("zone")))


async def _list(visit: _Visit, error: DomainError | None = None) -> Response[str]:
    request, identity, now, typed = visit.request, visit.identity, visit.now, visit.typed
    devices = await visit.devices(identity.office_id)
    t = translator_of(request)
    paired = request.query_params.get("paired", "")
    shown = [device_row(t, device, now) for device in devices]
    offices: dict[str, list[dict[str, Any]]] = {}
    for device, row in zip(devices, shown, strict=True):
        offices.setdefault(t.text(device.office.name), []).append(row)
    alarms = sorted(
        ((alarm, device) for device in devices for alarm in device.alarms), key=lambda pair: (pair[0].since, pair[1].id), reverse=True
    )
    of_city = identity.office_id is None
    context = {
        "offices": offices,
        "of_city": of_city,
        "alarms": [{**alarm_row(t, alarm, device, now), "device": device_row(t, device, now)} for alarm, device in alarms],
        "total": {
            "devices": sum(device.standing is not Standing.REVOKED for device in devices),
            "works": sum(device.standing is Standing.WORKS for device in devices),
            "attention": sum(device.standing is Standing.ATTENTION for device in devices),
            "alarm": sum(device.standing is Standing.ALARM for device in devices),
        },
        "may_change": Right.DEVICES in RIGHTS[identity.role],
        "choice": [(each.slug, t.text(each.name)) for each in await visit.catalogues.all(now)] if of_city else [],
        "typed": {"code": typed.line("code"), "office": typed.line("office")} if typed else {"code": "", "office": ""},
        "errors": [{"field": "office" if isinstance(error, OfficeNeeded) else "code", "text": t.text(error.text)}] if error else [],
        "paired": next((row for row in shown if str(row["id"]) == paired), None),
        "read_at": t.time(now, _zone(devices)),
    }
    return admin_page(request, "admin/devices.html", context, identity, "devices", status_code=error.status if error else 200)


def _zone(devices: Sequence[DeviceNow]) -> str:
    return devices[0].office.time_zone if devices else "Europe/Moscow"


def device_row(t: Translator, device: DeviceNow, now: datetime) -> dict[str, Any]:
    """What a table and a page say of a device."""
    words, colour = STANDING_WORDS[device.standing]
    health = device.health or {}
    zone = device.office.time_zone
    printer = health.get("printer", {})
    facts = [
        PRINTER_WORDS.get(printer.get("state", "")),
        PAPER_WORDS.get(printer.get("paper", "")),
        SOUND_WORDS.get(health.get("sound", "")),
    ]
    return {
        "id": device.id,
        "name": device.name,
        "office": t.text(device.office.name),
        "kind": t.gettext(KIND_WORDS[device.kind]),
        "zone": t.text(device.office.zones[device.zone]) if device.zone in device.office.zones and device.zone is not None else None,
        "standing": device.standing.value,
        "words": t.gettext(words),
        "colour": colour,
        "seen": t.day_and_time(device.seen_at, zone, now) if device.seen_at else None,
        "version": device.version,
        "facts": [t.gettext(fact) for fact in facts if fact],
        "alarms": [alarm_row(t, alarm, device, now) for alarm in device.alarms],
    }


def alarm_row(t: Translator, alarm: Alarm, device: DeviceNow, now: datetime) -> dict[str, Any]:
    words = t.gettext(ALARM_WORDS[alarm.kind])
    skew = (device.health or {}).get("skew_seconds")
    if alarm.kind is AlarmKind.CLOCK and skew is not None:
        words = _clock_words(t, skew)
    return {
        "kind": alarm.kind.value,
        "words": words,
        "grave": alarm.grave,
        "since": t.day_and_time(alarm.since, device.office.time_zone, now),
    }


def _clock_words(t: Translator, skew: float) -> str:
    seconds = round(abs(skew))
    if seconds < SAID_IN_SECONDS:
        ahead = t.gettext("The clock is %(seconds)s s ahead", seconds=seconds)
        return ahead if skew > 0 else t.gettext("The clock is %(seconds)s s behind", seconds=seconds)
    minutes = round(seconds / 60)
    ahead = t.gettext("The clock is %(minutes)s min ahead", minutes=minutes)
    return ahead if skew > 0 else t.gettext("The clock is %(minutes)s min behind", minutes=minutes)


def _free_name(first: str, same: Sequence[DeviceNow]) -> str:
    """«Терминал 4» where there are three, or the next that nobody has."""
    taken, number = {device.name for device in same}, len(same) + 1
    while f"{first} {number}" in taken:
        number += 1
    return f"{first} {number}"


async def _ask_for_place(visit: _Visit, office_id: int, kind: DeviceKind, typed: Typed, error: DomainError | None = None) -> Response[str]:
    t, now = translator_of(visit.request), visit.now
    office: Catalogue = await visit.catalogues.of(office_id, now)
    code = code_of(typed.line("code")) or ""
    same = [device for device in await visit.devices(office_id) if device.kind is kind]
    first = t.gettext(KIND_WORDS[kind])
    context = {
        "code": code_in_groups(code),
        "kind": kind.value,
        "slug": office.slug,
        "zones": [(each, t.text(name)) for each, name in office.zones.items()],
        "same": [device_row(t, device, now) for device in same],
        "typed": {
            "name": typed.line("name") if "name" in typed else _free_name(first, same),
            "zone": typed.line("zone"),
            "replaces": typed.line("replaces"),
        },
        "errors": [{"field": "name" if isinstance(error, NameNeeded) else "replaces", "text": t.text(error.text)}] if error else [],
    }
    status = error.status if error else 200
    return admin_page(visit.request, "admin/devices_pairing.html", context, visit.identity, "devices", status_code=status)


HANDLERS = [devices_page, enter_code]
