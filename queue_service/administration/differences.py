"""What differs between two documents, place by place, so that a person can read it before saving. Pure."""

from collections.abc import Iterator
from typing import Any

from queue_service.administration.places import KEYS, Place
from queue_service.text import LANGUAGES

Difference = tuple[Place, Any, Any]
"""A place, what stands there, and what shall; None where nothing does."""


def differences(before: Any, after: Any, place: Place = ()) -> Iterator[Difference]:
    """In the order of the document; a part that is new or gone is one difference, and so is a sentence or a list without names."""
    if before == after:
        return
    if _fields(before) and _fields(after):
        for name in {**before, **after}:
            yield from differences(before.get(name), after.get(name), (*place, name))
        return
    key = KEYS.get(place[-1]) if place else None
    if key is not None and _keyed(before, key) and _keyed(after, key):
        then, now = {each[key]: each for each in before}, {each[key]: each for each in after}
        for name in {**then, **now}:
            yield from differences(then.get(name), now.get(name), (*place, name))
        if then == now:
            yield place, list(then), list(now)
        return
    yield place, before, after


def _fields(value: Any) -> bool:
    return isinstance(value, dict) and not (value and set(value) <= set(LANGUAGES))


def _keyed(value: Any, key: str) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and key in each for each in value)
