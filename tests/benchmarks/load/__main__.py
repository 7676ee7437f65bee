"""Plays one job from standard input and writes what it measured to standard output: `python -m tests.benchmarks.load`."""

import asyncio
import sys

import msgspec
import uvloop

from tests.benchmarks.load.audience import play_live
from tests.benchmarks.load.commands import play_call, play_take
from tests.benchmarks.load.crowd import play_crowd
from tests.benchmarks.load.day import play_day
from tests.benchmarks.load.hall import play_hall
from tests.benchmarks.load.jobs import (
    Audience,
    BookJob,
    CallJob,
    Crowd,
    CrowdJob,
    DayJob,
    Hall,
    HallJob,
    Job,
    LookJob,
    Looks,
    Pace,
    Played,
    TakeJob,
)
from tests.benchmarks.load.slots import play_book, play_look


async def play(job: Job) -> Pace | Looks | Audience | Crowd | Hall | Played:
    if isinstance(job, TakeJob):
        return await play_take(job)
    if isinstance(job, CallJob):
        return await play_call(job)
    if isinstance(job, BookJob):
        return await play_book(job)
    if isinstance(job, LookJob):
        return await play_look(job)
    if isinstance(job, CrowdJob):
        return await play_crowd(job)
    if isinstance(job, HallJob):
        return await play_hall(job)
    if isinstance(job, DayJob):
        return await play_day(job)
    return await play_live(job)


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        sys.stdout.buffer.write(msgspec.json.encode(runner.run(play(job))))


if __name__ == "__main__":
    main()
