"""Who may do what: one table of roles and rights, and what every route asks for.

A route names its audience in its `opt` (`**for_(Right.SERVE)`); a route that names none is refused to everybody, so nothing is open by
oversight. A right of an office's person ends at that office. Pure: the guard that asks is `staff.doors`.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from queue_service.staff.models import Role

AUDIENCE: Final = "audience"
"""Key in a handler's `opt`."""


class Audience(StrEnum):
    """Who needs no account."""

    EVERYBODY = "everybody"
    """Citizens and anybody else; where a secret opens something, the handler asks for it."""
    KIOSK = "kiosk"
    DISPLAY = "display"
    DEVICE = "device"
    """Any paired device."""


class Right(StrEnum):
    """What a signed-in person may do, in their office, or in all where they belong to none."""

    OWN_ACCOUNT = "own_account"
    """Everybody's: password, second factor, sessions; also before a second factor that is still to be set up."""
    SERVE = "serve"
    """To work at a desk."""
    SEE_BOOKINGS = "see_bookings"
    """The day's bookings of the office, without names."""
    HALL = "hall"
    """To act for the whole hall."""
    POLICY = "policy"
    """The rules of the queue of an office."""
    SEE_SETUP = "see_setup"
    """To read what is configured."""
    SETUP = "setup"
    """To change an office: hours, lanes, desks, which services it gives, texts, notices."""
    CITY = "city"
    """To change what all offices share, and to make offices."""
    STAFF = "staff"
    """To invite, change and switch off people."""
    SEE_DEVICES = "see_devices"
    DEVICES = "devices"
    """To pair, set, replace and revoke."""
    AUDIT = "audit"
    """To read who did what, and the evidence of destruction."""


_CLERK = frozenset({Right.OWN_ACCOUNT, Right.SERVE, Right.SEE_BOOKINGS})
_HALL = _CLERK | {Right.HALL, Right.SEE_DEVICES}
_HEAD = _HALL | {Right.POLICY, Right.SEE_SETUP, Right.SETUP, Right.STAFF, Right.DEVICES, Right.AUDIT}
RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.CLERK: _CLERK,
    Role.HALL_ADMINISTRATOR: _HALL,
    Role.OFFICE_HEAD: _HEAD,
    Role.CITY_ADMINISTRATOR: frozenset(
        {
            Right.OWN_ACCOUNT,
            Right.POLICY,
            Right.SEE_SETUP,
            Right.SETUP,
            Right.CITY,
            Right.STAFF,
            Right.SEE_DEVICES,
            Right.DEVICES,
            Right.AUDIT,
        }
    ),
    Role.AUDITOR: frozenset({Right.OWN_ACCOUNT, Right.SEE_SETUP, Right.SEE_DEVICES, Right.AUDIT}),
}

OF_AN_OFFICE: Final = ("/desk", "/api/desk")
"""What lies below is about the office of whoever asks: there is no desk of the city."""


def may(role: Role, own_office: int | None, right: Right, office_id: int | None) -> bool:
    """Whether somebody of this role and office may do this in that office; `office_id` None: something of the whole city.

    What an office's people may do for the whole city is only what is their own.
    """
    if right not in RIGHTS[role]:
        return False
    if right is Right.OWN_ACCOUNT:
        return True
    return own_office is None or own_office == office_id


def for_(audience: Audience | Right) -> dict[str, Any]:
    """Keyword for a handler or a router: `@get("/queue", **for_(Right.SERVE))`."""
    return {"opt": {AUDIENCE: audience}}
