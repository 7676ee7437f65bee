"""The whole configuration as one file, for programs: out, and in again after it was judged.

Errors are told line by line in `problems` of a 422. Refuses files of more than a megabyte.
"""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, Router, get, put
from litestar.openapi.datastructures import ResponseSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.applying import ids_of
from queue_service.administration.importing import Order, export_city, export_office, import_configuration, plan
from queue_service.audit.journal import Act, Actor, record
from queue_service.booking.office import Booking
from queue_service.db import utc
from queue_service.errors import Malformed
from queue_service.limits.bodies import CONFIGURATION_LIMIT_BYTES
from queue_service.staff.rights import Right, for_

YAML = "application/yaml"
_FILE = {200: ResponseSpec(dict[str, Any], generate_examples=False, description="The file.", media_type=YAML)}


class ChangeOut(msgspec.Struct, frozen=True):
    place: str
    before: Any
    after: Any


class LostOut(msgspec.Struct, frozen=True):
    """A booking that would be left without its time: no name."""

    office: str
    service: dict[str, str]
    starts_at: str
    reference: str


class ImportOut(msgspec.Struct, frozen=True):
    saved: bool
    """False: only looked at."""
    changes: list[ChangeOut]
    bookings: list[LostOut]
    """Left without their time; offered new ones where the change was saved."""
    setup_moved: bool
    """Administrators changed something since the export: saving needs `overwrite`."""


def yaml_answer(content: str, name: str) -> Response[str]:
    headers = {"Content-Disposition": f'attachment; filename="{name}.yaml"', "Cache-Control": "no-store"}
    return Response(content, media_type=f"{YAML}; charset=utf-8", headers=headers)


async def handed_out(db: AsyncSession, actor: Actor, now: datetime, office: str | None = None) -> Response[str]:
    """The file of the city or of one office, and a record of who took it: the office's own where it is the office's."""
    content = await export_office(db, office) if office else await export_city(db)
    office_id = (await ids_of(db))[office] if office else None
    record(db, actor, Act("setup.exported", f"offices/{office}" if office else "city", office_id), now)
    return yaml_answer(content, office or "city")


def decoded(body: bytes) -> str:
    """The file's text, with or without a byte order mark. Raises Malformed."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Malformed({"ru": "Файл должен быть в кодировке UTF-8.", "en": "The file must be UTF-8."}) from None


@get("/configuration", responses=_FILE, **for_(Right.CITY))
async def get_configuration(db: AsyncSession, actor: Actor, now: datetime) -> Response[str]:
    """The whole city, as PUT takes it."""
    return await handed_out(db, actor, now)


@get("/offices/{office:str}/configuration", responses=_FILE, **for_(Right.SEE_SETUP))
async def get_office_configuration(office: str, db: AsyncSession, actor: Actor, now: datetime) -> Response[str]:
    """One office's part of the file."""
    return await handed_out(db, actor, now, office)


@put("/configuration", request_max_body_size=CONFIGURATION_LIMIT_BYTES, **for_(Right.CITY))
async def put_configuration(
    body: bytes,
    db: AsyncSession,
    actor: Actor,
    booking: Booking,
    now: datetime,
    dry_run: bool = False,
    overwrite: bool = False,
    accept_fallout: bool = False,
) -> ImportOut:
    """Takes a whole city or one office's part; `dry_run` only says what it would change."""
    wish = await plan(db, decoded(body), now, to_save=not dry_run)
    if not dry_run:
        await import_configuration(db, Order(wish, overwrite, accept_fallout), actor, now, booking)
    return ImportOut(
        saved=not dry_run,
        changes=[ChangeOut("/".join(place), before, after) for place, before, after in wish.changes],
        bookings=[LostOut(each.office, each.service, utc(each.starts_at), each.reference) for each in wish.lost],
        setup_moved=wish.moved,
    )


router = Router("/api/admin", route_handlers=[get_configuration, get_office_configuration, put_configuration], tags=["administration"])
