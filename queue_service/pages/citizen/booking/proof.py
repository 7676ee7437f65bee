"""Before a time is held: the page that asks for a second of the browser's work, or a minute of patience, when load looks automatic.

Every form of ours that takes a time asks here first, so that changing the time of a begun form is no way round the limit. Refuses to
lose the form: its fields come back with the next sending.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from litestar import Response

from queue_service.booking.errors import ProofNeeded
from queue_service.booking.guard import Guard
from queue_service.errors import TooManyAttempts
from queue_service.pages.citizen.booking.frame import AnyRequest, address_of, show
from queue_service.pages.render import translator_of


@dataclass(frozen=True, slots=True)
class Asking:
    """The form that wants a time: what it sent, where to, and where «Назад» leads from the page in between."""

    fields: Mapping[str, str]
    action: str
    back: str
    time_zone: str


async def asked_first(request: AnyRequest, guard: Guard, asking: Asking, now: datetime) -> Response[str] | None:
    """Counts a hold. None when it may be taken; else the page to show instead."""
    try:
        await guard.allow_hold(address_of(request), asking.fields.get("altcha"), now)
    except ProofNeeded:
        card, card_good_at = guard.card_to_wait_with(now, asking.fields.get("altcha"))
        context = {
            "fields": {name: value for name, value in asking.fields.items() if name != "altcha"},
            "action": asking.action,
            "card": card,
            "card_good_at": _whole_minute_from(card_good_at),
            "time_zone": asking.time_zone,
            "back": asking.back,
        }
        return show(request, "proof.html", context, status_code=403)
    except TooManyAttempts as error:
        return show(request, "busy.html", {"detail": translator_of(request).text(error.text), "back": asking.back}, status_code=429)
    return None


def _whole_minute_from(moment: datetime) -> datetime:
    """The page shows no seconds, and who comes back at the minute that it names must not be early."""
    return moment if not (moment.second or moment.microsecond) else moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
