"""Pieces that several views share, and the envelope around each of them."""

from datetime import datetime

import msgspec

from queue_service.live.state import OfficeState
from queue_service.offices.catalogue import Catalogue
from queue_service.statistics.forecast import Wait
from queue_service.text import Text


class OfficeOut(msgspec.Struct, frozen=True):
    slug: str
    name: Text
    district: Text
    address: Text
    time_zone: str


class OpenOut(msgspec.Struct, frozen=True):
    now: bool
    opens_at: datetime | None
    closes_at: datetime | None
    sentence: Text | None
    """When closed: that it is, why, and when it opens."""
    reason: Text | None
    """Only the why, where a dated closure is the cause; for pages that show the opening time by themselves."""


class NamedOut(msgspec.Struct, frozen=True):
    code: str
    name: Text


class WaitOut(msgspec.Struct, frozen=True):
    """Minutes."""

    low: int
    high: int


def wait_out(wait: Wait | None) -> WaitOut | None:
    return WaitOut(wait.low, wait.high) if wait else None


def office_out(catalogue: Catalogue) -> OfficeOut:
    return OfficeOut(catalogue.slug, catalogue.name, catalogue.district, catalogue.address, catalogue.time_zone)


def open_out(catalogue: Catalogue, now: datetime) -> OpenOut:
    schedule = catalogue.schedule
    closes_at = schedule.closes_at(now)
    if closes_at is not None:
        return OpenOut(True, None, closes_at, None, None)
    return OpenOut(False, schedule.opens_at(now), None, schedule.closed_sentence(now), schedule.closure_reason(now))


def encoded(view: msgspec.Struct) -> bytes:
    return msgspec.json.encode(view)


def enveloped(state: OfficeState, content: bytes) -> bytes:
    """The content of a view with the version and the moment it is of."""
    return state.envelope + content[1:]
