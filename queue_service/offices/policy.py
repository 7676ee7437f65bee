"""Changing an office's policy: in one transaction, by somebody who saw what stands, and with a row that says what was changed.

Who saved first is not overwritten unseen: the values that the editor was filled with must still stand. Refuses to judge what a change
does to waits: `statistics.what_if` plays that.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, get_args

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.errors import DomainError
from queue_service.events import setup_changed
from queue_service.offices import configuration as file
from queue_service.offices.models import Office, PolicyChange, Service
from queue_service.text import Text

Values = Mapping[str, int | None]
"""`booked_head_start_minutes`, or `passport.daily_limit` for a service's; None: there is none."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a value may be."""

    low: int
    high: int
    optional: bool = False

    def admits(self, value: int | None) -> bool:
        return self.optional if value is None else self.low <= value <= self.high

    @property
    def sentence(self) -> Text:
        ru, en = f"Целое число от {self.low} до {self.high}", f"A whole number from {self.low} to {self.high}"
        return {"ru": f"{ru} или ничего.", "en": f"{en}, or nothing."} if self.optional else {"ru": f"{ru}.", "en": f"{en}."}


def _form(kind: Any, *, optional: bool = False) -> Form:
    """As the city file has it, so that what the editor saves could stand there too."""
    meta = get_args(kind)[1]
    return Form(meta.ge, meta.le, optional)


OFFICE_FORMS: Final[Mapping[str, Form]] = {
    "privilege_head_start_minutes": _form(file.MinutesOrNone),
    "booked_head_start_minutes": _form(file.MinutesOrNone),
    "late_grace_minutes": _form(file.MinutesOrNone),
    "help_out_penalty_minutes": _form(file.MinutesOrNone),
    "no_show_min_calls": _form(file.Calls),
    "no_show_min_seconds": _form(file.Seconds),
    "return_limit_minutes": _form(file.MinutesOrNone),
    "auto_call_seconds": _form(file.AutoCallSeconds, optional=True),
    "amber_minutes": _form(file.AmberMinutes),
}
SERVICE_FORMS: Final[Mapping[str, Form]] = {
    "wait_norm_minutes": _form(file.Minutes),
    "booking_norm_minutes": _form(file.Minutes),
    "daily_limit": _form(file.DailyLimit, optional=True),
}


class BadPolicy(DomainError):
    """A value that the city file would not take either; `places` says which, with a sentence for each."""

    status = 422
    code = "bad_policy"
    sentence = {"ru": "Исправьте отмеченные значения.", "en": "Please correct the marked values."}

    def __init__(self, places: Mapping[str, Text]) -> None:
        super().__init__(places=dict(places))
        self.places = places


class PolicyMoved(DomainError):
    """Somebody saved another change meanwhile; `changed` is name -> (as it was seen, as it stands)."""

    code = "policy_changed"
    sentence = {
        "ru": "Пока вы смотрели, правила изменили. Проверьте и сохраните ещё раз.",
        "en": "The rules were changed meanwhile. Please check them and save again.",
    }

    def __init__(self, changed: Mapping[str, tuple[int | None, int | None]]) -> None:
        super().__init__(changed={name: list(both) for name, both in changed.items()})
        self.changed = changed


def form_of(name: str) -> Form:
    """What the value of this name may be; KeyError for no value of ours."""
    _, _, of_service = name.rpartition(".")
    return SERVICE_FORMS[of_service] if "." in name else OFFICE_FORMS[name]


def check(values: Values) -> None:
    """BadPolicy unless every value is one that the city file would take."""
    wrong = {name: form_of(name).sentence for name, value in values.items() if not form_of(name).admits(value)}
    if wrong:
        raise BadPolicy(wrong)


async def _rows(db: AsyncSession, office_id: int, *, locked: bool) -> tuple[Office, list[Service]]:
    office = select(Office).where(col(Office.id) == office_id)
    services = (
        select(Service).where(col(Service.office_id) == office_id, col(Service.active)).order_by(col(Service.position), col(Service.id))
    )
    if locked:  # parents before children, as the city file is loaded
        office, services = office.with_for_update(), services.with_for_update()
        # What this session has read before its lock may be old.
        office, services = office.execution_options(populate_existing=True), services.execution_options(populate_existing=True)
    return (await db.exec(office)).one(), list((await db.exec(services)).all())


def _values(office: Office, services: list[Service]) -> dict[str, int | None]:
    found: dict[str, int | None] = {name: getattr(office, name) for name in OFFICE_FORMS}
    for service in services:
        found |= {f"{service.code}.{name}": getattr(service, name) for name in SERVICE_FORMS}
    return found


async def present_policy(db: AsyncSession, office_id: int) -> dict[str, int | None]:
    """What stands, of the office and of each service that it gives."""
    return _values(*await _rows(db, office_id, locked=False))


async def change_policy(
    db: AsyncSession, office_id: int, account_id: int, seen: Values, wanted: Values, now: datetime
) -> PolicyChange | None:
    """Makes `wanted` stand where `seen` stood; None where that is no change. Raises BadPolicy, PolicyMoved.

    Names that are not among the office's values are left alone: a service may have been switched off meanwhile.
    """
    office, services = await _rows(db, office_id, locked=True)
    stands = _values(office, services)
    moved = {name: (value, stands[name]) for name, value in seen.items() if name in stands and stands[name] != value}
    if moved:
        raise PolicyMoved(moved)
    after = {name: value for name, value in wanted.items() if name in stands and stands[name] != value}
    if not after:
        return None
    check(after)
    by_code = {service.code: service for service in services}
    for name, value in after.items():
        code, _, column = name.rpartition(".")
        setattr(by_code[code] if code else office, column, value)
    change = PolicyChange(office_id=office_id, account_id=account_id, at=now, before={name: stands[name] for name in after}, after=after)
    db.add(change)
    await db.flush()
    await setup_changed(db, office_id)
    return change


@dataclass(frozen=True, slots=True)
class PastChange:
    at: datetime
    by: str
    before: Values
    after: Values


LATEST_CHANGES = 10
"""What an editor's page shows of the past; the table keeps all."""


async def latest_changes(db: AsyncSession, office_id: int) -> list[PastChange]:
    """The newest first."""
    found = await (await db.connection()).execute(
        text(
            "SELECT at, account.name AS by, before, after FROM policy_change JOIN account ON account.id = account_id"
            " WHERE policy_change.office_id = :office ORDER BY policy_change.id DESC LIMIT :latest"  # ix_policy_change_office
        ),
        {"office": office_id, "latest": LATEST_CHANGES},
    )
    return [PastChange(row.at, row.by, row.before, row.after) for row in found]
