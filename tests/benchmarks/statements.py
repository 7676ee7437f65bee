"""The service's own hot statements as pgbench scripts, so that the floor is the same transaction and nothing else.

The text is imported, never copied, but for the ticket, whose own transaction the service no longer plays one by one; only `$n` becomes
`:pn`, which pgbench's prepared mode turns back into `$n`. A statement whose parameters or columns have changed is refused until the
values here are mended, because a floor of something else is worse than none.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from queue_service.booking.hold import HOLD, RANDOM_SIGNS, REFERENCES_TRIED
from queue_service.desks.call_next import CALL_NEXT
from queue_service.tickets.take import TAKE_TICKETS
from tests.benchmarks.bookings import MSK
from tests.benchmarks.city import GRID_MINUTES, STARTS_A_DAY, Office, step
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.likeness import day_signs, key, secret
from tests.benchmarks.pgbench import Script

ONE_TICKET = """
WITH quota AS (          -- only a limited service has a row; no row comes back once the limit is reached
    INSERT INTO service_day (service_id, local_date, issued)
    SELECT $3, $2, 1 WHERE $16::int IS NOT NULL
        ON CONFLICT (service_id, local_date) DO UPDATE SET issued = service_day.issued + 1
     WHERE service_day.issued < $16
 RETURNING issued
), counter AS (          -- the row all kiosks of the group share: touched last, held until commit
    INSERT INTO ticket_counter (office_id, local_date, letter, last_number)
    SELECT $1, $2, $4, 1 WHERE $16::int IS NULL OR EXISTS (SELECT FROM quota)
        ON CONFLICT (office_id, local_date, letter) DO UPDATE SET last_number = ticket_counter.last_number + 1
 RETURNING last_number
), ticket AS (
    INSERT INTO ticket (office_id, local_date, service_id, letter, number, secret, state, source, language, needs,
                        privilege_id, privilege_state, late, issued_at, due_at, rank_at, rank_from, calls, idempotency_key, next_services,
                        asked)
    SELECT $1, $2, $3, $4, last_number, $5, 'waiting', 'walk_in', $6, $7::text[],
           $8::int, CASE WHEN $8::int IS NOT NULL THEN 'claimed' END, false, $9, $10, $11, $12, 0, $13, $17::int[], $18
      FROM counter
 RETURNING id, number, office_id
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)
    SELECT id, office_id, 'issued', $9, jsonb_build_object('via', $14::text, 'by', $15::int) FROM ticket
)
SELECT id, number, pg_notify('ticket_issued', office_id::text) FROM ticket
"""
"""The transaction that a ticket is, as it would be written without the service's batches: what they are measured against."""

PUT_BACK = """
UPDATE ticket SET state = 'waiting', desk_id = NULL, clerk_id = NULL, called_at = NULL, calls = 0
 WHERE desk_id = $1 AND state IN ('called', 'serving')            -- uq_ticket_at_desk
"""
"""Undoes a call without a word to anybody, so that a queue of ten thousand is still one after a thousand calls."""

_NOTIFY = re.compile(r"pg_notify\('(?:office_changed|ticket_issued)', ([\w.$:]+)\)")
_RANDOM = "random(1, 9223372036854775806)"


def without_notify(statement: str) -> str:
    """The same statement that tells nobody."""
    silent, found = _NOTIFY.subn(r"\1", statement)
    if not found:
        raise BenchmarkError("The statement no longer calls pg_notify by itself; there is nothing to leave out.")
    return silent


def _translated(statement: str, parameters: int, name: str, arranged: Mapping[int, str] | None = None) -> str:
    """`arranged` says what stands for a parameter that is no number or plain text: pgbench has variables of these two kinds only."""
    found = {int(number) for number in re.findall(r"\$(\d+)", statement)}
    if found != set(range(1, parameters + 1)):
        raise BenchmarkError(
            f"{name} has the parameters {sorted(found)}, the floor knows {parameters}: mend tests/benchmarks/statements.py."
        )
    for number, expression in (arranged or {}).items():
        statement = re.sub(rf"\${number}\b", expression, statement)
    return re.sub(r"\$(\d+)", r":p\1", re.sub(r"--[^\n]*", "", statement)).strip() + ";\n"


def _columns(statement: str) -> list[str]:
    """What it writes, table by table."""
    return [" ".join(each.split()) for each in re.findall(r"INSERT INTO ([^)]+\))", statement)]


