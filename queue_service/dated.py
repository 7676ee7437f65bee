"""Secrets of pages and keys of acts that begin with their time, so that what is made on one day lies together in an index.

After a checkpoint the first change of each page goes to the log whole: with a million old rows an insert at a place of pure chance
would touch a page of its own, and write it whole. Refuses to make anything shorter than can be guessed: the day is no secret and
counts for nothing.
"""

import secrets
import string
from datetime import datetime
from typing import Final

DAY_SIGNS: Final = 2
"""The first of each secret. They come back after eleven years."""
_SIGNS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def new_secret(now: datetime, random_signs: int) -> str:
    """The day and so many signs of six random bits; fit for a link and for a QR code."""
    period, day = divmod(now.toordinal() % len(_SIGNS) ** DAY_SIGNS, len(_SIGNS))
    return _SIGNS[period] + _SIGNS[day] + secrets.token_urlsafe(random_signs)[:random_signs]


def new_key(now: datetime) -> str:
    """An Idempotency-Key as our pages' scripts make them: the moment, and 80 random bits."""
    return f"{round(now.timestamp() * 1000):012x}{secrets.token_hex(10)}"
