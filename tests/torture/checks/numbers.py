"""Numbers are handed out once each and without a gap, per office, local day and letter; and the counters say the same."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

from tests.torture.checks.evidence import Evidence, Finding


def numbers(evidence: Evidence) -> Iterator[Finding]:
    given: dict[tuple[int, date, str], list[tuple[int, int]]] = defaultdict(list)
    for row in evidence.dump.ticket:
        given[row.office_id, row.local_date, row.letter].append((row.number, row.id))
    last = {(row.office_id, row.local_date, row.letter): row.last_number for row in evidence.dump.ticket_counter}
    for line in given.keys() | last.keys():
        held = sorted(given.get(line, []))
        evidence.looked_at["numbers"] += len(held)
        office, day, letter = line
        for (number, ticket), (following, other) in pairwise(held):
            if following == number:
                yield Finding("numbers", f"{letter}{number:03d} of office {office} on {day} was given twice", (ticket, other))
        missing = sorted(set(range(1, last.get(line, 0) + 1)) - {number for number, _ in held})
        if missing:
            around = tuple(ticket for number, ticket in held if number in (missing[0] - 1, missing[0] + 1))
            yield Finding("numbers", f"{letter} {missing} of office {office} on {day} were given to nobody", around)
        beyond = [ticket for number, ticket in held if number > last.get(line, 0)]
        if beyond:
            yield Finding("numbers", f"tickets {beyond} have numbers that the counter of {letter} never reached", tuple(beyond))
    yield from _quotas(evidence)


def _quotas(evidence: Evidence) -> Iterator[Finding]:
    """A limited service counts its walk-ins exactly."""
    first_service = {ticket: _first_service(evidence, ticket) for ticket in evidence.tickets}
    issued = Counter(
        (first_service[row.id], row.local_date)
        for row in evidence.dump.ticket
        if row.appointment_id is None and evidence.services[first_service[row.id]].daily_limit is not None
    )
    counted = {(row.service_id, row.local_date): row.issued for row in evidence.dump.service_day}
    for line in issued.keys() | counted.keys():
        if issued[line] != counted.get(line, 0):
            yield Finding("numbers", f"service {line[0]} counts {counted.get(line, 0)} tickets on {line[1]}, and has {issued[line]}")


def _first_service(evidence: Evidence, ticket: int) -> int:
    """The service that the ticket was taken for: the rows that change it say what it was before."""
    for event in evidence.stories.get(ticket, ()):
        if event.kind in ("called", "transferred", "finished"):
            return int(event.details["service"])
    return evidence.tickets[ticket].service_id
