"""What may happen to a ticket and in which order tickets are called: the discipline of the queue, written once, pure.

`desks.call_next` says the same order in SQL; a Hypothesis test holds the two together. Refuses to read a clock or a table.

Nobody starves. An ordinary ticket's key is its `due_at` and never changes, and the desks of its service call a smaller key first, so only
a ticket whose `rank_at` is not after that `due_at` can be called before it. `rank_at` is arrival (or booked time) + norm - head start:
whoever comes, or is booked, later than `due_at` + the largest head start - the shortest norm is called after it, privileged or not, and
however many they are. So the ordinary visitor waits for those alone: at most n / desks + 1 visits, where n is the number of tickets with
such a rank. (At a desk that only helps out the penalty is added to `due_at`; a call out of order or a visitor sent back by a person is
outside the rule, and the journal says by whom.) `tests/tickets/test_starvation.py` sends the worst streams.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from queue_service.errors import TooEarlyForNoShow, TooLateToComeBack, WrongState
from queue_service.text import Text


class State(StrEnum):
    WAITING = "waiting"
    CALLED = "called"
    SERVING = "serving"
    POSTPONED = "postponed"
    NO_SHOW = "no_show"
    SERVED = "served"
    LEFT = "left"
    EXPIRED = "expired"


class Source(StrEnum):
    WALK_IN = "walk_in"
    BOOKED = "booked"


class Need(StrEnum):
    LOW_VISION = "low_vision"
    HEARING = "hearing"
    WHEELCHAIR = "wheelchair"


NEED_NAMES: Final[dict[Need, Text]] = {
    Need.LOW_VISION: {"ru": "Плохо вижу", "en": "Low vision"},
    Need.HEARING: {"ru": "Плохо слышу", "en": "Hard of hearing"},
    Need.WHEELCHAIR: {"ru": "Инвалидная коляска", "en": "Wheelchair"},
}


class PrivilegeState(StrEnum):
    """Granted on the visitor's word at the kiosk; the clerk sees the document."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


TRANSITIONS: Final[dict[State, frozenset[State]]] = {
    State.WAITING: frozenset({State.CALLED, State.POSTPONED, State.LEFT, State.EXPIRED}),
    State.CALLED: frozenset({State.SERVING, State.WAITING, State.NO_SHOW, State.POSTPONED}),
    State.SERVING: frozenset({State.SERVED, State.WAITING, State.POSTPONED}),
    State.POSTPONED: frozenset({State.WAITING, State.LEFT, State.EXPIRED}),
    State.NO_SHOW: frozenset({State.WAITING}),
    State.SERVED: frozenset(),
    State.LEFT: frozenset(),
    State.EXPIRED: frozenset(),
}
"""Design §4; the README shows the same table."""

AT_A_DESK: Final = frozenset({State.CALLED, State.SERVING})
OVER: Final = frozenset({State.NO_SHOW, State.SERVED, State.LEFT, State.EXPIRED})
"""Nobody waits for the visitor any more, though one who did not come may still be brought back."""


def check_transition(state: State, to: State) -> None:
    """WrongState unless the table admits it."""
    if to not in TRANSITIONS[state]:
        raise WrongState


def leads_to(to: State) -> list[State]:
    """From where the table admits it, for a statement that moves a ticket by itself."""
    return sorted(state for state, following in TRANSITIONS.items() if to in following)


@dataclass(frozen=True, slots=True)
class Rank:
    """The two numbers of the queue, fixed when the ticket enters it."""

    due_at: datetime
    """Arrival + norm: the moment by which the office promised to call."""
    rank_at: datetime
    """`due_at` less the head start that the law or a booking earns."""
    rank_from: datetime
    """From when the head start counts: at once for a privilege, from the booked time for a booking."""


def rank_of_walk_in(arrival: datetime, norm: timedelta, head_start: timedelta) -> Rank:
    """A walk-in's rank; `head_start` is the office's for a claimed privilege, zero otherwise."""
    due_at = arrival + norm
    return Rank(due_at=due_at, rank_at=due_at - head_start, rank_from=arrival)


def is_late(booked_at: datetime, arrival: datetime, grace: timedelta) -> bool:
    """Whether a booked visitor has come later than the office's grace after the booked time."""
    return arrival > booked_at + grace


def rank_of_booked(booked_at: datetime, norm: timedelta, head_start: timedelta) -> Rank:
    """A booking's rank, however early it checked in: it counts from the booked time, and so does its head start."""
    due_at = booked_at + norm
    return Rank(due_at=due_at, rank_at=due_at - head_start, rank_from=booked_at)


def order_key(rank: Rank, now: datetime, penalty: timedelta) -> datetime:
    """What call-next minimises; ties go to the lower ticket id.

    `penalty` is the office's for a service that the desk only helps out with, zero for its own.
    """
    return (rank.rank_at if rank.rank_from <= now else rank.due_at) + penalty


@dataclass(frozen=True, slots=True)
class Claim:
    """What of a waiting ticket decides which desks may call it."""

    service_id: int
    needs: frozenset[str]
    for_desk_id: int | None
    for_clerk_id: int | None


@dataclass(frozen=True, slots=True)
class Caller:
    """A desk with its clerk, and what its office has set up."""

    desk_id: int
    clerk_id: int
    services: frozenset[int]
    help_out: frozenset[int]
    accessible: bool
    accessible_needs: frozenset[str]
    served_accessibly: frozenset[int]
    """Services that some open accessible desk takes."""


def may_call(claim: Claim, caller: Caller) -> bool:
    """Whether call-next of this desk may give it this ticket.

    A ticket that was sent to a desk or a clerk waits for exactly them. A visitor who needs an accessible desk waits for one while one is
    open for the service, and is served by any desk otherwise: nobody waits for a desk that is closed.
    """
    if claim.for_desk_id is not None or claim.for_clerk_id is not None:
        return claim.for_desk_id in (None, caller.desk_id) and claim.for_clerk_id in (None, caller.clerk_id)
    if claim.service_id not in caller.services | caller.help_out:
        return False
    needs_access = bool(claim.needs & caller.accessible_needs)
    return not needs_access or caller.accessible or claim.service_id not in caller.served_accessibly


def check_may_come_back(now: datetime, missed_at: datetime, limit: timedelta) -> None:
    """TooLateToComeBack after the office's limit."""
    if now > missed_at + limit:
        raise TooLateToComeBack


def no_show_allowed_at(called_at: datetime, calls: int, min_calls: int, min_seconds: int) -> datetime | None:
    """From when the clerk may say "no-show"; None while more calls are needed."""
    return called_at + timedelta(seconds=min_seconds) if calls >= min_calls else None


def check_no_show(now: datetime, called_at: datetime, calls: int, min_calls: int, min_seconds: int) -> None:
    """TooEarlyForNoShow, with what is still missing in its sentence."""
    allowed_at = no_show_allowed_at(called_at, calls, min_calls, min_seconds)
    if allowed_at is None:
        raise TooEarlyForNoShow(
            {
                "ru": f"Неявку можно отметить после {min_calls}-го вызова. Повторите вызов.",
                "en": f"No-show is possible after call number {min_calls}. Please call again.",
            }
        )
    if now < allowed_at:
        seconds = max(1, round((allowed_at - now).total_seconds()))
        raise TooEarlyForNoShow(
            {
                "ru": f"Посетитель ещё может подойти: неявку можно отметить через {seconds} с.",
                "en": f"The visitor may still come: no-show is possible in {seconds} s.",
            },
            retry_after=seconds,
        )
