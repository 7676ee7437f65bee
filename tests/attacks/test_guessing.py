"""What it would cost to guess: every secret has bits enough, and what is short is counted."""

import inspect
import math
import re
from datetime import timedelta
from pathlib import Path

from queue_service.booking import hold
from queue_service.dated import DAY_SIGNS, new_key, new_secret
from queue_service.devices import registry
from queue_service.limits.classes import GUESS
from queue_service.settings import CHECKOUT
from queue_service.staff import invitations, sessions
from queue_service.tickets import take
from tests.support.factories import LATER

LIVE = 1_000_000
"""Tickets and bookings of a large city that are open at one time."""
SECONDS_OF_A_YEAR = 365 * 24 * 3600


def years(bits: float, guesses_per_second: float) -> float:
    """Until one of the live secrets is hit with even chance."""
    return math.exp2(bits) / LIVE / 2 / guesses_per_second / SECONDS_OF_A_YEAR


def test_a_tickets_secret_outlasts_a_million_addresses() -> None:
    """Each address may miss so often a minute (`tests/limits/test_gate.py`)."""
    bits = take.RANDOM_SIGNS * 6
    assert bits >= 84
    assert years(bits, 1_000_000 * GUESS.hits / GUESS.seconds) > 1_000
    assert years(bits, 100_000) > 1_000, "and what all workers could answer at all, limits or none"


def test_secrets_are_random_as_they_say() -> None:
    made = {new_secret(LATER, take.RANDOM_SIGNS) for _ in range(2_000)}
    assert len(made) == 2_000
    assert {len(each) for each in made} == {DAY_SIGNS + take.RANDOM_SIGNS}
    assert len({each[:DAY_SIGNS] for each in made}) == 1, "one day"
    assert new_secret(LATER + timedelta(days=1), 14)[:DAY_SIGNS] != new_secret(LATER, 14)[:DAY_SIGNS]
    for place in range(DAY_SIGNS, DAY_SIGNS + take.RANDOM_SIGNS):
        assert len({each[place] for each in made}) == 64, "every sign stands in every place: no counter, no clock"


def test_an_act_cannot_be_repeated_by_somebody_else() -> None:
    """Who repeats a hold's key is given the hold's secret."""
    keys = [new_key(LATER) for _ in range(2_000)]
    assert {each[:12] for each in keys} == {f"{int(LATER.timestamp() * 1000):012x}"}
    assert len({each[12:] for each in keys}) == 2_000
    assert {len(each) for each in keys} == {12 + 80 // 4}


def bytes_of(function: object) -> list[int]:
    return [int(each) for each in re.findall(r"token_urlsafe\((\d+)\)", inspect.getsource(function))]  # type: ignore[arg-type]


def test_every_other_secret_has_bits_enough() -> None:
    assert hold.RANDOM_SIGNS * 6 >= 96
    assert min(bytes_of(sessions)) * 8 >= 256
    assert min(bytes_of(invitations)) * 8 >= 256
    assert min(bytes_of(registry)) * 8 >= 192


def test_no_secret_comes_from_a_predictable_source() -> None:
    """`random` is for jitter; what opens something is made by `secrets`."""
    for path in sorted((CHECKOUT / "queue_service").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if re.search(r"\brandom\.\w+\(", text) and "simulator" not in path.parts:
            assert not re.search(r"(?i)(token|secret|code|password)\w*\s*=\s*.*\brandom\.", text), path


def test_secrets_are_compared_without_telling_how_far_they_were_right() -> None:
    """Tokens are looked up by their hash; what is compared is compared in constant time."""
    compared = re.compile(r"(?:signature|csrf\w*|\bmac)\s*(?:==|!=)")
    found = [str(path) for path in Path(CHECKOUT / "queue_service").rglob("*.py") if compared.search(path.read_text(encoding="utf-8"))]
    assert found == []
