"""The short form of `make torture`: every kept plan that leaves the database alone is played on a real service, and nothing
is found.

A plan whose defect was mended stays in `tests/torture/kept`, so that it is played for ever. The long form, with seeds, faults of the
database and minutes, is `.venv/bin/python -m tests.torture`.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from queue_service.schema import upgrade_now
from tests.support.postgres import a_database_on
from tests.torture.__main__ import FOLDER, keep
from tests.torture.checks import judged
from tests.torture.city import Borrowed
from tests.torture.plan import kept_plans, read_plan
from tests.torture.record import history_of
from tests.torture.report import report
from tests.torture.run import play

pytestmark = pytest.mark.alone

KEPT = [path for path in kept_plans() if not read_plan(path).needs_own_server]
"""The others are played by the long form, before its seeds."""
LEAST = {"wishes": 30, "calls by the rule": 1, "tickets played": 4, "snapshots of displays": 2}
"""An idle machine does fifty times as much; a starved one less than a tenth. With less than this the checks have looked at nothing."""


@pytest.fixture
def own_database_url(database_url: str) -> Iterator[str]:
    """Beside the run's: nothing that another test left may be mistaken for an act of this one."""
    with a_database_on(database_url, "torture") as url:
        upgrade_now(url)
        yield url


@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
async def test_the_hall_is_sound_after_it_was_tortured(path: Path, own_database_url: str, tmp_path: Path) -> None:
    plan = read_plan(path)
    played = await play(plan, Borrowed(own_database_url), tmp_path)
    findings, evidence = judged(history_of(played.lines), played.dump, played.service_log)
    if findings:
        keep(FOLDER / path.stem, plan, played, findings, evidence)
    assert not findings, report(findings, evidence)
    assert played.cuts > 0, "no connection was cut: this proves nothing"
    assert evidence.looked_at["wishes without an answer"] + evidence.looked_at["attempts"] > evidence.looked_at["wishes"]
    assert {name: evidence.looked_at[name] for name, least in LEAST.items() if evidence.looked_at[name] < least} == {}
