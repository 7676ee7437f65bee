"""Every hall of the city in one look: who waits, who waits too long, which desks work, which machines are there. Refuses names."""

from dataclasses import dataclass
from datetime import datetime

from queue_service.db import Pool


@dataclass(frozen=True, slots=True)
class HallNow:
    office_id: int
    waiting: int = 0
    breached: int = 0
    """Of them past their due time."""
    desks_open: int = 0
    desks_paused: int = 0
    people: int = 0
    """Who can serve there: accounts of the office that are switched on."""
    kiosks: int = 0
    displays: int = 0
    """Paired ones."""


_HALLS = """
  WITH queue AS (                                                          -- the partial index of waiting tickets
       SELECT office_id, count(*) AS waiting, count(*) FILTER (WHERE due_at < $1) AS breached
         FROM ticket WHERE state = 'waiting' GROUP BY office_id),
       desks AS (                                                          -- ix_shift_open
       SELECT office_id, count(*) FILTER (WHERE paused_at IS NULL) AS open, count(paused_at) AS paused
         FROM shift WHERE closed_at IS NULL GROUP BY office_id),
       people AS (
       SELECT office_id, count(*) AS people FROM account WHERE active AND office_id IS NOT NULL GROUP BY office_id),
       machines AS (
       SELECT office_id, count(*) FILTER (WHERE kind = 'kiosk') AS kiosks, count(*) FILTER (WHERE kind = 'display') AS displays
         FROM device WHERE revoked_at IS NULL GROUP BY office_id)
SELECT office.id                   AS office_id,
       coalesce(waiting, 0)        AS waiting,
       coalesce(breached, 0)       AS breached,
       coalesce(open, 0)           AS desks_open,
       coalesce(paused, 0)         AS desks_paused,
       coalesce(people, 0)         AS people,
       coalesce(kiosks, 0)         AS kiosks,
       coalesce(displays, 0)       AS displays
  FROM office
  LEFT JOIN queue    ON queue.office_id = office.id
  LEFT JOIN desks    ON desks.office_id = office.id
  LEFT JOIN people   ON people.office_id = office.id
  LEFT JOIN machines ON machines.office_id = office.id
"""


async def halls_now(pool: Pool, now: datetime) -> dict[int, HallNow]:
    """By office."""
    return {row["office_id"]: HallNow(**row) for row in await pool.fetch(_HALLS, now)}
