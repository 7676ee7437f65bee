"""The checker: what must be true of a log and a dump, whatever happened between them. Pure; each check names itself in its findings.

Where two things happened at the same time neither clients nor tables say which was first, and a check then admits both. How much was left
that way is counted, because a check that admits everything proves nothing.
"""

from collections.abc import Callable, Iterator, Mapping

from tests.torture.checks.acts import acts
from tests.torture.checks.answers import answers, clocks
from tests.torture.checks.bookings import bookings
from tests.torture.checks.desks import desks
from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.checks.numbers import numbers
from tests.torture.checks.order import order
from tests.torture.checks.replay import replay
from tests.torture.checks.screens import boards, phones
from tests.torture.checks.slots import slots
from tests.torture.dump import Dump
from tests.torture.record import History

CHECKS: Mapping[str, Callable[[Evidence], Iterator[Finding]]] = {
    "numbers": numbers,
    "desks": desks,
    "order": order,
    "slots": slots,
    "acts": acts,
    "bookings": bookings,
    "boards": boards,
    "phones": phones,
    "replay": replay,
    "answers": answers,
    "clocks": clocks,
}


def judged(history: History, dump: Dump, service_log: str = "") -> tuple[list[Finding], Evidence]:
    """Everything that is wrong, and what was looked at."""
    evidence = Evidence(history, dump, service_log)
    return [finding for check in CHECKS.values() for finding in check(evidence)], evidence
