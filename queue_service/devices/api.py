"""A kiosk's report of its health."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.connection import ASGIConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.devices.registry import DeviceIdentity, record_health
from queue_service.staff.rights import Audience, for_

Connection = ASGIConnection[Any, Any, Any, Any]


def device_token(connection: Connection) -> str | None:
    """From Authorization, or from ?token= where a browser cannot send headers (websockets)."""
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return connection.query_params.get("token")


def provide_device(request: Request[Any, Any, Any]) -> DeviceIdentity:
    device: DeviceIdentity = request.state["device"]
    return device


class PageHealth(msgspec.Struct, frozen=True):
    version: str = ""
    errors: tuple[str, ...] = ()


class PrinterHealth(msgspec.Struct, frozen=True):
    state: str = "unknown"


class Health(msgspec.Struct, frozen=True):
    page: PageHealth = PageHealth()
    printer: PrinterHealth = PrinterHealth()


LONGEST_REPORT = 20
"""Errors kept from one report: a page in a loop must not fill the table."""


@post("/health", status_code=204)
async def report_health(data: Health, device: DeviceIdentity, db: AsyncSession, now: datetime) -> None:
    health = {
        "page": {"version": data.page.version[:100], "errors": [error[:500] for error in data.page.errors[:LONGEST_REPORT]]},
        "printer": {"state": data.printer.state[:50]},
    }
    await record_health(db, device.id, health, now)


router = Router("/api/kiosk", route_handlers=[report_health], tags=["kiosk"], **for_(Audience.KIOSK))
