"""`make torture`, or `.venv/bin/python -m tests.torture [--seed N] [--minutes M | --seconds S] [--workers W] [--plan FILE] [--rounds R]`.

Everything of a failed run stays in build/torture: the plan, the log, the dump, the report, and the smallest plan that still fails. That one
belongs into tests/torture/kept once its defect is mended.
"""

import asyncio
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from tests.torture.checks import judged
from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.city import own_server
from tests.torture.dump import read_dump, write_dump
from tests.torture.plan import Plan, kept_plans, plan_of, read_plan, write_plan
from tests.torture.record import history_of, read_log, write_log
from tests.torture.report import report
from tests.torture.run import Played, Stuck, play
from tests.torture.shrink import shrink

FOLDER = Path(__file__).resolve().parents[2] / "build" / "torture"
LONGEST_SECONDS = 60.0
"""A run of more is played in rounds, each with a city and a seed of its own: what failed is then found in a log that a person can read."""


async def played(plan: Plan) -> Played:
    with tempfile.TemporaryDirectory(prefix="queue-fire-log-") as folder:
        async with own_server() as server:
            return await play(plan, server, Path(folder))


def keep(folder: Path, plan: Plan, result: Played, findings: Sequence[Finding], evidence: Evidence) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_plan(folder / "plan.json", plan)
    write_log(folder / "log.jsonl", result.lines)
    write_dump(folder / "dump.json", result.dump)
    (folder / "service.log").write_text(result.service_log, encoding="utf-8")
    (folder / "report.md").write_text(report(findings, evidence), encoding="utf-8")


async def tortured(plan: Plan, looked_at: Counter[str], shrinking: float) -> bool:
    """Whether the run was sound."""
    result = await played(plan)
    findings, evidence = judged(history_of(result.lines), result.dump, result.service_log)
    looked_at.update(evidence.looked_at)
    looked_at.update({"faults": len(plan.faults), "connections cut": result.cuts, "runs": 1})
    if not findings:
        return True
    folder = FOLDER / f"seed-{plan.seed}"
    keep(folder, plan, result, findings, evidence)
    click.echo((folder / "report.md").read_text(encoding="utf-8"))
    wrong = {finding.check for finding in findings}

    async def fails(candidate: Plan) -> bool:
        with contextlib.suppress(Stuck):
            again = await played(candidate)
            found, seen = judged(history_of(again.lines), again.dump, again.service_log)
            if wrong & {finding.check for finding in found}:
                keep(folder / "smallest", candidate, again, found, seen)
                return True
        return False

    if shrinking:
        shrunk = await shrink(plan, fails, shrinking)
        write_plan(folder / "smallest.json", shrunk.plan)
        click.echo(f"The smallest failing plan of {shrunk.runs} more runs: {folder / 'smallest.json'}")
    return False


async def rounds(plans: Sequence[Plan], shrinking: float) -> bool:
    begun, looked_at, sound = time.monotonic(), Counter[str](), True
    for plan in plans:
        click.echo(
            f"seed {plan.seed}, {plan.seconds:g} s, {plan.workers} workers, {', '.join(fault.kind for fault in plan.faults)}", err=True
        )
        try:
            sound &= await tortured(plan, looked_at, shrinking)
        except Stuck as error:
            (folder := FOLDER / f"seed-{plan.seed}").mkdir(parents=True, exist_ok=True)
            (folder / "service.log").write_text(error.service_log, encoding="utf-8")
            write_plan(folder / "plan.json", plan)
            click.echo(f"seed {plan.seed} came to no end: {error}")
            sound = False
    click.echo(f"{'Sound' if sound else 'NOT SOUND'}, {time.monotonic() - begun:.0f} s")
    for what, count in sorted(looked_at.items()):
        click.echo(f"{count:>9,}  {what}")
    return sound


def plans_of(seed: int, seconds: float, workers: int) -> list[Plan]:
    whole, rest = divmod(seconds, LONGEST_SECONDS)
    lengths = [LONGEST_SECONDS] * int(whole) + ([rest] if rest >= 5 or not whole else [])
    return [plan_of(seed + number, length, workers) for number, length in enumerate(lengths)]


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="The first seed; each round of a minute takes the next one.")
@click.option("--minutes", type=click.FloatRange(0.1), default=1.0, show_default=True)
@click.option("--workers", type=click.IntRange(1, 8), default=2, show_default=True)
@click.option("--plan", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="This plan instead of a seed's.")
@click.option(
    "--shrink", "shrinking", type=click.FloatRange(0), default=5.0, show_default=True, help="Minutes for making a failing plan smaller."
)
@click.option(
    "--judge", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Only judge what an earlier run left in this folder."
)
def main(seed: int, minutes: float, workers: int, path: Path | None, shrinking: float, judge: Path | None) -> None:
    """Tortures a real service and proves from the log and the database that it did right."""
    if judge is not None:
        findings, evidence = judged(history_of(read_log(judge / "log.jsonl")), read_dump(judge / "dump.json"), _text(judge / "service.log"))
        click.echo(report(findings, evidence))
        sys.exit(bool(findings))
    kept = [plan for plan in map(read_plan, kept_plans()) if plan.needs_own_server]
    plans = [read_plan(path)] if path is not None else [*kept, *plans_of(seed, minutes * 60, workers)]
    sys.exit(not asyncio.run(rounds(plans, shrinking * 60)))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
