"""How long people waited, kept so that an hour of it weighs no more than a minute."""

from collections import Counter

from tests.benchmarks.load.jobs import Felt

STEPS_PER_MS = 10
"""A tenth of a millisecond is finer than anybody feels."""


class Waits:
    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._steps[round(seconds * 1000 * STEPS_PER_MS)] += 1

    def add_all(self, others: "Waits") -> None:
        self._steps.update(others._steps)

    def felt(self) -> Felt:
        count = self._steps.total()
        if not count:
            return Felt()
        return Felt(count, self._share(count // 2), self._share(count * 99 // 100), max(self._steps) / STEPS_PER_MS)

    def _share(self, place: int) -> float:
        """Milliseconds of the wait in this place of all waits, the shortest first."""
        passed = 0
        for step in sorted(self._steps):
            passed += self._steps[step]
            if passed > place:
                return step / STEPS_PER_MS
        return 0.0
