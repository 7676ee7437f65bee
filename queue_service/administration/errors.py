"""Why a change of the set-up is refused: it is wrong, somebody was faster, or people would be left without their time.

Each carries what a form needs to show it beside its fields. Refuses names and contacts.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from queue_service.db import utc
from queue_service.errors import DomainError
from queue_service.text import Text


class BadEdit(DomainError):
    """The city file would not take it either; `places` is field -> sentence, "" is the whole part."""

    status = 422
    code = "bad_edit"
    sentence = {"ru": "Исправьте отмеченные места.", "en": "Please correct the marked places."}

    def __init__(self, places: Mapping[str, Text]) -> None:
        super().__init__(places=dict(places))
        self.places = dict(places)


class EditConflict(DomainError):
    """Somebody saved another change of the same fields meanwhile; `changed` is field -> (as it was seen, as it stands)."""

    code = "changed_meanwhile"
    sentence = {
        "ru": "Пока вы редактировали, это изменили. Проверьте отмеченное и сохраните ещё раз.",
        "en": "This was changed while you were editing. Please check what is marked and save again.",
    }

    def __init__(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__(changed={name: list(both) for name, both in changed.items()})
        self.changed = dict(changed)


class Fallen(msgspec.Struct, frozen=True):
    """A booking that would be left without hours."""

    appointment_id: int
    office: str
    service: Text
    lane: str
    starts_at: datetime
    time_zone: str
    reference: str
    held: bool
    """Somebody is filling in the form: it lapses, and they are asked to choose again."""


class FallOut(DomainError):
    """Nothing was saved: these bookings stand outside the hours that were wanted. `Edit.accept_fallout` offers them new times."""

    code = "bookings_fall_out"
    sentence = {
        "ru": "После этого изменения у части записей не останется времени.",
        "en": "This change would leave some bookings without their time.",
    }

    def __init__(self, bookings: Sequence[Fallen]) -> None:
        super().__init__(
            bookings=[
                {"office": each.office, "service": each.service, "starts_at": utc(each.starts_at), "reference": each.reference}
                for each in bookings
            ]
        )
        self.bookings = list(bookings)
