"""The kiosk's view: what can be asked for now, and how long that would take."""

from collections.abc import Sequence
from typing import Any

import msgspec

from queue_service.devices.registry import DeviceIdentity
from queue_service.live.state import OfficeState
from queue_service.live.views.parts import NamedOut, OfficeOut, OpenOut, WaitOut, office_out, open_out, wait_out
from queue_service.offices.catalogue import PrivilegeInfo, ServiceInfo
from queue_service.text import Text
from queue_service.tickets.rules import NEED_NAMES
from queue_service.tickets.take import closed_today_sentence

DEFAULTS: dict[str, Any] = {"idle_seconds": 60, "print": True}
"""Settings of a kiosk that has none of its own."""


class PrivilegeChoice(msgspec.Struct, frozen=True):
    code: str
    name: Text
    document: Text


class ServiceOut(msgspec.Struct, frozen=True):
    code: str
    name: Text
    goal: str
    documents: Sequence[Text]
    duration_minutes: int
    availability: str
    reason: Text | None
    ahead: int
    wait: WaitOut | None


class GroupOut(msgspec.Struct, frozen=True):
    letter: str
    name: Text
    services: list[ServiceOut]


class KioskOut(msgspec.Struct, frozen=True):
    name: str
    settings: dict[str, Any]


class MenuOut(msgspec.Struct, frozen=True):
    office: OfficeOut
    open: OpenOut
    device: KioskOut
    check_in: bool
    needs: list[NamedOut]
    privileges: list[PrivilegeChoice]
    groups: list[GroupOut]


def _service_out(state: OfficeState, service: ServiceInfo, is_open: OpenOut) -> ServiceOut:
    availability, reason = "open", None
    if not service.active:
        availability, reason = "closed", {"ru": "Сейчас услуга не оказывается", "en": "Not available now"}
    elif service.closed_today is not None:
        availability, reason = "closed", closed_today_sentence(service.closed_today)
    elif not service.walk_in:
        availability, reason = "booking_only", {"ru": "Только по предварительной записи", "en": "By appointment only"}
    elif not is_open.now:
        availability, reason = "office_closed", is_open.sentence
    elif service.id in state.exhausted:
        availability, reason = (
            "limit_reached",
            {"ru": "Талоны на сегодня закончились", "en": "No tickets left for today"},
        )
    ahead, wait = state.forecast.newcomer(service.id)
    return ServiceOut(
        code=service.code,
        name=service.name,
        goal=service.goal,
        documents=service.documents,
        duration_minutes=service.typical_minutes,
        availability=availability,
        reason=reason,
        ahead=ahead,
        wait=wait_out(wait),
    )


def _privilege_choice(privilege: PrivilegeInfo) -> PrivilegeChoice:
    return PrivilegeChoice(privilege.code, privilege.name, privilege.document)


def menu(state: OfficeState, device: DeviceIdentity) -> MenuOut:
    catalogue = state.catalogue
    is_open = open_out(catalogue, state.now)
    return MenuOut(
        office=office_out(catalogue),
        open=is_open,
        device=KioskOut(device.name, {**DEFAULTS, **device.settings}),
        check_in=bool(state.calendar.services),
        needs=[NamedOut(need.value, name) for need, name in NEED_NAMES.items()],
        privileges=[_privilege_choice(each) for each in catalogue.privileges_on(catalogue.schedule.local_date(state.now))],
        groups=[
            GroupOut(
                group.letter,
                group.name,
                [_service_out(state, service, is_open) for service in group.services],
            )
            for group in catalogue.groups
            if group.services
        ],
    )
