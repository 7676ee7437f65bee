"""How long services really keep a desk: measured from the journal, typical where too little was measured.

Refuses to walk history: the latest few hundred finished visits of an office, once a minute per process.
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass

from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue

ENOUGH = 12
"""Visits after which the measured mean (standard error under a third of the spread) beats what was typed in."""
LATEST = 600
"""Half a day of a large office: recent enough to follow the day, many enough for its rare services."""
REMEMBERED_SECONDS = 60.0
TYPICAL_SPREAD = 0.5
"""Standard deviation over mean of an unmeasured service; typical of service times between regular (0) and memoryless (1)."""

_MEASURED = f"""
SELECT (details->>'service')::int AS service_id, count(*) AS visits,
       avg(occupied)::float8 AS mean, coalesce(stddev_samp(occupied), 0)::float8 AS spread
  FROM (SELECT details, (details->>'occupied')::float8 AS occupied
          FROM ticket_event                                       -- ix_ticket_event_finished, newest first
         WHERE office_id = $1 AND kind = 'finished' AND NOT details ? 'inaccurate'
         ORDER BY id DESC LIMIT {LATEST}) AS latest
 GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Duration:
    """Seconds that one visitor keeps a desk, from the call to the end."""

    mean: float
    variance: float


def typical(minutes: float) -> Duration:
    seconds = minutes * 60
    return Duration(seconds, (seconds * TYPICAL_SPREAD) ** 2)


class Durations:
    """The process's measured durations per office."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[int, tuple[float, Mapping[int, Duration]]] = {}

    async def of(self, catalogue: Catalogue) -> Mapping[int, Duration]:
        """Service id -> duration, for every service of the office."""
        known = self._known.get(catalogue.id)
        if known is not None and time.monotonic() - known[0] < REMEMBERED_SECONDS:
            return known[1]
        durations = {service.id: typical(service.typical_minutes) for service in catalogue.services.values()}
        for row in await self._pool.fetch(_MEASURED, catalogue.id):
            if row["visits"] >= ENOUGH and row["service_id"] in durations and math.isfinite(row["mean"]):
                durations[row["service_id"]] = Duration(max(row["mean"], 1.0), row["spread"] ** 2)
        self._known[catalogue.id] = (time.monotonic(), durations)
        return durations
