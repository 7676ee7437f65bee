"""What a run does, as data: so that one seed is one plan, and a failing plan can be kept and made smaller.

The plan fixes who comes, what each client would like, and when something breaks; how threads and packets interleave it cannot fix. Refuses
to start anything.
"""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from random import Random

import msgspec

CALM_SECONDS = 2.5
"""Nothing is broken so shortly before the end that the clients could not come to an end."""
RESTART_SECONDS = 6.0
"""What breaks the whole service or its database is followed by so much time in which the hall works again."""


class FaultKind(StrEnum):
    KILL_WORKER = "kill_worker"
    STALL = "stall"
    """A worker stands still, everybody is cut off and goes to another one; then it does what it was asked before."""
    KILL_SERVICE = "kill_service"
    """Every process at once, then started again."""
    DATABASE_FAST = "database_fast"
    """PostgreSQL is told to end at once (SIGINT), and started again."""
    DATABASE_IMMEDIATE = "database_immediate"
    """PostgreSQL ends without a checkpoint (SIGQUIT) and recovers from its log."""
    STORM = "storm"
    """Every connection is cut, and for a while new ones are cut in the middle of what they carry."""
    REFUSE = "refuse"
    """No new connection is let through for a while."""
    BURST = "burst"
    """Nobody pauses between two taps."""


HARD = (FaultKind.KILL_SERVICE, FaultKind.DATABASE_FAST, FaultKind.DATABASE_IMMEDIATE)


LASTING = (FaultKind.STORM, FaultKind.REFUSE, FaultKind.BURST, FaultKind.STALL)
"""A worker that stands still for five seconds is replaced by its supervisor, which is another fault."""


class Fault(msgspec.Struct, frozen=True):
    at: float
    """Seconds after the start."""
    kind: FaultKind
    seconds: float = 0.0


class Crowd(msgspec.Struct, frozen=True):
    kiosks: int = 8
    desks: int = 7
    citizens: int = 8
    administrators: int = 2
    displays: int = 4
    phones: int = 4


class Plan(msgspec.Struct, frozen=True):
    seed: int
    seconds: float
    workers: int = 2
    crowd: Crowd = Crowd()
    faults: tuple[Fault, ...] = ()
    roughness: float = 0.004
    """The share of packets in whose middle a connection is cut while nothing special happens."""

    @property
    def needs_own_server(self) -> bool:
        return any(fault.kind in (FaultKind.DATABASE_FAST, FaultKind.DATABASE_IMMEDIATE) for fault in self.faults)


def plan_of(seed: int, seconds: float, workers: int) -> Plan:
    """The plan of a seed: one fault after the other, each with time to see what it did."""
    chance = Random(seed)
    faults, at = [], chance.uniform(2.0, 4.0)
    while at < seconds - CALM_SECONDS:
        kind = chance.choice(list(FaultKind))
        if kind in HARD and at > seconds - RESTART_SECONDS:
            kind = FaultKind.KILL_WORKER if workers > 1 else FaultKind.STORM
        if kind is FaultKind.KILL_WORKER and workers == 1:
            kind = FaultKind.KILL_SERVICE if at <= seconds - RESTART_SECONDS else FaultKind.STORM
        lasts = round(chance.uniform(0.5, 2.0), 1) if kind in LASTING else 0.0
        faults.append(Fault(round(at, 1), kind, lasts))
        at += lasts + (RESTART_SECONDS if kind in HARD else 0.0) + chance.uniform(1.0, 4.0)
    crowd = Crowd(
        kiosks=chance.randint(4, 12),
        desks=chance.randint(4, 8),
        citizens=chance.randint(4, 12),
        administrators=chance.randint(1, 3),
        displays=chance.randint(2, 5),
        phones=chance.randint(2, 6),
    )
    return Plan(seed, seconds, workers, crowd, tuple(faults), roughness=chance.choice([0.0, 0.002, 0.01]))


def smaller(plan: Plan) -> Iterator[Plan]:
    """Plans that do a little less, the boldest first."""
    half = len(plan.faults) // 2
    if half:
        yield msgspec.structs.replace(plan, faults=plan.faults[:half])
        yield msgspec.structs.replace(plan, faults=plan.faults[half:])
    end = max((fault.at + fault.seconds for fault in plan.faults), default=0.0)
    shorter = max(plan.seconds / 2, end + CALM_SECONDS)
    if shorter < plan.seconds - 1:
        yield msgspec.structs.replace(plan, seconds=round(shorter, 1))
    yield from (msgspec.structs.replace(plan, faults=tuple(other for other in plan.faults if other is not fault)) for fault in plan.faults)
    for group in msgspec.structs.fields(Crowd):
        people: int = getattr(plan.crowd, group.name)
        for fewer in (0, people // 2):
            if fewer < people:
                yield msgspec.structs.replace(plan, crowd=msgspec.structs.replace(plan.crowd, **{group.name: fewer}))


def kept_plans() -> list[Path]:
    """Those that once failed, and the plainest one."""
    return sorted((Path(__file__).parent / "kept").glob("*.json"))


def read_plan(path: Path) -> Plan:
    return msgspec.json.decode(path.read_bytes(), type=Plan)


def write_plan(path: Path, plan: Plan) -> None:
    path.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1) + b"\n")
