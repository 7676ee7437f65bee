"""All pages and static files of the service."""

from litestar.handlers import HTTPRouteHandler
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler

from queue_service.settings import CHECKOUT, Settings

STATIC = CHECKOUT / "queue_service" / "pages" / "static"


def page_routes(settings: Settings) -> list[ControllerRouterHandler]:
    """Static files: the surfaces' own, and what set-up brought (fonts, voice)."""
    routes: list[ControllerRouterHandler] = [
        create_static_files_router("/static", [STATIC], include_in_schema=False),
        create_static_files_router("/kiosk", [CHECKOUT / "kiosk"], html_mode=True, include_in_schema=False, name="kiosk"),
        create_static_files_router("/display", [CHECKOUT / "display"], html_mode=True, include_in_schema=False, name="display"),
        create_static_files_router("/assets", [settings.assets_dir], include_in_schema=False, name="assets"),
    ]
    return routes


__all__ = ["HTTPRouteHandler", "page_routes"]
