"""Bookings as their citizens were told: held once, then as the acknowledged steps left them; with their part of a lane and letters.

A step of which nobody heard was made or was not: a booking may end in any of the ways that admits, and in no other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tests.torture.checks.acts import booking_key, code_of
from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.dump import AppointmentRow
from tests.torture.record import Wish

STEPS: Final = frozenset({"extend", "confirm", "move", "cancel", "check-in", "accept", "decline"})
TAKES_A_PART: Final = frozenset({"held", "offered", "unverified", "booked", "checked_in"})
ON_HOLD: Final = frozenset({"held", "offered", "unverified"})
BECOMES: Final = {"confirm": "booked", "accept": "booked", "cancel": "cancelled", "decline": "cancelled", "check-in": "checked_in"}


@dataclass(frozen=True, slots=True)
class Stand:
    state: str
    starts_at: datetime
    moves: int


def bookings(evidence: Evidence) -> Iterator[Finding]:
    yield from _held_once(evidence)
    yield from _as_told(evidence)
    yield from _parts(evidence)
    yield from _letters(evidence)
    yield from _waitlist(evidence)


def _held_once(evidence: Evidence) -> Iterator[Finding]:
    there: dict[str, list[AppointmentRow]] = defaultdict(list)
    for row in evidence.dump.appointment:
        key = booking_key(row)
        if key is not None:
            there[key].append(row)
        elif row.via == "citizen":
            yield Finding("bookings", f"booking {row.id} was asked for by nobody", secrets=(row.secret,))
    asked: dict[str, list[Wish]] = defaultdict(list)
    for wish in evidence.history.wishes:
        if wish.act == "hold" and wish.key is not None:
            asked[wish.key].append(wish)
    for key in asked.keys() | there.keys():
        wishes, rows = asked.get(key, []), there.get(key, [])
        numbers, secrets = tuple(wish.number for wish in wishes), tuple(row.secret for row in rows)
        told = {(attempt.answer["secret"], attempt.answer["reference"]) for wish in wishes for attempt in wish.answers}
        least, most = int(bool(told)), int(any(wish.done or wish.doubtful for wish in wishes))
        if not least <= len(rows) <= most or told - {(row.secret, row.reference) for row in rows}:
            said = f"the hold of wish {numbers} stands {len(rows)} times, and its citizen was told of {sorted(told)}"
            yield Finding("bookings", said, (), numbers, secrets)


def steps_of(evidence: Evidence) -> dict[str, list[Wish]]:
    """Secret -> what was asked for this booking after its hold, in time; a kiosk may be told the reference instead."""
    secret_of = {row.reference: row.secret for row in evidence.dump.appointment if row.state != "expired"}
    found: dict[str, list[Wish]] = defaultdict(list)
    for wish in evidence.history.wishes:
        if wish.act in STEPS:
            code = code_of(wish)
            found[secret_of.get(code, code)].append(wish)
    return found


def _as_told(evidence: Evidence) -> Iterator[Finding]:
    holds = {wish.key: wish for wish in evidence.history.wishes if wish.act == "hold" and wish.key is not None and wish.done}
    steps = steps_of(evidence)
    for row in evidence.dump.appointment:
        hold = holds.get(booking_key(row) or "")
        if hold is None:
            continue
        evidence.looked_at["bookings followed"] += 1
        made = steps.get(row.secret, [])
        possible = _possible(hold, made)
        stands = Stand(row.state, row.starts_at, row.moves)
        lapsed = Stand("held", row.starts_at, row.moves)
        over = row.hold_expires_at is not None and row.hold_expires_at.timestamp() <= evidence.history.ended
        if stands not in possible and not (row.state == "expired" and over and lapsed in possible):
            said = f"booking {row.id} is {stands}, and by what its citizen was told it is one of {sorted(possible, key=str)}"
            yield Finding("bookings", said, (), (hold.number, *(wish.number for wish in made)), (row.secret,))


def _possible(hold: Wish, steps: Sequence[Wish]) -> set[Stand]:
    possible = {Stand("held", datetime.fromisoformat(hold.answer["starts_at"]), 0)}
    for wish in steps:
        if wish.done:
            possible = {_after(stand, wish) for stand in possible}
        elif wish.doubtful:
            possible |= {_after(stand, wish) for stand in possible}
    return possible


def _after(stand: Stand, wish: Wish) -> Stand:
    if wish.act == "move":
        wanted = datetime.fromisoformat(wish.answer["starts_at"] if wish.done else wish.body["starts_at"]).astimezone(UTC)
        moved = stand.state == "booked" and wanted != stand.starts_at
        return Stand(stand.state, wanted, stand.moves + moved)
    return Stand(BECOMES.get(wish.act, stand.state), stand.starts_at, stand.moves)


def _parts(evidence: Evidence) -> Iterator[Finding]:
    """A booking that stands has one part of one lane, of its own time and for its own reason; one that is over has none."""
    parts = defaultdict(list)
    for part in evidence.dump.lane_taken:
        if part.appointment_id is not None:
            parts[part.appointment_id].append(part)
        elif part.kind != "freed":
            yield Finding("bookings", f"part {part.id} of lane {part.lane_id} belongs to nobody")
    for row in evidence.dump.appointment:
        own = parts.get(row.id, [])
        if len(own) != int(row.state in TAKES_A_PART):
            yield Finding("bookings", f"booking {row.id} is {row.state} and has {len(own)} parts of lanes", secrets=(row.secret,))
        for part in own:
            if (part.starts_at, part.ends_at) != (row.starts_at, row.ends_at):
                yield Finding("bookings", f"booking {row.id} has a part of another time", secrets=(row.secret,))
            if part.kind != ("hold" if row.state in ON_HOLD else "booking"):
                yield Finding("bookings", f"booking {row.id} is {row.state} and has its part by {part.kind}", secrets=(row.secret,))


def _letters(evidence: Evidence) -> Iterator[Finding]:
    """Whoever booked is told so once, and of every change once."""
    letters = Counter((letter.appointment_id, letter.kind) for letter in evidence.dump.outbox_message)
    due = Counter(
        letter.appointment_id for letter in evidence.dump.outbox_message if letter.state == "pending" and "reminder" in letter.kind
    )
    for row in evidence.dump.appointment:
        confirmed, changed, cancelled = (letters[row.id, kind] for kind in ("confirmation", "change", "cancellation"))
        wrong = []
        if confirmed != (cancelled if row.state == "cancelled" else int(row.state in ("booked", "checked_in"))):
            wrong.append(f"{confirmed} confirmations")
        if changed != row.moves:
            wrong.append(f"{changed} letters of {row.moves} moves")
        if cancelled > int(row.state == "cancelled"):
            wrong.append(f"{cancelled} cancellations")
        if row.state == "cancelled" and due[row.id]:
            wrong.append("a reminder to come")
        if wrong:
            yield Finding("bookings", f"booking {row.id} ({row.state}) has {', '.join(wrong)}", secrets=(row.secret,))


def _waitlist(evidence: Evidence) -> Iterator[Finding]:
    joins = [wish for wish in evidence.history.wishes if wish.act == "join"]
    there = Counter(row.secret for row in evidence.dump.waitlist_entry)
    told = {wish.answer["secret"]: wish for wish in joins if wish.done}
    for secret, wish in told.items():
        if there[secret] != 1:
            yield Finding(
                "bookings", f"who joined the waitlist (wish {wish.number}) stands on it {there[secret]} times", (), (wish.number,)
            )
    unheard = sum(wish.doubtful for wish in joins)
    if len(there.keys() - told.keys()) > unheard:
        yield Finding("bookings", f"{len(there.keys() - told.keys())} people on the waitlist asked for it {unheard} times")
    left = {wish.path.split("/")[4] for wish in evidence.history.wishes if wish.act == "leave-list" and wish.done}
    for row in evidence.dump.waitlist_entry:
        if row.secret in left and row.state in ("waiting", "offered"):
            yield Finding("bookings", f"entry {row.id} has left the waitlist and still waits", secrets=(row.secret,))
