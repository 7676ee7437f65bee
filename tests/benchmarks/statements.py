"""The service's own hot statements as pgbench scripts, so that the floor is the same transaction and nothing else.

The text is imported, never copied; only `$n` becomes `:pn`, which pgbench's prepared mode turns back into `$n`. A statement whose
parameters have changed is refused until the values here are mended, because a floor of something else is worse than none.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from queue_service.booking.hold import HOLD, REFERENCES_TRIED
from queue_service.desks.call_next import CALL_NEXT
from queue_service.tickets.take import TAKE_TICKET
from tests.benchmarks.bookings import MSK
from tests.benchmarks.city import GRID_MINUTES, STARTS_A_DAY, Office, step
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.pgbench import Script

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


def take_floor(offices: tuple[Office, ...], statement: str = TAKE_TICKET) -> Script:
    """A ticket in an office chosen anew every time. $8 (privilege) and $16 (daily limit) stay unset, which pgbench sends as NULL."""
    now = datetime.now(UTC)
    first, between = offices[0], step([office.service_id for office in offices])
    lines = [
        f"\\set p1 random({first.id}, {offices[-1].id})",
        f"\\set p3 {first.service_id} + (:p1 - {first.id}) * {between}",
        f"\\set p5 {_RANDOM}",
        f"\\set p13 {_RANDOM}",
        _translated(statement, 18, "TAKE_TICKET"),
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
    """A hold at one of the starts, which follow each other on the grid, in an office chosen anew every time. $16 (key) stays unset."""
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
        f"\\set p7 {_RANDOM}",
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
                8: _array(f":reference{nth}" for nth in range(REFERENCES_TRIED)),
            },
        ),
    ]
    until = (now + promised).isoformat()
    constants = {4: now.isoformat(), 5: until, 6: "false", 11: "held", 12: "1", 13: "ru", 14: until, 15: "citizen"}
    return Script("\n".join(lines), {f"p{number}": value for number, value in constants.items()})


def _array(elements: Iterable[str]) -> str:
    return f"ARRAY[{', '.join(elements)}]"
