"""What devices ask for themselves: a code to be paired by, their token, its successor; and what they report."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, Router, get, post
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.devices.errors import KioskClosed
from queue_service.devices.health import Words, record_health
from queue_service.devices.models import DeviceKind
from queue_service.devices.pairing import Pairings, Wish, open_pairing
from queue_service.devices.registry import DeviceIdentity
from queue_service.devices.rotation import hand_out_successor
from queue_service.devices.rules import is_to_be_renewed
from queue_service.errors import BadToken
from queue_service.staff.rights import Audience, for_

Connection = ASGIConnection[Any, Any, Any, Any]


def device_token(connection: Connection) -> str | None:
    """From Authorization; from ?token= only of a websocket, where a browser cannot send headers: addresses stay in logs of proxies.

    The start address of a kiosk or a display has it too, but there the page takes it and not the service.
    """
    scheme, _, token = connection.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return connection.query_params.get("token") if connection.scope["type"] == ScopeType.WEBSOCKET else None


def provide_device(request: Request[Any, Any, Any]) -> DeviceIdentity:
    device: DeviceIdentity = request.state["device"]
    return device


def refuse_if_closed(device: DeviceIdentity) -> DeviceIdentity:
    """Raises KioskClosed with the words that stand on its screen."""
    closed = device.settings.get("closed")
    if closed:
        raise KioskClosed(closed)
    return device


class PageHealth(msgspec.Struct, frozen=True):
    version: str = ""
    errors: tuple[str, ...] = ()


class PrinterHealth(msgspec.Struct, frozen=True):
    state: str = "unknown"
    """ok, error, unknown."""
    paper: str = "unknown"
    """ok, low, out, unknown."""


class ScreenSize(msgspec.Struct, frozen=True):
    """Pixels of the page."""

    width: Annotated[int, msgspec.Meta(ge=1, le=100_000)]
    height: Annotated[int, msgspec.Meta(ge=1, le=100_000)]


class Health(msgspec.Struct, frozen=True):
    page: PageHealth = PageHealth()
    printer: PrinterHealth = PrinterHealth()


class DeviceHealth(msgspec.Struct, frozen=True):
    page: PageHealth = PageHealth()
    printer: PrinterHealth = PrinterHealth()
    sound: str = "unknown"
    """ok, blocked (the browser wants a touch first), absent, unknown."""
    clock: datetime | None = None
    """What the device takes the time to be at the moment of sending."""
    round_trip_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] | None = None
    """How long its last report took, there and back."""
    screen: ScreenSize | None = None


class HealthHeard(msgspec.Struct, frozen=True):
    now: datetime
    renew: bool
    """The token is to be renewed: POST /api/devices/token."""


class PairingWish(msgspec.Struct, frozen=True):
    kind: DeviceKind
    version: str = ""
    previous: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    """The claim of the code that this device showed before: it is given up."""


@dataclass(frozen=True, slots=True)
class PairingOut:
    claim: str
    code: str
    expires_at: datetime
    now: datetime
    """So that a device whose clock is wrong knows how long the code lives."""


class PairingState(msgspec.Struct, frozen=True, omit_defaults=True):
    state: str
    """waiting, or paired: then the rest is there."""
    token: str = ""
    kind: str = ""
    office: str = ""
    """Slug."""
    zone: str | None = None
    name: str = ""


class TokenOut(msgspec.Struct, frozen=True):
    token: str


@post("/health", status_code=204)
async def report_health(data: Health, device: DeviceIdentity, db: AsyncSession, now: datetime) -> None:
    words = Words(data.page.version, data.page.errors, data.printer.state, data.printer.paper)
    await record_health(db, device.id, words, now)


@post("/health", status_code=200, **for_(Audience.DEVICE))
async def report_device_health(data: DeviceHealth, device: DeviceIdentity, db: AsyncSession, now: datetime) -> HealthHeard:
    """How the device is; answers with the time, and whether its token is to be renewed."""
    words = Words(
        version=data.page.version,
        errors=data.page.errors,
        printer=data.printer.state,
        paper=data.printer.paper,
        sound=data.sound,
        clock=data.clock,
        round_trip_ms=data.round_trip_ms,
        screen=(data.screen.width, data.screen.height) if data.screen else None,
    )
    token_at = await record_health(db, device.id, words, now)
    return HealthHeard(now, is_to_be_renewed(token_at, now))


@post("/token", status_code=200, **for_(Audience.DEVICE))
async def renew_token(request: Request[Any, Any, Any], db: AsyncSession, pairings: Pairings, now: datetime) -> TokenOut:
    """The next token. Both open until the new one is first used; from then on whoever comes with the old one raises an alarm."""
    token = device_token(request)
    if token is None:
        raise BadToken
    return TokenOut(await hand_out_successor(db, pairings.ring, token, now))


@post("/pairings", status_code=201, **for_(Audience.EVERYBODY))
async def ask_for_code(
    request: Request[Any, Any, Any], data: PairingWish, db: AsyncSession, pairings: Pairings, now: datetime
) -> PairingOut:
    """A code for the screen of a new device, and the claim by which it learns that somebody has entered it."""
    address = request.client.host if request.client else ""
    await pairings.allow_opening(address, now)
    opened = await open_pairing(db, Wish(data.kind, data.version, data.previous, pairings.network(address)), now)
    return PairingOut(opened.claim, opened.code, opened.expires_at, now)


@get("/pairings/{claim:str}", **for_(Audience.EVERYBODY))
async def wait_for_pairing(request: Request[Any, Any, Any], claim: str, pairings: Pairings) -> PairingState:
    """Answers within 25 seconds: waiting, or paired with the token, which is handed over once. 404 when the code's time is over."""

    async def gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    fetched = await pairings.fetch(claim, gone)
    if fetched is None:
        return PairingState("waiting")
    return PairingState("paired", fetched.token, fetched.kind, fetched.office, fetched.zone, fetched.name)


kiosk_router = Router("/api/kiosk", route_handlers=[report_health], tags=["kiosk"], **for_(Audience.KIOSK))
router = Router("/api/devices", route_handlers=[report_device_health, renew_token, ask_for_code, wait_for_pairing], tags=["devices"])
