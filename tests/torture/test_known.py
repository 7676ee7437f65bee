"""What torture has found and nobody has mended yet, each reduced to the least that shows it.

A test here fails as long as its defect stands (strictly: once it passes, it says so); then it loses its mark and goes to `test_found.py`.
"""

import pytest

from queue_service.db import Database
from tests.support.factories import a_clerk_at, a_kiosk, an_office
from tests.support.service import Service


@pytest.mark.xfail(strict=True, reason="start, finish and the like neither look at their key nor name their visitor")
async def test_a_finish_that_arrives_a_second_time_does_not_end_the_visit_of_the_next_visitor(service: Service, database: Database) -> None:
    """A worker stood still with the request, the clerk pressed again and went on at another worker, and the first one came back."""
    office = await an_office(database)
    kiosk, clerk = await a_kiosk(database, office), await a_clerk_at(database, office, "1")
    for _ in range(2):
        await service.taken(kiosk)
    await service.called(clerk)
    await service.desk(clerk, "start", key="start-1")
    await service.desk(clerk, "finish", key="finish-1")
    following = await service.called(clerk)
    await service.desk(clerk, "start", key="start-2")
    await service.desk(clerk, "finish", key="finish-1")  # late
    state = await database.hot.fetchval("SELECT state FROM ticket WHERE id = $1", following["id"])
    assert state == "serving"
