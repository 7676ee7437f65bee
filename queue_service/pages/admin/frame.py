"""The frame of every page of administration: where one is, where one may go, and who one is.

The side navigation shows only what the person's rights open; the guard at the door decides all the same, so a link that is missing here
protects nothing. Refuses to know what a page is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogue
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, office_head, page, translator_of
from queue_service.staff.models import Role
from queue_service.staff.rights import RIGHTS, Right, may
from queue_service.staff.sessions import Identity

ACCOUNT_PATH: Final = "/account"
Form: Final = Body(media_type=RequestEncodingType.URL_ENCODED)


@dataclass(frozen=True, slots=True)
class _Place:
    """A page that the navigation knows."""

    section: str
    path: str
    label: str
    right: Right = Right.SEE_SETUP
    of_city: bool = False
    """Whether only people of the whole city have something to do there."""


CITY: Final = (
    _Place("offices", "/admin", "Offices"),
    _Place("services", "/admin/services", "Services of the city", of_city=True),
    _Place("privileges", "/admin/privileges", "Privileges", of_city=True),
    _Place("texts", "/admin/texts", "Texts", of_city=True),
    _Place("staff", "/admin/staff", "Staff", Right.STAFF),
    _Place("devices", "/admin/devices", "Devices", Right.SEE_DEVICES),
    _Place("audit", "/admin/audit", "Audit record", Right.AUDIT),
    _Place("privacy", "/admin/privacy", "Personal data", Right.AUDIT),
    _Place("configuration", "/admin/configuration", "Configuration file", Right.CITY, of_city=True),
)
OFFICE: Final = (
    _Place("office", "", "Overview"),
    _Place("hours", "/hours", "Opening hours"),
    _Place("lanes", "/lanes", "Booking lanes"),
    _Place("office-services", "/services", "Services here"),
    _Place("desks", "/desks", "Desks and zones"),
    _Place("notices", "/notices", "Notices and ticker"),
    _Place("office-texts", "/texts", "Texts"),
    _Place("policy", "/policy", "Rules of the queue", Right.POLICY),
)
"""Pages of one office; the path follows the office's own."""
ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.CLERK: "Clerk",
    Role.HALL_ADMINISTRATOR: "Hall administrator",
    Role.OFFICE_HEAD: "Head of the office",
    Role.CITY_ADMINISTRATOR: "City administrator",
    Role.AUDITOR: "Auditor",
}


def admin_page(
    request: AnyRequest,
    template: str,
    context: Mapping[str, Any],
    identity: Identity,
    section: str,
    office: Catalogue | None = None,
    status_code: int = 200,
) -> Response[str]:
    """A page of administration. `section` is what the navigation marks; `office`: the one that the page is about."""
    t = translator_of(request)
    frame = {
        "navigation": _navigation(t, identity, section, office),
        "person": {"name": identity.name, "role": t.gettext(ROLE_NAMES[identity.role])},
        "account_path": ACCOUNT_PATH,
        "workplace": Right.SERVE in RIGHTS[identity.role],
        "saved": request.query_params.get("saved"),
    }
    return page(request, template, {**frame, **context}, office_head(office) if office else None, status_code)


def refused(t: Translator, error: DomainError) -> list[dict[str, str | None]]:
    """A refusal that belongs to no field, for `errors_box`."""
    return [{"field": None, "text": t.text(error.text)}]


def may_change(identity: Identity, right: Right, office: Catalogue | None = None) -> bool:
    """Whether the page shows buttons; who may only look sees the same fields, locked."""
    return may(identity.role, identity.office_id, right, office.id if office else None)


def office_path(office: Catalogue) -> str:
    return f"/admin/offices/{office.slug}"


def _navigation(t: Translator, identity: Identity, section: str, office: Catalogue | None) -> list[dict[str, Any]]:
    rights = RIGHTS[identity.role]
    city = [each for each in CITY if each.right in rights and (identity.office_id is None or not each.of_city)]
    groups = []
    if office is not None:
        own = [each for each in OFFICE if each.right in rights]
        groups.append({"key": "office", "title": t.text(office.name), "links": _links(t, own, section, office_path(office))})
    elsewhere = t.gettext("The whole city") if identity.office_id is None else t.gettext("People and devices")
    if identity.office_id is not None and office is not None:
        city = [each for each in city if each.section != "offices"]
    groups.append({"key": "city", "title": elsewhere, "links": _links(t, city, section)})
    return [each for each in groups if each["links"]]


def _links(t: Translator, places: list[_Place], section: str, before: str = "") -> list[dict[str, Any]]:
    return [{"href": before + each.path, "label": t.gettext(each.label), "current": each.section == section} for each in places]
