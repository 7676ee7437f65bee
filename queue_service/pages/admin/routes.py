"""All pages of administration; each subject is a module of its own."""

from typing import Any

from queue_service.administration.records import router as records
from queue_service.pages.admin.audit import HANDLERS as AUDIT
from queue_service.pages.admin.configuration import HANDLERS as CONFIGURATION
from queue_service.pages.admin.desks import HANDLERS as DESKS
from queue_service.pages.admin.device import HANDLERS as DEVICE
from queue_service.pages.admin.devices import HANDLERS as DEVICES
from queue_service.pages.admin.districts import HANDLERS as DISTRICTS
from queue_service.pages.admin.hours import HANDLERS as HOURS
from queue_service.pages.admin.lanes import HANDLERS as LANES
from queue_service.pages.admin.notices import HANDLERS as NOTICES
from queue_service.pages.admin.office_services import HANDLERS as OFFICE_SERVICES
from queue_service.pages.admin.offices import HANDLERS as OFFICES
from queue_service.pages.admin.other_rules import HANDLERS as RULES
from queue_service.pages.admin.policy import HANDLERS as POLICY
from queue_service.pages.admin.privacy import HANDLERS as PRIVACY
from queue_service.pages.admin.privileges import HANDLERS as PRIVILEGES
from queue_service.pages.admin.services import HANDLERS as SERVICES
from queue_service.pages.admin.staff import HANDLERS as STAFF
from queue_service.pages.admin.texts import HANDLERS as TEXTS

HANDLERS: list[Any] = [
    *STAFF,
    *DESKS,
    *DEVICE,
    *DEVICES,
    *OFFICE_SERVICES,
    *OFFICES,
    *PRIVILEGES,
    *SERVICES,
    *DISTRICTS,
    *NOTICES,
    *POLICY,
    *RULES,
    *TEXTS,
    *AUDIT,
    *PRIVACY,
    records,
    *HOURS,
    *LANES,
    *CONFIGURATION,
]
