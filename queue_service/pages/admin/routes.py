"""All pages of administration; each subject is a module of its own."""

from typing import Any

from queue_service.pages.admin.desks import HANDLERS as DESKS
from queue_service.pages.admin.office_services import HANDLERS as OFFICE_SERVICES
from queue_service.pages.admin.offices import HANDLERS as OFFICES
from queue_service.pages.admin.privileges import HANDLERS as PRIVILEGES
from queue_service.pages.admin.services import HANDLERS as SERVICES
from queue_service.pages.admin.staff import HANDLERS as STAFF

HANDLERS: list[Any] = [
    *STAFF,
    *DESKS,
    *OFFICE_SERVICES,
    *OFFICES,
    *PRIVILEGES,
    *SERVICES,
]
