"""The service's clock: the one place that reads it. Rules and commands take `now` as an argument instead."""

from datetime import UTC, datetime


def clock() -> datetime:
    return datetime.now(UTC)
