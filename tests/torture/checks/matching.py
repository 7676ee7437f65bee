"""Which wish made which journal row: each clerk's and administrator's wishes in their order against the rows that name them, in theirs.

Exact, not by likeness: an acknowledged wish makes its rows once, a refused one none, and one of which nobody heard makes them once or not
at all. Where that cannot be laid over the journal, something was done twice, lost, or done to somebody else.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.torture.dump import EventRow
from tests.torture.record import History, Wish

KINDS: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "call-next": [("called",)],
    "call": [("called",), ("resumed", "called"), ("came_back", "called")],
    "recall": [("recalled",)],
    "start": [("started",)],
    "finish": [("finished",)],
    "no-show": [("no_show",)],
    "return": [("returned",)],
    "postpone": [("postponed",)],
    "transfer": [("transferred",)],
    "add-service": [("service_added",)],
    "confirm-privilege": [("privilege_confirmed",), ("privilege_refused",)],
    "first": [("reordered",)],
    "resume-ticket": [("resumed",)],
    "come-back": [("came_back",)],
    "leave": [("left",)],
    "needs": [("needs_changed",)],
    "privilege": [("privilege_changed",)],
    "end": [(), ("finished",), ("returned",)],
}
"""Act -> the rows that it writes, one of these."""
UNSIGNED: Final = frozenset({"issued", "undirected"})
"""Found by key, or a consequence that several acts have."""
SLACK_SECONDS = 0.002
"""Clocks are read in one order and written in another."""


@dataclass
class Matching:
    wish_of: dict[int, Wish] = field(default_factory=dict)
    """Journal row id -> the wish that made it."""
    faults: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = field(default_factory=list)
    """Where the one cannot be laid over the other: a sentence, wishes, tickets."""


def author_of(event: EventRow) -> int | None:
    """The account that did it; None for visitors, for time, and for what `UNSIGNED` says."""
    if event.kind in UNSIGNED or event.details.get("by") in ("term", "end_of_day"):
        return None
    account = event.details.get("account")
    return int(account) if account is not None else event.clerk_id


def act_of(wish: Wish) -> str:
    """`resume` is a clerk's break and an administrator's act."""
    return "resume-ticket" if wish.act == "resume" and "/tickets/" in wish.path else wish.act


def match(history: History, rows: Mapping[int, Sequence[EventRow]]) -> Matching:
    """`rows`: account -> the journal rows that name it, in their order."""
    wishes: dict[int, list[Wish]] = defaultdict(list)
    for wish in history.wishes:
        account = history.came[wish.client].account
        if account is not None and act_of(wish) in KINDS:
            wishes[account].append(wish)
    matching = Matching()
    for account in sorted(wishes.keys() | rows.keys()):
        _match_one(matching, wishes.get(account, []), rows.get(account, []))
    return matching


def _match_one(matching: Matching, wishes: Sequence[Wish], events: Sequence[EventRow]) -> None:
    # Every place in the journal that the wishes so far can have led to, and by which way.
    ways: list[dict[int, int]] = []
    reached = {0}
    for wish in wishes:
        way = _step(wish, events, reached)
        if not way:
            _explain(matching, wish, events, max(reached))
            return
        ways.append(way)
        reached = set(way)
    if len(events) not in reached:
        extra = events[max(reached)]
        matching.faults.append((f"journal row {extra.id} ({extra.kind}) was asked for by nobody", (), (extra.ticket_id,)))
        return
    place = len(events)
    for wish, way in zip(reversed(wishes), reversed(ways), strict=True):
        before = way[place]
        for event in events[before:place]:
            matching.wish_of[event.id] = wish
        place = before


def _step(wish: Wish, events: Sequence[EventRow], reached: set[int]) -> dict[int, int]:
    """Place after the wish -> place before it; that it was done is preferred to that it was not."""
    if wish.done and wish.act == "call-next" and wish.answer is None:
        return {place: place for place in reached}  # 204: nobody waited
    way = {} if wish.done else {place: place for place in reached}
    if wish.done or wish.doubtful:
        for place in sorted(reached):
            for kinds in KINDS[act_of(wish)]:
                if _made(wish, kinds, events[place : place + len(kinds)]):
                    way[place + len(kinds)] = place
    return way


def _made(wish: Wish, kinds: Sequence[str], events: Sequence[EventRow]) -> bool:
    if tuple(event.kind for event in events) != tuple(kinds):
        return False
    for event in events:
        if event.at.timestamp() < wish.sent - SLACK_SECONDS:
            return False
        if wish.done:
            if event.at.timestamp() > wish.sure_by + SLACK_SECONDS:
                return False
            if isinstance(wish.answer, dict) and wish.answer.get("id", event.ticket_id) != event.ticket_id:
                return False
    return True


def _explain(matching: Matching, wish: Wish, events: Sequence[EventRow], place: int) -> None:
    found = events[place] if place < len(events) else None
    there = f"row {found.id} is {found.kind} of ticket {found.ticket_id}" if found else "nothing more"
    said = f"{wish.client}: {wish.act} (wish {wish.number}) was acknowledged, and the journal has {there}"
    if not wish.done:
        said = f"{wish.client}: {wish.act} (wish {wish.number}) was refused, and the journal has {there}"
    matching.faults.append((said, (wish.number,), (found.ticket_id,) if found else ()))
