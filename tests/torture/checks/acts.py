"""Every acknowledged act is there exactly once, every repeated one once, and one of which nobody heard at most once.

Acts with a key are found by it, those of clerks and administrators by laying their wishes over the journal (`matching`), the rest by what
they leave. Whatever is there that nobody asked for is a finding too.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.dump import AppointmentRow, TicketRow
from tests.torture.record import Wish

SAME_TICKET = ("id", "secret", "number", "issued_at", "due_at")
"""What every answer to one wish says alike, however often it is asked."""


def acts(evidence: Evidence) -> Iterator[Finding]:
    evidence.looked_at["wishes"] += len(evidence.history.wishes)
    evidence.looked_at["wishes without an answer"] += sum(wish.doubtful for wish in evidence.history.wishes)
    evidence.looked_at["attempts"] += sum(len(wish.attempts) for wish in evidence.history.wishes)
    for said, wishes, tickets in evidence.matching.faults:
        yield Finding("acts", said, tickets, wishes)
    yield from _tickets(evidence)
    yield from _check_ins(evidence)
    yield from _leaves(evidence)
    yield from _notices(evidence)
    yield from _calls_alike(evidence)


def _alike(wishes: Sequence[Wish], names: Sequence[str]) -> bool:
    answers = [attempt.answer for wish in wishes for attempt in wish.answers]
    return len({tuple(answer[name] for name in names) for answer in answers}) <= 1


def _tickets(evidence: Evidence) -> Iterator[Finding]:
    taken: dict[tuple[int, str], list[TicketRow]] = defaultdict(list)
    for row in evidence.dump.ticket:
        if row.idempotency_key is not None:
            taken[row.office_id, row.idempotency_key].append(row)
        elif row.appointment_id is None:
            yield Finding("acts", f"ticket {row.id} has neither a key nor a booking", (row.id,))
    for line in evidence.by_key.keys() | taken.keys():
        wishes, rows = evidence.by_key.get(line, []), taken.get(line, [])
        ids, numbers = tuple(row.id for row in rows), tuple(wish.number for wish in wishes)
        if not wishes:
            yield Finding("acts", f"tickets {ids} were asked for by nobody", ids)
        elif not _alike(wishes, SAME_TICKET):
            yield Finding("acts", f"two answers under the key {line[1]} tell of different tickets", ids, numbers)
        elif len(rows) > 1:
            yield Finding("acts", f"one wish became {len(rows)} tickets: {ids}", ids, numbers)
        elif not rows and any(wish.done for wish in wishes):
            yield Finding("acts", f"the ticket of wish {numbers} was acknowledged and is not there", (), numbers)
        elif rows and not any(wish.done or wish.doubtful for wish in wishes):
            yield Finding("acts", f"the ticket of wish {numbers} was refused and is there", ids, numbers)
        else:
            yield from _as_answered(wishes, rows)


def _as_answered(wishes: Sequence[Wish], rows: Sequence[TicketRow]) -> Iterator[Finding]:
    for wish in wishes:
        for row in rows:
            answer = wish.answer
            if answer is None:
                continue
            told = (answer["id"], answer["secret"], answer["number"])
            stands = (row.id, row.secret, f"{row.letter}{row.number:03d}")
            if told != stands:
                yield Finding("acts", f"wish {wish.number} was told of {told}, and the table has {stands}", (row.id,), (wish.number,))


def _check_ins(evidence: Evidence) -> Iterator[Finding]:
    became: dict[int, list[TicketRow]] = defaultdict(list)
    for row in evidence.dump.ticket:
        if row.appointment_id is not None:
            became[row.appointment_id].append(row)
    bookings = {code: row for row in evidence.dump.appointment for code in (row.secret, row.reference) if row.state != "expired"}
    asked: dict[int, list[Wish]] = defaultdict(list)
    for wish in evidence.history.wishes:
        if wish.act == "check-in":
            booking = bookings.get(code_of(wish))
            if booking is not None:
                asked[booking.id].append(wish)
            elif wish.done:
                yield Finding("acts", f"wish {wish.number} checked in a booking that is not there", (wish.answer["id"],), (wish.number,))
    for booking_id in asked.keys() | became.keys():
        wishes, rows = asked.get(booking_id, []), became.get(booking_id, [])
        ids, numbers = tuple(row.id for row in rows), tuple(wish.number for wish in wishes)
        told = {wish.answer["id"] for wish in wishes if wish.done}
        if len(rows) > 1 or told - set(ids):
            yield Finding("acts", f"booking {booking_id} became tickets {ids}, and its citizen was told {sorted(told)}", ids, numbers)
        if rows and not any(wish.done or wish.doubtful for wish in wishes):
            yield Finding("acts", f"booking {booking_id} became tickets {ids}, and nobody's check-in was accepted", ids, numbers)


def code_of(wish: Wish) -> str:
    """Of a check-in: the code at a kiosk, or the secret of the page."""
    return str(wish.body["code"]) if isinstance(wish.body, dict) and "code" in wish.body else wish.path.split("/")[4]


def _leaves(evidence: Evidence) -> Iterator[Finding]:
    for ticket in evidence.dump.ticket:
        wishes = evidence.leaves.get(ticket.secret, [])
        left = [event for event in evidence.stories.get(ticket.id, ()) if event.kind == "left" and event.details.get("by") is None]
        least, most = int(any(wish.done for wish in wishes)), int(any(wish.done or wish.doubtful for wish in wishes))
        if wishes and least and ticket.state == "left" and not left:
            continue  # sent away by the hall, and then the visitor left as well: leaving twice is leaving once
        if not least <= len(left) <= most:
            numbers = tuple(wish.number for wish in wishes)
            yield Finding("acts", f"ticket {ticket.id} was left {len(left)} times by its visitor", (ticket.id,), numbers)


def _notices(evidence: Evidence) -> Iterator[Finding]:
    written = Counter(row.sentence["ru"] for row in evidence.dump.notice)
    wishes = {wish.body["ru"]: wish for wish in evidence.history.wishes if wish.act == "notice"}
    for sentence in written.keys() | wishes.keys():
        wish = wishes.get(sentence)
        numbers = (wish.number,) if wish else ()
        most = 0 if wish is None else int(wish.done or wish.doubtful)
        if not int(wish is not None and wish.done) <= written[sentence] <= most:
            yield Finding("acts", f"the notice «{sentence}» stands {written[sentence]} times", (), numbers)


def _calls_alike(evidence: Evidence) -> Iterator[Finding]:
    """Two taps with one key call one visitor."""
    for wish in evidence.history.wishes:
        if wish.act == "call-next" and not _alike([wish], ("id",) if wish.answer is not None else ()):
            yield Finding("acts", f"call-next (wish {wish.number}) was answered with two visitors", (), (wish.number,))


def booking_key(row: AppointmentRow) -> str | None:
    """The client's key of a hold; the service puts the channel before it."""
    return row.idempotency_key.partition(" ")[2] if row.idempotency_key is not None else None
