"""The database after a run, as plain rows: read in one snapshot, saved beside the log, and all that the checker may see of it.

Refuses joins and sums: whatever is to be concluded, the checker concludes.
"""

from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import msgspec


class OfficeRow(msgspec.Struct, frozen=True):
    id: int
    time_zone: str
    privilege_head_start_minutes: int
    booked_head_start_minutes: int
    help_out_penalty_minutes: int
    accessible_needs: tuple[str, ...]


class ServiceRow(msgspec.Struct, frozen=True):
    id: int
    office_id: int
    code: str
    wait_norm_minutes: int
    booking_norm_minutes: int
    daily_limit: int | None
    chain: tuple[str, ...]


class DeskRow(msgspec.Struct, frozen=True):
    id: int
    office_id: int
    accessible: bool


class TakesRow(msgspec.Struct, frozen=True):
    desk_id: int
    service_id: int
    help_out: bool


class PrivilegeRow(msgspec.Struct, frozen=True):
    id: int
    code: str


class CounterRow(msgspec.Struct, frozen=True):
    office_id: int
    local_date: date
    letter: str
    last_number: int


class ServiceDayRow(msgspec.Struct, frozen=True):
    service_id: int
    local_date: date
    issued: int


class TicketRow(msgspec.Struct, frozen=True):
    id: int
    secret: str
    office_id: int
    local_date: date
    letter: str
    number: int
    service_id: int
    state: str
    source: str
    needs: tuple[str, ...]
    privilege_id: int | None
    privilege_state: str | None
    late: bool
    issued_at: datetime
    due_at: datetime
    rank_at: datetime
    rank_from: datetime
    desk_id: int | None
    clerk_id: int | None
    called_at: datetime | None
    calls: int
    started_at: datetime | None
    ended_at: datetime | None
    idempotency_key: str | None
    appointment_id: int | None
    booked_for: datetime | None
    for_desk_id: int | None
    for_clerk_id: int | None
    return_desk_id: int | None
    return_service_id: int | None
    next_services: tuple[int, ...]
    postponed_until: datetime | None
    postpone_reason: str | None
    moved_by_hand: bool
    inaccurate: bool


class EventRow(msgspec.Struct, frozen=True):
    id: int
    ticket_id: int
    office_id: int
    kind: str
    at: datetime
    desk_id: int | None
    clerk_id: int | None
    details: dict[str, Any]


class ShiftRow(msgspec.Struct, frozen=True):
    id: int
    office_id: int
    desk_id: int
    account_id: int
    opened_at: datetime
    closed_at: datetime | None
    served: int


class LaneRow(msgspec.Struct, frozen=True):
    id: int
    office_id: int


class LaneHoursRow(msgspec.Struct, frozen=True):
    lane_id: int
    weekday: int
    opens: int
    closes: int


class LaneServiceRow(msgspec.Struct, frozen=True):
    lane_id: int
    service_id: int


class AppointmentRow(msgspec.Struct, frozen=True):
    id: int
    secret: str
    reference: str
    office_id: int
    service_id: int
    state: str
    starts_at: datetime
    ends_at: datetime
    hold_expires_at: datetime | None
    moves: int
    via: str
    idempotency_key: str | None


class LaneTakenRow(msgspec.Struct, frozen=True):
    id: int
    lane_id: int
    starts_at: datetime
    ends_at: datetime
    kind: str
    appointment_id: int | None
    expires_at: datetime | None


class LetterRow(msgspec.Struct, frozen=True):
    key: str
    kind: str
    appointment_id: int | None
    state: str


class WaitlistRow(msgspec.Struct, frozen=True):
    id: int
    secret: str
    state: str
    appointment_id: int | None


class NoticeRow(msgspec.Struct, frozen=True):
    id: int
    sentence: dict[str, str]


class Dump(msgspec.Struct, frozen=True):
    office: list[OfficeRow]
    service: list[ServiceRow]
    desk: list[DeskRow]
    desk_service: list[TakesRow]
    privilege: list[PrivilegeRow]
    ticket_counter: list[CounterRow]
    service_day: list[ServiceDayRow]
    ticket: list[TicketRow]
    ticket_event: list[EventRow]
    shift: list[ShiftRow]
    lane: list[LaneRow]
    lane_hours: list[LaneHoursRow]
    lane_service: list[LaneServiceRow]
    appointment: list[AppointmentRow]
    lane_taken: list[LaneTakenRow]
    outbox_message: list[LetterRow]
    waitlist_entry: list[WaitlistRow]
    notice: list[NoticeRow]


RowT = TypeVar("RowT", bound=msgspec.Struct)

STATEMENTS = {
    "lane_taken": "SELECT *, lower(during) AS starts_at, upper(during) AS ends_at FROM lane_taken ORDER BY id",
    "outbox_message": "SELECT * FROM outbox_message ORDER BY key",
    "ticket_counter": "SELECT * FROM ticket_counter",
    "service_day": "SELECT * FROM service_day",
    "desk_service": "SELECT * FROM desk_service",
    "lane_hours": "SELECT * FROM lane_hours",
    "lane_service": "SELECT * FROM lane_service",
}


async def dump_of(url: str) -> Dump:
    """Everything at one moment."""
    connection = await asyncpg.connect(url)
    try:
        await connection.set_type_codec("jsonb", encoder=str, decoder=msgspec.json.decode, schema="pg_catalog")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = {name: await _rows(connection, name) for name in Dump.__struct_fields__}
    finally:
        await connection.close()
    return msgspec.convert(tables, Dump)


async def _rows(connection: "asyncpg.Connection[asyncpg.Record]", table: str) -> list[dict[str, Any]]:
    statement = STATEMENTS.get(table, f"SELECT * FROM {table} ORDER BY id")
    return [dict(row) for row in await connection.fetch(statement)]


def write_dump(path: Path, dump: Dump) -> None:
    path.write_bytes(msgspec.json.encode(dump))


def read_dump(path: Path) -> Dump:
    return msgspec.json.decode(path.read_bytes(), type=Dump)
