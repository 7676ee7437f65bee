"""All pages and static files of the service."""

from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from queue_service.pages.citizen.booking.routes import HANDLERS as BOOKING
from queue_service.pages.citizen.handlers import HANDLERS as CITIZEN
from queue_service.pages.desk.bookings import HANDLERS as DESK_BOOKINGS
from queue_service.pages.desk.hall import HANDLERS as DESK_HALL
from queue_service.pages.desk.handlers import HANDLERS as DESK
from queue_service.pages.desk.policy import HANDLERS as DESK_POLICY
from queue_service.settings import CHECKOUT, Settings

STATIC = CHECKOUT / "queue_service" / "pages" / "static"


def page_routes(settings: Settings) -> list[ControllerRouterHandler]:
    """Pages by audience; static files: the surfaces' own, and what set-up brought (fonts, voice)."""
    return [
        *CITIZEN,
        *BOOKING,
        *DESK,
        *DESK_BOOKINGS,
        *DESK_HALL,
        *DESK_POLICY,
        create_static_files_router("/static", [STATIC], include_in_schema=False),
        create_static_files_router("/kiosk", [CHECKOUT / "kiosk"], html_mode=True, include_in_schema=False, name="kiosk"),
        create_static_files_router("/display", [CHECKOUT / "display"], html_mode=True, include_in_schema=False, name="display"),
        create_static_files_router("/assets", [settings.assets_dir], include_in_schema=False, name="assets"),
    ]