def take_floor(offices: tuple[Office, ...], statement: str = ONE_TICKET) -> Script:
    """A ticket in an office chosen anew every time. $8 (privilege) and $16 (daily limit) stay unset, which pgbench sends as NULL."""
    if _columns(ONE_TICKET) != _columns(TAKE_TICKETS):
        raise BenchmarkError("The service now writes other columns than the floor: mend ONE_TICKET in tests/benchmarks/statements.py.")
    now = datetime.now(UTC)
    first, between = offices[0], step([office.service_id for office in offices])
    lines = [
        f"\\set p1 random({first.id}, {offices[-1].id})",
        f"\\set p3 {first.service_id} + (:p1 - {first.id}) * {between}",
        _translated(statement, 18, "ONE_TICKET", {5: secret(f"'{day_signs(now)}'"), 13: key("clock_timestamp()")}),
    ]
    step([office.id for office in offices])
    due = (now + timedelta(minutes=15)).isoformat()
    return Script(
        "\n".join(lines),
        {
            "p2": now.astimezone(MSK).date().isoformat(),
            "p4": first.letter,
            "p6": "ru",
            "p7": "{}",
            "p9": now.isoformat(),
            "p10": due,
            "p11": due,
            "p12": now.isoformat(),
            "p14": "kiosk",
            "p15": "1",
            "p17": "{}",
            "p18": "1",
        },
    )


def call_floor(office: Office) -> Script:
    """A call and its put-back; each pgbench client is one desk of the office."""
    accounts, desks = [desk.account_id for desk in office.desks], [desk.desk_id for desk in office.desks]
    if step(accounts) != 1 or step(desks) != 1:
        raise BenchmarkError("The desks of an office no longer have ids in a row; pgbench cannot compute them.")
    lines = [
        f"\\set p1 {accounts[0]} + :client_id",
        f"\\set desk {desks[0]} + :client_id",
        f"\\set p5 {_RANDOM}",
        _translated(CALL_NEXT, 6, "CALL_NEXT"),
        _translated(PUT_BACK, 1, "PUT_BACK").replace(":p1", ":desk"),
    ]
    return Script("\n".join(lines), {"p2": str(office.id), "p3": datetime.now(UTC).isoformat(), "p4": "10 minutes", "p6": "{wheelchair}"})


def hold_floor(offices: tuple[Office, ...], starts: list[datetime], promised: timedelta) -> Script:
    """A hold at one of the starts, which follow each other on the grid, in an office chosen anew every time."""
    now = datetime.now(UTC)
    first, between, lanes = offices[0], step([office.service_id for office in offices]), offices[0].lanes
    if any(step([office.lanes[nth] for office in offices]) != between for nth in range(len(lanes))):
        raise BenchmarkError("The lanes of neighbouring offices no longer have ids as far apart as their services.")
    lines = [
        f"\\set p9 random({first.id}, {offices[-1].id})",
        f"\\set shift (:p9 - {first.id}) * {between}",
        f"\\set p10 {first.service_id} + :shift",
        f"\\set nth random(0, {len(starts) - 1})",
        f"\\set begins {int(starts[0].timestamp())} + :nth / {STARTS_A_DAY} * 86400 + :nth % {STARTS_A_DAY} * {GRID_MINUTES * 60}",
        f"\\set ends :begins + {GRID_MINUTES * 60}",
        *(f"\\set lane{nth} {lane} + :shift" for nth, lane in enumerate(lanes)),
        *(f"\\set reference{nth} random(10000000, 99999999)" for nth in range(REFERENCES_TRIED)),
        _translated(
            HOLD,
            16,
            "HOLD",
            {
                1: _array(f":lane{nth}" for nth in range(len(lanes))),
                2: "to_timestamp(:begins)",
                3: "to_timestamp(:ends)",
                7: secret(f"'{day_signs(now)}'", random_signs=RANDOM_SIGNS),
                8: _array(f":reference{nth}" for nth in range(REFERENCES_TRIED)),
                16: f"'citizen ' || {key('clock_timestamp()')}",
            },
        ),
    ]
    until = (now + promised).isoformat()
    constants = {4: now.isoformat(), 5: until, 6: "false", 11: "held", 12: "1", 13: "ru", 14: until, 15: "citizen"}
    return Script("\n".join(lines), {f"p{number}": value for number, value in constants.items()})


def _array(elements: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(elements)}]"
