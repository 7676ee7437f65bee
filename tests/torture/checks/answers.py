"""The service answers with what its clients understand, never with a failure of its own; and no client's clock gets into its tables."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import msgspec

from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.record import NEVER

REFUSALS: Final = frozenset(
    {
        "desk_taken",
        "desk_busy",
        "desk_not_open",
        "shift_closed",
        "shift_paused",
        "wrong_state",
        "no_current_ticket",
        "nobody_serves",
        "too_early_for_no_show",
        "too_late_to_come_back",
        "service_closed",
        "slot_taken",
        "slot_not_offered",
        "hold_expired",
        "already_extended",
        "no_moves_left",
        "not_changeable",
        "same_person_twice",
        "too_many_bookings",
        "already_waiting",
        "unknown_booking",
        "unknown_reference",
        "check_in_too_early",
        "other_day",
        "other_office",
        "appointment_cancelled",
        "appointment_past",
        "unavailable",
        "malformed_body",
    }
)
"""What clients of a run can meet. `malformed_body`: an administrator's telephone that is a century late asks for a date long past."""
GONE: Final = "client disconnected prematurely"
"""What the framework calls a client whose connection was cut in the middle of its request."""
SLACK_SECONDS = 0.002


def answers(evidence: Evidence) -> Iterator[Finding]:
    for wish in evidence.history.wishes:
        for attempt in wish.attempts:
            if attempt.status is None or 200 <= attempt.status < 300:
                continue
            code = attempt.answer.get("code", "") if isinstance(attempt.answer, dict) else ""
            if code not in REFUSALS:
                said = f"{wish.client}: {wish.act} (wish {wish.number}) was answered {attempt.status} {code or attempt.answer!r}"
                yield Finding("answers", said, (), (wish.number,))
    yield from _failures(evidence.service_log)


def _failures(log: str) -> Iterator[Finding]:
    """Nobody may have heard the answer; the service's own log has it."""
    for line in log.splitlines():
        if "deadlock" in line.lower():
            yield Finding("answers", f"a deadlock: {line[:300]}")
        elif '"internal_error"' in line and GONE not in line:
            said = msgspec.json.decode(line)
            yield Finding("answers", f"{said.get('path')} failed: {_last_line(str(said.get('exception')))}")


def _last_line(exception: str) -> str:
    """Of a traceback, or of the last one in a group of them."""
    lines = [line.strip(" |+-") for line in exception.strip().splitlines()]
    return next((line for line in reversed(lines) if line), "")[:300]


def clocks(evidence: Evidence) -> Iterator[Finding]:
    """Whatever a client thinks the time is: moments in the tables are those of the service, between question and answer."""
    begun, ended = evidence.history.begun - SLACK_SECONDS, evidence.history.ended + SLACK_SECONDS
    for event in evidence.dump.ticket_event:
        if not begun <= event.at.timestamp() <= ended:
            yield Finding("clocks", f"journal row {event.id} ({event.kind}) is of {event.at}", (event.ticket_id,))
    for ticket in evidence.dump.ticket:
        if ticket.idempotency_key is None:
            continue
        wishes = evidence.by_key.get((ticket.office_id, ticket.idempotency_key), [])
        if not wishes:
            continue
        asked = min(wish.sent for wish in wishes)
        told = min((wish.sure_by for wish in wishes), default=NEVER)
        evidence.looked_at["tickets with wrong clocks"] += any(wish.skew for wish in wishes)
        if not asked - SLACK_SECONDS <= ticket.issued_at.timestamp() <= told + SLACK_SECONDS:
            asked_at = datetime.fromtimestamp(asked, ticket.issued_at.tzinfo)
            said = f"ticket {ticket.id} was issued at {ticket.issued_at}, and its visitor asked at {asked_at}"
            yield Finding("clocks", said, (ticket.id,), tuple(wish.number for wish in wishes))
