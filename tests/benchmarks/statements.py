"""The service's own hot statements as pgbench scripts, so that the floor is the same transaction and nothing else.

The text is imported, never copied; only `$n` becomes `:pn`, which pgbench's prepared mode turns back into `$n`. A statement whose
parameters have changed is refused until the values here are mended, because a floor of something else is worse than none.
"""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from queue_service.desks.call_next import CALL_NEXT
from queue_service.tickets.take import TAKE_TICKET
from tests.benchmarks.city import Office, step
from tests.benchmarks.errors import BenchmarkError
from tests.benchmarks.pgbench import Script

PUT_BACK = """
UPDATE ticket SET state = 'waiting', desk_id = NULL, clerk_id = NULL, called_at = NULL, calls = 0
 WHERE desk_id = $1 AND state IN ('called', 'serving')            -- uq_ticket_at_desk
"""
"""Undoes a call without a word to anybody, so that a queue of ten thousand is still one after a thousand calls."""

_NOTIFY = re.compile(r"pg_notify\('(?:office_changed|ticket_issued)', ([\w.$:]+)\)")
_RANDOM = "random(1, 9223372036854775806)"
MSK = ZoneInfo("Europe/Moscow")


def without_notify(statement: str) -> str:
    """The same statement that tells nobody."""
    silent, found = _NOTIFY.subn(r"\1", statement)
    if not found:
        raise BenchmarkError("The statement no longer calls pg_notify by itself; there is nothing to leave out.")
    return silent


def _translated(statement: str, parameters: int, name: str) -> str:
    found = {int(number) for number in re.findall(r"\$(\d+)", statement)}
    if found != set(range(1, parameters + 1)):
        raise BenchmarkError(
            f"{name} has the parameters {sorted(found)}, the floor knows {parameters}: mend tests/benchmarks/statements.py."
        )
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
        _translated(statement, 16, "TAKE_TICKET"),
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
