"""What the pages of one's own account share: who one is, where one may go from here, and how a browser is called.

Refuses to know what a page is about.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from queue_service.pages.admin.frame import ROLE_NAMES
from queue_service.pages.i18n import Translator
from queue_service.pages.render import page, translator_of
from queue_service.staff.api import SESSION_COOKIE, bearer
from queue_service.staff.rights import RIGHTS, Right
from queue_service.staff.sessions import Identity

AnyRequest = Request[Any, Any, Any]
Form: Final = Body(media_type=RequestEncodingType.URL_ENCODED)
ZONE: Final = "Europe/Moscow"
"""Of people without an office; an office's people read their office's clock."""


def account_page(
    request: AnyRequest, template: str, context: Mapping[str, Any], identity: Identity, status_code: int = 200
) -> Response[str]:
    """A page of the account, with the ways back to work where nothing is missing any more."""
    t = translator_of(request)
    rights = frozenset() if identity.unfinished else RIGHTS[identity.role]
    serves = Right.SERVE in rights and identity.office_id is not None
    frame = {
        "person": {"name": identity.name, "login": identity.login, "role": t.gettext(ROLE_NAMES[identity.role])},
        "workplace": serves,
        "hall": Right.HALL in rights and identity.office_id is not None,
        "administration": Right.SEE_SETUP in rights,
        "unfinished": identity.unfinished,
    }
    return page(request, template, {**frame, **context}, status_code=status_code)


def token_of(request: AnyRequest) -> str:
    """Of the session that asks."""
    return bearer(request) or request.cookies[SESSION_COOKIE]


_BROWSERS: Final = (
    ("YaBrowser/", "Яндекс Браузер"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
"""The first that is named: every later one is also in the names of those before it."""
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def browser_name(t: Translator, agent: str | None) -> str:
    """«Chrome, Windows»: enough to know one's own computer."""
    if not agent:
        return t.gettext("A program")
    named = [next((name for sign, name in table if sign in agent), None) for table in (_BROWSERS, _SYSTEMS)]
    found = [name for name in named if name]
    return ", ".join(found) if found else re.sub(r"[^\w.-]+", " ", agent)[:40].strip() or t.gettext("A program")
