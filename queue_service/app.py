"""Puts the domains together: the only module that knows every one of them.

Refuses logic: what is decided is decided in a domain.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin

import queue_service.administration.api
import queue_service.administration.people_api
import queue_service.booking.api
import queue_service.booking.desk_api
import queue_service.desks.api
import queue_service.desks.hall_api
import queue_service.devices.admin_api
import queue_service.devices.api
import queue_service.live.api
import queue_service.live.sockets
import queue_service.staff.api
import queue_service.tickets.api
import queue_service.tickets.why_api
from queue_service import events
from queue_service.booking.calendar import Calendars
from queue_service.booking.guard import Guard
from queue_service.booking.housekeeping import keep_booking
from queue_service.booking.office import Booking
from queue_service.booking.snapshots import Snapshots
from queue_service.booking.waitlist import Offers
from queue_service.db import OFFICE_CHANGED, TICKET_ISSUED, Database, Pool, provide_db
from queue_service.description import COMPONENTS, describe
from queue_service.desks.api import provide_catalogue
from queue_service.desks.housekeeping import end_days, keep_time
from queue_service.devices.api import provide_device, refuse_if_closed
from queue_service.devices.keeping import keep_devices
from queue_service.devices.pairing import DEVICE_PAIRED, Pairings
from queue_service.devices.registry import Devices
from queue_service.doors import admit, provide_actor
from queue_service.errors import SettingsError
from queue_service.headers import security_headers_middleware
from queue_service.limits.bodies import BODY_LIMIT_BYTES
from queue_service.limits.gate import Gate
from queue_service.limits.limiter import Limiter
from queue_service.limits.pressure import Pressure
from queue_service.live.appointments import Followed
from queue_service.live.hub import Hub
from queue_service.live.listener import Listener
from queue_service.live.outlook import LiveOutlook
from queue_service.notifications.outbox import OUTBOX
from queue_service.notifications.sender import Sender, channels_of
from queue_service.observability import configure_logging, metrics_route, request_id_middleware
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.render import error_page
from queue_service.pages.routes import page_routes
from queue_service.problems import exception_handlers
from queue_service.sealing import KeyRing
from queue_service.settings import Settings
from queue_service.staff.api import provide_identity
from queue_service.staff.housekeeping import keep_accounts
from queue_service.staff.lockout import Lockout
from queue_service.staff.rights import Audience, for_
from queue_service.staff.sessions import Sessions
from queue_service.staff.sign_in import Entrance
from queue_service.tickets.api import Issuing
from queue_service.tickets.housekeeping import expire_forgotten
from queue_service.tickets.take import Taking
from queue_service.timing import clock

if TYPE_CHECKING:
    from queue_service.staff.provider import Provider

log = structlog.get_logger(__name__)

TIME_SECONDS = 2.0
"""How late a postponed visitor may return: nobody in the hall counts two seconds."""
HOUSEKEEPING_SECONDS = 60.0
"""Often enough that nobody at the door sees yesterday's queue."""
SCHEMA_FORMS = [JsonRenderPlugin(path=["/", "/openapi.json"]), YamlRenderPlugin(path="/openapi.yaml")]
"""The description itself: the viewers that the framework offers load scripts and fonts from foreign origins."""


