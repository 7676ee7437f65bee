"""Secrets and keys that SQL makes in the shape of the real ones: the day or the moment first, the rest by chance.

The time comes first so that what is written on one day lies together in an index (`queue_service.dated`). A row that is written by a
benchmark and not by the service must not differ in this: each would else bring a page of its own into memory and into the log, and the
figure would be that of another product.
"""

from datetime import datetime

from queue_service.dated import new_secret
from queue_service.tickets.take import RANDOM_SIGNS

BY_CHANCE = "uuid_send(gen_random_uuid())"
"""Bytes that are new every time."""


def day_signs(day: datetime) -> str:
    """What the secrets of a day begin with."""
    return new_secret(day, 0)


def secret(day: str, chance: str = BY_CHANCE, random_signs: int = RANDOM_SIGNS) -> str:
    """SQL for `dated.new_secret`; `day` is SQL for its first signs, `chance` for twelve bytes or more."""
    return f"{day} || translate(left(encode({chance}, 'base64'), {random_signs}), '+/', '-_')"


def key(moment: str, chance: str = BY_CHANCE) -> str:
    """SQL for the Idempotency-Key that a kiosk makes: `newKey` in kiosk/js/main.js."""
    return f"lpad(to_hex((extract(epoch FROM {moment}) * 1000)::bigint), 12, '0') || left(encode({chance}, 'hex'), 20)"
