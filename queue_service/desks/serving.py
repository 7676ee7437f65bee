"""Beginning and ending a visit: what every desk does with every visitor, so it is one statement each, as calling the next is.

A unit of work takes nine looks at the database for the same; in a crowd of citizens each of them waits its turn. The table of
transitions and the services' results are asked here in Python and handed to the statement. Refuses what is rarer: that stays in
`commands`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from queue_service.db import Pool
from queue_service.desks.once import REMEMBERED
from queue_service.desks.queries import call_reason
from queue_service.errors import NoCurrentTicket, ResultNeeded, ShiftClosed, WrongState
from queue_service.offices.catalogue import Catalogue
from queue_service.tickets.queries import COLUMN_COUNT, COLUMNS, TicketNow, ticket_by_id
from queue_service.tickets.rules import State, leads_to

Served = tuple[TicketNow, dict[str, Any]]
"""The ticket as it is now, and why it was called."""

LOOKS: Final = 5
"""A statement that waited for its shift sees the tickets as they were before: it looks again before it says that nobody is there."""

_VISITOR = """
WITH shift_now AS (      -- uq_shift_open_account; parents before children: this row serialises the commands of one desk.
                         -- A shift in an office that the clerk has left since is not theirs any more
    SELECT id, desk_id, last_acts FROM shift
     WHERE account_id = $1 AND closed_at IS NULL AND office_id = (SELECT office_id FROM account WHERE id = $1)
       FOR UPDATE
), repeated AS (         -- `desks.once`: what this very act was about, when it came the first time
    SELECT (act ->> 1)::bigint AS id FROM shift_now, jsonb_array_elements(last_acts) AS act WHERE act ->> 0 = $3
), visitor AS (          -- uq_ticket_at_desk
    SELECT * FROM ticket
     WHERE desk_id = (SELECT desk_id FROM shift_now) AND state IN ('called', 'serving') AND NOT EXISTS (SELECT FROM repeated)
       FOR UPDATE
)"""

_ACTS = f"""CASE WHEN $3::text IS NULL THEN last_acts
            ELSE jsonb_path_query_array(jsonb_build_array(jsonb_build_array($3::text, moved.id)) || last_acts, '$[0 to {REMEMBERED - 1}]')
            END"""

_ANSWER = f"""
SELECT {COLUMNS}, pg_notify('office_changed', ticket.office_id::text) AS told,
       (SELECT details FROM ticket_event WHERE ticket_id = ticket.id AND kind = 'called' ORDER BY id DESC LIMIT 1) AS reason,
       (SELECT count(*) FROM shift_now)        AS open_shifts,
       (SELECT count(*) FROM visitor)          AS visitors,
       (SELECT service_id FROM visitor)        AS service_before,
       (SELECT max(id) FROM repeated)          AS repeated
  FROM (VALUES (1)) AS always LEFT JOIN moved AS ticket ON true
