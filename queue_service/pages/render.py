"""From a template and a person's preferences to an answer. Refuses to know what a page is about."""

from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
import msgspec
from litestar import Request, Response
from litestar.enums import MediaType
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from queue_service.errors import DomainError, NotSignedIn
from queue_service.offices.catalogue import Catalogue
from queue_service.pages.i18n import Translator, environment, translator
from queue_service.staff.api import SESSION_COOKIE
from queue_service.staff.sessions import csrf_token
from queue_service.text import Language

AnyRequest = Request[Any, Any, Any]
YEAR_SECONDS = 365 * 24 * 3600
"""How long a browser remembers language and theme."""


@cache
def _templates() -> jinja2.Environment:
    return environment()


def language_of(request: AnyRequest) -> Language:
    """The chosen language; Russian until somebody chooses, whatever the browser was sold with (168-ФЗ)."""
    return "en" if request.cookies.get("lang") == "en" else "ru"


def translator_of(request: AnyRequest) -> Translator:
    return translator(language_of(request))


def office_head(catalogue: Catalogue) -> dict[str, Any]:
    return {"name": catalogue.name, "district": catalogue.district, "address": catalogue.address}


def page(
    request: AnyRequest,
    template: str,
    context: Mapping[str, Any],
    office: Mapping[str, Any] | None = None,
    status_code: int = 200,
) -> Response[str]:
    """The rendered template with what base.html needs."""
    token = request.cookies.get(SESSION_COOKIE)
    query = request.scope["query_string"].decode("ascii", "ignore")
    content = (
        _templates()
        .get_template(template)
        .render(
            t=translator_of(request),
            theme="contrast" if request.cookies.get("theme") == "contrast" else "",
            path=request.url.path + (f"?{query}" if query else ""),
            csrf=csrf_token(token) if token else None,
            office=office,
            **context,
        )
    )
    return Response(
        content,
        status_code=status_code,
        media_type=MediaType.HTML,
        # A back button must not show yesterday's queue, nor a shared computer somebody's ticket.
        headers={"Cache-Control": "no-store"},
    )


def plain(view: msgspec.Struct) -> Any:
    """A read model as the plain values that templates and scripts share."""
    return msgspec.to_builtins(view)


def own_path(path: str | None, default: str = "/") -> str:
    """`path` if it leads to one of our pages, else `default`: a link must not send a person elsewhere."""
    if not path or "\\" in path or any(ord(character) < 32 for character in path):
        return default
    parts = urlsplit(path)
    return path if path.startswith("/") and not path.startswith("//") and not parts.netloc and not parts.scheme else default


def error_page(request: AnyRequest, error: DomainError) -> Response[str] | Redirect:
    """A failure as a page; a person never sees JSON. Who must sign in first is led there and back."""
    if isinstance(error, NotSignedIn):
        back = quote(request.url.path, safe="/") if request.method == "GET" else "/desk"
        return Redirect(f"/desk/login?next={back}", status_code=HTTP_303_SEE_OTHER)
    detail = translator_of(request).text(error.text)
    if error.status == 404:
        return page(request, "not_found.html", {"detail": detail}, status_code=404)
    context = {"detail": detail, "request_id": request.state.get("request_id")}
    return page(request, "error.html", context, status_code=error.status)
