"""Devices for programs of administration: the same list, and the same acts, as the page."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, Router, delete, get, post
from litestar.enums import MediaType
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.db import Pool
from queue_service.devices.commands import checked_name, own_device, revoke_device, zone_of_office
from queue_service.devices.errors import OfficeNeeded, UnknownCode
from queue_service.devices.pairing import Pairings, Place, pair
from queue_service.devices.queries import DeviceNow, devices_now
from queue_service.devices.rules import code_of, settings_of
from queue_service.errors import Forbidden, problem
from queue_service.offices.catalogue import Catalogues
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.text import accepted_language


class AlarmOut(msgspec.Struct, frozen=True):
    alarm: str
    since: datetime
    grave: bool


class DeviceOut(msgspec.Struct, frozen=True):
    id: int
    office: str
    kind: str
    name: str
    zone: str | None
    standing: str
    """works, attention, alarm, quiet (the office is closed), never (not seen yet), revoked."""
    alarms: list[AlarmOut]
    """Newest first."""
    version: str | None
    seen_at: datetime | None
    paired_at: datetime | None
    token_at: datetime | None
    health: dict[str, Any] | None
    settings: dict[str, Any]


class NewPairing(msgspec.Struct, frozen=True):
    code: str
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    office: str | None = None
    """Slug; people of one office may leave it out."""
    zone: str | None = None
    replaces: Annotated[int, msgspec.Meta(ge=1, le=2_147_483_647)] | None = None
    """Id of the device whose place it takes: name, zone and settings stay."""


class PairedOut(msgspec.Struct, frozen=True):
    id: int


def device_out(device: DeviceNow) -> DeviceOut:
    return DeviceOut(
        id=device.id,
        office=device.office.slug,
        kind=device.kind,
        name=device.name,
        zone=device.zone,
        standing=device.standing,
        alarms=[AlarmOut(alarm.kind, alarm.since, alarm.grave) for alarm in device.alarms],
        version=device.version,
        seen_at=device.seen_at,
        paired_at=device.paired_at,
        token_at=device.token_at,
        health=device.health,
        settings=settings_of(device.kind, device.settings),
    )


def refused_code(db: AsyncSession, actor: Actor, office_id: int | None, now: datetime) -> None:
    """Somebody entered a code that fits nothing: once is a slip, twenty times is a search."""
    record(db, actor, Act("device.pairing_refused", "device:new", office_id), now)


async def office_for(identity: Identity, catalogues: Catalogues, slug: str | None, now: datetime) -> int:
    """The office that the new device is for. Raises OfficeNeeded, NotFound, Forbidden."""
    if not slug:
        if identity.office_id is None:
            raise OfficeNeeded
        return identity.office_id
    office_id = (await catalogues.by_slug(slug, now)).id
    if identity.office_id not in (None, office_id):
        raise Forbidden
    return office_id


@get("/devices", **for_(Right.SEE_DEVICES))
async def list_devices(identity: Identity, pool: Pool, catalogues: Catalogues, now: datetime) -> list[DeviceOut]:
    """Those of the person's office, or of the whole city."""
    return [device_out(each) for each in await devices_now(pool, catalogues, identity.office_id, now)]


@post("/pairings", status_code=201, **for_(Right.DEVICES))
async def enter_code(
    request: Request[Any, Any, Any],
    data: NewPairing,
    identity: Identity,
    actor: Actor,
    db: AsyncSession,
    catalogues: Catalogues,
    pairings: Pairings,
    now: datetime,
) -> Response[PairedOut] | Response[bytes]:
    """Gives the device that shows the code its place. 422 unknown_code; every such refusal is recorded."""
    await pairings.allow_entry(identity.account_id, now)
    office_id = await office_for(identity, catalogues, data.office, now)
    zone_id = None if data.replaces else await zone_of_office(db, office_id, data.zone)
    place = Place(office_id, "" if data.replaces else checked_name(data.name), zone_id, data.replaces)
    try:
        async with db.begin_nested():
            device_id = await pair(db, pairings.ring, code_of(data.code), place, actor, now)
    except UnknownCode as error:
        refused_code(db, actor, office_id, now)
        body = problem(error, accepted_language(request.headers.get("Accept-Language")))
        return Response(body, status_code=error.status, media_type=MediaType.JSON, headers={"Content-Type": "application/problem+json"})
    return Response(PairedOut(device_id), status_code=201)


@delete("/devices/{device_id:int}", status_code=204, **for_(Right.DEVICES))
async def revoke(device_id: int, identity: Identity, actor: Actor, db: AsyncSession, now: datetime) -> None:
    """Its token opens nothing any more."""
    await revoke_device(db, await own_device(db, device_id, identity.office_id), actor, now)


router = Router("/api/admin", route_handlers=[list_devices, enter_code, revoke], tags=["devices"])
