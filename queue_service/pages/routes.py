"""All pages and static files of the service."""

from litestar import Router
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from queue_service.pages.account.routes import HANDLERS as ACCOUNT
from queue_service.pages.admin.routes import HANDLERS as ADMIN
from queue_service.pages.citizen.booking.routes import HANDLERS as BOOKING
from queue_service.pages.citizen.handlers import HANDLERS as CITIZEN
from queue_service.pages.desk.bookings import HANDLERS as DESK_BOOKINGS
from queue_service.pages.desk.hall import HANDLERS as DESK_HALL
from queue_service.pages.desk.handlers import HANDLERS as DESK
from queue_service.pages.desk.policy import HANDLERS as DESK_POLICY
from queue_service.pages.desk.sign_in import HANDLERS as SIGN_IN
from queue_service.settings import CHECKOUT, Settings
from queue_service.staff.rights import Audience, for_

STATIC = CHECKOUT / "queue_service" / "pages" / "static"


def page_routes(settings: Settings) -> list[ControllerRouterHandler]:
    """Pages by audience; static files: the surfaces' own, and what set-up brought (fonts, voice)."""
    everybody = for_(Audience.EVERYBODY)
    unlisted = {"include_in_schema": False, **everybody}
    return [
        Router("", route_handlers=[*CITIZEN, *BOOKING], **everybody),
        *ADMIN,
        *SIGN_IN,
        *ACCOUNT,
        *DESK,
        *DESK_BOOKINGS,
        *DESK_HALL,
        *DESK_POLICY,
        create_static_files_router("/static", [STATIC], **unlisted),
        create_static_files_router("/kiosk", [CHECKOUT / "kiosk"], html_mode=True, name="kiosk", **unlisted),
        create_static_files_router("/display", [CHECKOUT / "display"], html_mode=True, name="display", **unlisted),
        create_static_files_router("/assets", [settings.assets_dir], name="assets", **unlisted),
    ]
