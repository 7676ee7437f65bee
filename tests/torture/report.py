"""What a person needs to see of a failed run: which check, which ids, and everything that has to do with them, in the order of time.

Refuses to explain: the lines do.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.record import Wish

FINDINGS_TOLD = 8
"""The rest are usually consequences of the first ones; their number is told."""
LINES_TOLD = 60


def report(findings: Sequence[Finding], evidence: Evidence) -> str:
    """Markdown."""
    parts = [f"# {len(findings)} findings", ""]
    parts += [f"- {check}: {count}" for check, count in _counted(findings)]
    for finding in findings[:FINDINGS_TOLD]:
        parts += ["", f"## {finding.check}: {finding.what}", "", "```"]
        lines = sorted(_lines(finding, evidence))
        parts += [f"{_clock(at)}  {line}" for at, line in lines[:LINES_TOLD]]
        if len(lines) > LINES_TOLD:
            parts.append(f"... and {len(lines) - LINES_TOLD} more")
        parts.append("```")
    if len(findings) > FINDINGS_TOLD:
        parts += ["", f"And {len(findings) - FINDINGS_TOLD} more."]
    return "\n".join(parts) + "\n"


def _counted(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.check] = counts.get(finding.check, 0) + 1
    return sorted(counts.items())


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S.%f}"[:-3]


def _lines(finding: Finding, evidence: Evidence) -> Iterator[tuple[float, str]]:
    for ticket in finding.tickets:
        for event in evidence.stories.get(ticket, ()):
            who = f"desk {event.desk_id}, account {event.clerk_id}"
            yield event.at.timestamp(), f"journal {event.id}: ticket {ticket} {event.kind} ({who}) {event.details}"
    for wish in evidence.history.wishes:
        if wish.number in finding.wishes or _is_about(wish, finding):
            yield from _attempts(wish)
    for fault in evidence.history.faults:
        yield fault.wall, f"fault: {fault.kind} {'is over' if fault.over else 'begins'}"


def _is_about(wish: Wish, finding: Finding) -> bool:
    if isinstance(wish.answer, dict) and (wish.answer.get("id") in finding.tickets or wish.answer.get("secret") in finding.secrets):
        return True
    return any(secret in wish.path for secret in finding.secrets)


def _attempts(wish: Wish) -> Iterator[tuple[float, str]]:
    for number, attempt in enumerate(wish.attempts, 1):
        yield attempt.sent, f"{wish.client} sends wish {wish.number}.{number}: {wish.act} {wish.path} {wish.body or ''}"
        if attempt.heard is not None:
            answer = attempt.answer if attempt.status is None or attempt.status >= 400 else _told(attempt.answer)
            yield attempt.heard, f"{wish.client} hears of wish {wish.number}.{number}: {attempt.status or 'nothing'} {answer or ''}"


def _told(answer: object) -> object:
    names = ("id", "number", "state", "secret", "starts_at")
    return {name: answer[name] for name in names if name in answer} if isinstance(answer, dict) else answer