"""

START: Final = (
    _VISITOR
    + f""", moved AS (
    UPDATE ticket SET state = 'serving', started_at = $2, postponed_until = NULL, postpone_reason = NULL
      FROM visitor WHERE ticket.id = visitor.id AND visitor.state = ANY ($4::text[])
 RETURNING ticket.*
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
    SELECT id, office_id, 'started', $2, (SELECT desk_id FROM shift_now), $1, '{{}}' FROM moved
), remembered AS (
    UPDATE shift SET last_acts = {_ACTS}
      FROM moved WHERE shift.id = (SELECT id FROM shift_now) AND $3::text IS NOT NULL
)"""
    + _ANSWER
)

FINISH: Final = (
    _VISITOR
    + f""", visit AS (      -- the way back to the sender comes before further services, and leads to the sender's desk while that is open
    SELECT visitor.id, greatest(0, round(extract(epoch FROM $2 - started_at)))::int AS seconds,
           greatest(0, round(extract(epoch FROM $2 - called_at)))::int              AS occupied,
           coalesce(return_service_id, next_services[1])                            AS then_service,
           (SELECT desk_id FROM shift WHERE desk_id = visitor.return_desk_id AND closed_at IS NULL) AS then_desk,  -- uq_shift_open_desk
           CASE WHEN return_service_id IS NULL THEN next_services[2:] ELSE next_services END        AS later
      FROM visitor
     WHERE state = ANY ($4::text[]) AND service_id = ANY ($5::int[])
), journal AS (
    SELECT visit.id, office_id, jsonb_strip_nulls(jsonb_build_object(
               'service', service_id, 'seconds', seconds, 'occupied', occupied, 'result', $6::text, 'applications', $7::int,
               'inaccurate', CASE WHEN inaccurate THEN true END, 'then', then_service)) AS details
      FROM visit JOIN visitor USING (id)
), moved AS (
    UPDATE ticket
       SET state           = CASE WHEN then_service IS NULL THEN 'served' ELSE 'waiting' END,
           ended_at        = CASE WHEN then_service IS NULL THEN $2 END,
           desk_id         = CASE WHEN then_service IS NULL THEN ticket.desk_id END,
           clerk_id        = CASE WHEN then_service IS NULL THEN ticket.clerk_id END,
           called_at       = CASE WHEN then_service IS NULL THEN ticket.called_at END,
           started_at      = CASE WHEN then_service IS NULL THEN ticket.started_at END,
           calls           = CASE WHEN then_service IS NULL THEN ticket.calls ELSE 0 END,
           service_id      = coalesce(then_service, ticket.service_id),
           for_desk_id     = CASE WHEN then_service IS NULL THEN ticket.for_desk_id ELSE then_desk END,
           for_clerk_id    = CASE WHEN then_service IS NULL THEN ticket.for_clerk_id END,
           comment         = CASE WHEN then_service IS NULL THEN ticket.comment END,
           inaccurate      = then_service IS NULL AND ticket.inaccurate,
           next_services   = later,
           return_service_id = NULL, return_desk_id = NULL, postponed_until = NULL, postpone_reason = NULL
      FROM visit WHERE ticket.id = visit.id
 RETURNING ticket.*
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, desk_id, clerk_id, details)
    SELECT id, office_id, 'finished', $2, (SELECT desk_id FROM shift_now), $1, details FROM journal
), counted AS (
    UPDATE shift SET served = served + 1, serving_seconds = serving_seconds + seconds, last_acts = {_ACTS}
      FROM moved JOIN visit USING (id) WHERE shift.id = (SELECT id FROM shift_now)
)"""
    + _ANSWER
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a visit ended, as the clerk says it."""

    code: str | None = None
    applications: int | None = None
    """Really handled."""


async def start_serving(pool: Pool, account_id: int, key: str | None, now: datetime) -> Served:
    """The visitor has come. A repeated `key` changes nothing. Raises ShiftClosed, NoCurrentTicket, WrongState."""
    key = key and f"start_serving {key}"  # one press may have one key for two acts
    row, before = await _act(pool, START, account_id, now, key, leads_to(State.SERVING))
    if before is not None:
        return before
    if row["id"] is None:
        raise WrongState
    return _served(row)


async def finish(pool: Pool, catalogue: Catalogue, account_id: int, result: Result, key: str | None, now: datetime) -> Served:
    """Ends the service. A visitor with a further one, or with a way back to the sender, waits for that with the same number.

    Raises ShiftClosed, NoCurrentTicket, WrongState, and ResultNeeded where the service wants a result and got none or an unknown one.
    """
    key = key and f"finish {key}"
    fitting = [service.id for service in catalogue.services_by_id.values() if _fits(result, service.result_codes)]
    outcome = (leads_to(State.SERVED), fitting, result.code, result.applications)
    row, before = await _act(pool, FINISH, account_id, now, key, *outcome)
    if before is not None:
        return before
    if row["id"] is None:
        raise ResultNeeded if row["service_before"] not in fitting else WrongState
    return _served(row)


def _fits(result: Result, codes: Mapping[str, Any]) -> bool:
    return result.code in codes or not (codes or result.code)


async def _act(pool: Pool, statement: str, account_id: int, now: datetime, key: str | None, *more: Any) -> tuple[Any, Served | None]:
    """The statement's row, or what the same key gave before. Raises ShiftClosed, NoCurrentTicket."""
    for _ in range(LOOKS):
        row: Any = await pool.fetchrow(statement, account_id, now, key, *more)
        if not row["open_shifts"]:
            raise ShiftClosed
        if row["repeated"] is not None:
            return row, (await ticket_by_id(pool, row["repeated"]), await call_reason(pool, row["repeated"]))
        if row["visitors"]:
            return row, None
    raise NoCurrentTicket


def _served(row: Any) -> Served:
    return TicketNow(*tuple(row)[:COLUMN_COUNT]), row["reason"] or {}