@asynccontextmanager
async def lifespan(app: Litestar) -> AsyncIterator[None]:
    """Opens the database, starts listening, and lets go of both in the opposite order."""
    settings: Settings = app.state.settings
    if settings.database_url is None:
        raise SettingsError("QUEUE_DATABASE_URL не задан: запустите сервис командой `queue-service serve`.")
    database = Database(settings.database_url, settings.hot_pool_size)
    await database.open()
    catalogues = Catalogues(database.hot)
    sessions, devices = Sessions(database.hot, settings.second_factor), Devices(database.hot)
    calendars, ring = Calendars(database.hot), KeyRing.of(settings)
    hub, followed = Hub(database.hot, catalogues, calendars), Followed(database.hot)
    limiter = Limiter(database.hot, ring)
    booking = Booking(
        pool=database.hot,
        ring=ring,
        catalogues=catalogues,
        calendars=calendars,
        snapshots=Snapshots(database.hot),
        guard=Guard(limiter, ring, settings.rate_limits),
        public_url=settings.public_url,
        organizer=parseaddr(settings.mail_from)[1],
    )
    pairings = Pairings(database.hot, ring, limiter, clock, limits=settings.rate_limits)
    channels = channels_of(settings)
    sender = Sender(database, ring, channels)
    offers = Offers(database, booking)

    def setup_changed(payload: str) -> None:
        catalogues.drop(int(payload) if payload else None)
        booking.snapshots.everything_changed()
        hub.everything_changed()

    def slots_changed(payload: str) -> None:
        booking.snapshots.slots_changed(int(payload))
        hub.bookings_changed(payload, followed=followed.somebody_in(int(payload)))

    def access_changed(_: str) -> None:
        sessions.drop()
        devices.drop()

    def gap() -> None:
        access_changed("")
        setup_changed("")
        sender.wake()
        offers.wake()
        pairings.heard_everything()

    listener = Listener(
        settings.database_url,
        {
            OFFICE_CHANGED: hub.office_changed,
            TICKET_ISSUED: hub.ticket_issued,
            events.SETUP_CHANGED: setup_changed,
            events.ACCESS_CHANGED: access_changed,
            events.SLOTS_CHANGED: slots_changed,
            events.SLOT_FREED: lambda office_id: offers.wake(int(office_id)),
            OUTBOX: lambda _: sender.wake(),
            DEVICE_PAIRED: pairings.heard,
        },
        on_gap=gap,
    )
    app.state.entrance = Entrance(Lockout(database.hot, ring, settings.rate_limits), ring)
    app.state.update(database=database, catalogues=catalogues, sessions=sessions, devices=devices, hub=hub, listener=listener)
    app.state.update(taking=Taking(database.hot), pairings=pairings, booking=booking, followed=followed, outlook=LiveOutlook(hub))
    # What this process commits it knows at once, without waiting for its own NOTIFY.
    app.state.heard_office = lambda office_id: hub.office_changed(str(office_id))
    tasks = [
        asyncio.create_task(each)
        for each in (
            listener.run(),
            hub.beat(),
            _keep_house(database, limiter),
            _keep_time(database),
            keep_devices(database.hot, devices),
            app.state.gate.meter.run(database.hot, ring, clock),
            sender.run(),
            offers.run(),
        )
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await database.close()


async def _keep_time(database: Database) -> None:
    """Runs until cancelled; what fails now is tried again in seconds."""
    while True:
        await asyncio.sleep(TIME_SECONDS)
        try:
            await keep_time(database.hot, clock())
        except Exception as error:
            log.warning("time_not_kept", error=repr(error))


async def _keep_house(database: Database, limiter: Limiter) -> None:
    """Runs until cancelled; what fails now is tried again in a minute."""
    while True:
        try:
            await expire_forgotten(database.hot, clock())
            await end_days(database.hot, clock())
            await keep_booking(database.hot, clock())
            await limiter.forget(clock())
            await keep_accounts(database.hot, clock())
        except Exception as error:
            log.warning("housekeeping_failed", error=repr(error))
        await asyncio.sleep(HOUSEKEEPING_SECONDS)


@get("/health/live", include_in_schema=False, **for_(Audience.EVERYBODY))
async def live() -> dict[str, str]:
    """The process answers; says nothing of the database."""
    return {"status": "live"}


@get("/health/ready", include_in_schema=False, **for_(Audience.EVERYBODY))
async def ready(state: State) -> Response[dict[str, Any]]:
    """200 when visitors can be served; 503 with what is wrong."""
    wrong: list[str] = []
    try:
        async with asyncio.timeout(2):
            await state.database.hot.fetchval("SELECT 1 FROM office LIMIT 1")
    except Exception as error:  # whatever it is, we are not ready and say why
        log.warning("not_ready", error=repr(error))
        wrong.append(f"database: {type(error).__name__}")
    if not state.listener.hears:
        wrong.append("live updates: the LISTEN connection is down")
    return Response({"status": "ready" if not wrong else "not ready", "wrong": wrong}, status_code=503 if wrong else 200)


def _pool(state: State) -> Pool:
    pool: Pool = state.database.hot
    return pool


def _catalogues(state: State) -> Catalogues:
    catalogues: Catalogues = state.catalogues
    return catalogues


def _sessions(state: State) -> Sessions:
    sessions: Sessions = state.sessions
    return sessions


def _hub(state: State) -> Hub:
    hub: Hub = state.hub
    return hub


def _booking(state: State) -> Booking:
    booking: Booking = state.booking
    return booking


def _entrance(state: State) -> Entrance:
    entrance: Entrance = state.entrance
    return entrance


def _followed(state: State) -> Followed:
    followed: Followed = state.followed
    return followed


def _pairings(state: State) -> Pairings:
    pairings: Pairings = state.pairings
    return pairings


def _settings(state: State) -> Settings:
    settings: Settings = state.settings
    return settings


def _issuing(request: Request[Any, Any, State]) -> Issuing:
    state = request.app.state
    return Issuing(
        device=refuse_if_closed(provide_device(request)),
        taking=state.taking,
        catalogues=state.catalogues,
        outlook=state.outlook,
        public_url=state.settings.public_url,
        now=clock(),
    )


def _now() -> datetime:
    return clock()


def _sign_in_provider(settings: Settings) -> "Provider | None":
    """None where none is configured. Raises SettingsError for an unusable key."""
    if settings.oidc is None:
        return None
    # Most cities have none, and each of their workers does without the 5 MB of what speaks to one.
    from queue_service.staff.provider import Provider

    return Provider.of(settings.oidc, settings.public_url)


def create_app(settings: Settings) -> Litestar:
    """The whole service for these settings; nothing is opened before its lifespan starts."""
    configure_logging(settings.log_level)
    desks = [queue_service.desks.api.router, queue_service.desks.hall_api.router]
    desk_routes = Router("", route_handlers=desks, dependencies={"catalogue": Provide(provide_catalogue)})
    app = Litestar(
        route_handlers=[
            live,
            ready,
            Router("", route_handlers=[metrics_route], **for_(Audience.EVERYBODY)),
            queue_service.staff.api.router,
            queue_service.administration.people_api.router,
            queue_service.devices.api.router,
            queue_service.devices.api.kiosk_router,
            queue_service.devices.admin_api.router,
            queue_service.tickets.api.kiosk_router,
            queue_service.tickets.api.desk_router,
            queue_service.tickets.api.public_router,
            queue_service.tickets.why_api.router,
            queue_service.booking.api.public_router,
            queue_service.booking.desk_api.router,
            queue_service.administration.api.router,
            desk_routes,
            queue_service.live.api.public_router,
            queue_service.live.api.kiosk_router,
            queue_service.live.api.desk_router,
            queue_service.live.sockets.router,
            *page_routes(settings),
        ],
        guards=[admit],
        dependencies={
            "db": Provide(provide_db),
            "pool": Provide(_pool, sync_to_thread=False),
            "catalogues": Provide(_catalogues, sync_to_thread=False),
            "sessions": Provide(_sessions, sync_to_thread=False),
            "hub": Provide(_hub, sync_to_thread=False),
            "booking": Provide(_booking, sync_to_thread=False),
            "entrance": Provide(_entrance, sync_to_thread=False),
            "followed": Provide(_followed, sync_to_thread=False),
            "settings": Provide(_settings, sync_to_thread=False),
            "pairings": Provide(_pairings, sync_to_thread=False),
            "issuing": Provide(_issuing, sync_to_thread=False),
            "identity": Provide(provide_identity, sync_to_thread=False),
            "device": Provide(provide_device, sync_to_thread=False),
            "actor": Provide(provide_actor, sync_to_thread=False),
            "now": Provide(_now, sync_to_thread=False),
        },
        exception_handlers=exception_handlers(),
        lifespan=[lifespan],
        state=State({"settings": settings, "error_page": error_page, "oidc": _sign_in_provider(settings)}),
        openapi_config=OpenAPIConfig(
            title="Электронная очередь", version="1", path="/schema", components=COMPONENTS, render_plugins=SCHEMA_FORMS
        ),
        request_max_body_size=BODY_LIMIT_BYTES,
        logging_config=None,
        debug=False,
    )
    describe(app)
    # Litestar's own middleware sees only the routes that it knows; an unknown address needs the id and the headers just as well.
    app.state.gate = gate = Gate(settings.public_url, settings.rate_limits, clock)
    entered = gate.around(Pressure().around(app.asgi_handler))
    app.asgi_handler = request_id_middleware(security_headers_middleware(entered, settings.public_url))
    return app


def from_environment() -> Litestar:
    """What uvicorn's workers call."""
    app = create_app(Settings.from_environment())
    # Some 200,000 objects that live as long as the process: to look through them all again and again stops the hall for 0.1 to 0.4 s.
    gc.collect()
    gc.freeze()
    return app
