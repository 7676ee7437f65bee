"""What was measured: per round ours and the floor's, as medians, ratios and verdicts; as a table for people and JSON for programs."""

import statistics
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from tests.benchmarks.load.jobs import Pace
from tests.benchmarks.pgbench import Floor

HISTORY = "the cost of history"
"""The group of figures that compare a database with old tickets to one without; several modules add to it."""


KEPT = 0.9
"""Of the empty figure, with history."""


class Target(msgspec.Struct, frozen=True):
    """From performance.md; `of` names what is compared with it."""

    of: str
    """"ratio" or "ours"."""
    least: float | None = None
    most: float | None = None

    def met(self, figure: "Figure") -> bool:
        value = figure.ratio() if self.of == "ratio" else figure.ours()
        return value is not None and (self.least is None or value >= self.least) and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        bound = f"≥ {self.least:g}" if self.least is not None else f"≤ {self.most:g}"
        return f"{bound} of the floor" if self.of == "ratio" else bound


class Figure(msgspec.Struct):
    """One line of the table: one number a round, and beside it what it is measured against."""

    group: str
    name: str
    unit: str
    floor_is: str = ""
    target: Target | None = None
    rounds: list[float] = []
    floors: list[float] = []
    """As long as `rounds`, or empty."""
    details: dict[str, list[float]] = {}

    def add(self, ours: float, floor: float | None = None, **details: float) -> None:
        self.rounds.append(ours)
        if floor is not None:
            self.floors.append(floor)
        for name, value in details.items():
            self.details.setdefault(name, []).append(value)

    def add_pace(self, pace: Pace, floor: Floor) -> None:
        self.add(
            pace.per_second,
            floor.per_second,
            p50=pace.p50_ms,
            p99=pace.p99_ms,
            floor_p50=floor.p50_ms,
            floor_p99=floor.p99_ms,
            service_cpu_us=pace.service_cpu_us,
            load_cpu_us=pace.load_cpu_us,
        )

    def ours(self) -> float | None:
        return statistics.median(self.rounds) if self.rounds else None

    def floor(self) -> float | None:
        return statistics.median(self.floors) if self.floors else None

    def ratio(self) -> float | None:
        """The median of the rounds' own ratios: a round in which the whole machine was slow still compares like with like."""
        pairs = zip(self.rounds, self.floors, strict=False)
        ratios = [ours / floor for ours, floor in pairs if floor]
        return statistics.median(ratios) if ratios else None

    def detail(self, name: str) -> float | None:
        values = self.details.get(name)
        return statistics.median(values) if values else None


class Results:
    """All figures in the order in which they were first named."""

    def __init__(self, machine: dict[str, str]) -> None:
        self.machine = machine
        self._figures: dict[tuple[str, str], Figure] = {}
        self.remarks: list[str] = []

    def figure(self, group: str, name: str, unit: str, floor_is: str = "", target: Target | None = None) -> Figure:
        """The figure of that name, begun when it is new."""
        return self._figures.setdefault((group, name), Figure(group, name, unit, floor_is, target))

    def __iter__(self) -> Iterator[Figure]:
        return iter(self._figures.values())

    def write_json(self, path: Path) -> None:
        content = {
            "machine": self.machine,
            "remarks": self.remarks,
            "figures": [
                {
                    **msgspec.to_builtins(figure),
                    "ours": figure.ours(),
                    "floor": figure.floor(),
                    "ratio": figure.ratio(),
                    "met": figure.target.met(figure) if figure.target else None,
                }
                for figure in self
            ],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(content), indent=1))

    def table(self) -> str:
        width = max((len(figure.name) for figure in self), default=0)
        lines = [f"{name:>10}  {value}" for name, value in self.machine.items()]
        for group in dict.fromkeys(figure.group for figure in self):
            figures = [figure for figure in self if figure.group == group]
            floor_is = f", floor: {figures[0].floor_is}" if figures[0].floor_is else ""
            lines += ["", f"{group} ({figures[0].unit}{floor_is})", _row(width, "", "ours", "floor", "ratio", "details", "")]
            lines += [_line(width, figure) for figure in figures]
        missed = [f"{figure.group}, {figure.name}" for figure in self if figure.target and not figure.target.met(figure)]
        lines += ["", *self.remarks]
        lines.append(f"Targets missed: {'; '.join(missed)}." if missed else "All targets met.")
        return "\n".join(lines)


def _line(width: int, figure: Figure) -> str:
    ratio = figure.ratio()
    verdict = "" if figure.target is None else f"{'ok' if figure.target.met(figure) else 'MISSED'} ({figure.target})"
    return _row(
        width,
        figure.name,
        _number(figure.ours()),
        _number(figure.floor()),
        f"{ratio:.2f}" if ratio is not None else "",
        "  ".join(_details(figure)),
        verdict,
    )


def _details(figure: Figure) -> Iterable[str]:
    names = dict.fromkeys(name.removeprefix("floor_") for name in figure.details)
    for name in names:
        ours, floor = figure.detail(name), figure.detail(f"floor_{name}")
        yield f"{name} {_number(ours)}" + (f"/{_number(floor)}" if floor is not None else "")


def _row(width: int, name: str, ours: str, floor: str, ratio: str, details: str, verdict: str) -> str:
    return f"  {name:<{width}} {ours:>8} {floor:>8} {ratio:>6}  {details:<60} {verdict}".rstrip()


def _number(value: float | None) -> str:
    """Three figures: more would pretend."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
