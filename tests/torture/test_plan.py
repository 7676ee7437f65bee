"""A seed is a plan, a plan is a file, and a failing plan becomes smaller until it no longer fails."""

from pathlib import Path

import pytest

from tests.torture.plan import HARD, Crowd, Fault, FaultKind, Plan, kept_plans, plan_of, read_plan, smaller, write_plan
from tests.torture.shrink import shrink


def test_a_seed_is_always_the_same_plan() -> None:
    assert plan_of(7, 60, 2) == plan_of(7, 60, 2)
    assert plan_of(7, 60, 2) != plan_of(8, 60, 2)


def test_a_minute_of_every_seed_has_faults_and_time_to_recover_from_the_last_one() -> None:
    for seed in range(200):
        plan = plan_of(seed, 60, 2)
        assert len(plan.faults) >= 4
        assert all(fault.at <= 60 - 2.5 for fault in plan.faults)
        assert all(fault.at <= 60 - 6 for fault in plan.faults if fault.kind in HARD)


def test_one_worker_alone_is_only_killed_with_the_whole_service() -> None:
    assert not any(fault.kind is FaultKind.KILL_WORKER for seed in range(200) for fault in plan_of(seed, 60, 1).faults)


def test_all_kinds_of_faults_come_up() -> None:
    assert {fault.kind for seed in range(20) for fault in plan_of(seed, 60, 2).faults} == set(FaultKind)


def test_a_plan_is_written_and_read_again(tmp_path: Path) -> None:
    plan = plan_of(7, 60, 2)
    write_plan(tmp_path / "plan.json", plan)
    assert read_plan(tmp_path / "plan.json") == plan


def test_every_kept_plan_can_be_read() -> None:
    kept = [read_plan(path) for path in kept_plans()]
    assert any(not plan.needs_own_server for plan in kept)
    assert all(plan.seconds <= 15 for plan in kept), "they are played again and again"


def weight(plan: Plan) -> float:
    people: int = sum(getattr(plan.crowd, name) for name in Crowd.__struct_fields__)
    return plan.seconds + 10 * len(plan.faults) + people


def test_whatever_is_smaller_does_less() -> None:
    plan = plan_of(7, 60, 2)
    assert list(smaller(plan))
    assert all(weight(each) < weight(plan) for each in smaller(plan))


@pytest.mark.parametrize("needed", [FaultKind.STORM, FaultKind.KILL_WORKER])
async def test_a_failing_plan_shrinks_to_what_makes_it_fail(needed: FaultKind) -> None:
    faults = tuple(Fault(3.0 + 5 * number, kind) for number, kind in enumerate([*FaultKind, *FaultKind]))
    plan = Plan(1, 100.0, faults=faults)

    async def fails(candidate: Plan) -> bool:
        return any(fault.kind is needed for fault in candidate.faults) and candidate.crowd.desks >= 2

    shrunk = (await shrink(plan, fails, seconds=1_000_000)).plan
    assert [fault.kind for fault in shrunk.faults] == [needed]
    assert shrunk.crowd in (Crowd(0, 2, 0, 0, 0, 0), Crowd(0, 3, 0, 0, 0, 0))
    assert shrunk.seconds < 60


async def test_shrinking_stops_when_time_is_up() -> None:
    async def fails(_: Plan) -> bool:
        return True

    plan = plan_of(7, 60, 2)
    assert (await shrink(plan, fails, seconds=1)).plan == plan
