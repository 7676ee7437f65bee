"""No slot over capacity: not in the tables, and at no moment in what citizens were told."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from tests.torture.checks.bookings import TAKES_A_PART, steps_of
from tests.torture.checks.evidence import Evidence, Finding
from tests.torture.record import NEVER, Wish

MINUTE = timedelta(minutes=1)


def slots(evidence: Evidence) -> Iterator[Finding]:
    yield from _lanes(evidence)
    yield from _hours(evidence)
    yield from _capacity(evidence)
    yield from _promises(evidence)


def _lanes(evidence: Evidence) -> Iterator[Finding]:
    """A lane has one visit at a time."""
    of_lane = defaultdict(list)
    for part in evidence.dump.lane_taken:
        of_lane[part.lane_id].append(part)
    for lane, parts in of_lane.items():
        evidence.looked_at["parts of lanes"] += len(parts)
        for one, other in pairwise(sorted(parts, key=lambda part: part.starts_at)):
            if other.starts_at < one.ends_at:
                yield Finding("slots", f"lane {lane} has parts {one.id} and {other.id} at one time")


def _hours(evidence: Evidence) -> Iterator[Finding]:
    """What is taken of a lane lies within its hours, minute by minute on the office's clock."""
    hours: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for row in evidence.dump.lane_hours:
        hours[row.lane_id, row.weekday].append((row.opens, row.closes))
    zones = {lane.id: ZoneInfo(evidence.offices[lane.office_id].time_zone) for lane in evidence.dump.lane}
    for part in evidence.dump.lane_taken:
        for moment in (part.starts_at, part.ends_at - MINUTE):
            local = moment.astimezone(zones[part.lane_id])
            minute = local.hour * 60 + local.minute
            if not any(opens <= minute < closes for opens, closes in hours.get((part.lane_id, local.isoweekday()), [])):
                yield Finding("slots", f"part {part.id} of lane {part.lane_id} lies outside its hours, at {local}")


def _lanes_of(evidence: Evidence) -> Mapping[int, int]:
    """Service -> how many lanes take it."""
    lanes: dict[int, set[int]] = defaultdict(set)
    for row in evidence.dump.lane_service:
        lanes[row.service_id].add(row.lane_id)
    return {service: len(found) for service, found in lanes.items()}


def _capacity(evidence: Evidence) -> Iterator[Finding]:
    """Whatever the parts say: so many bookings at once as there are lanes."""
    at_once = defaultdict(list)
    for row in evidence.dump.appointment:
        if row.state in TAKES_A_PART:
            at_once[row.service_id].append((row.starts_at, row.ends_at, row.secret))
    lanes = _lanes_of(evidence)
    for service, visits in at_once.items():
        for starts_at in {visit[0] for visit in visits}:
            there = [secret for since, until, secret in visits if since <= starts_at < until]
            if len(there) > lanes.get(service, 0):
                yield Finding("slots", f"{len(there)} bookings at {starts_at} in {lanes.get(service, 0)} lanes", secrets=tuple(there))


def _promises(evidence: Evidence) -> Iterator[Finding]:
    """At every moment of the run: no more citizens who surely had the slot than lanes. Surely: told so, and nothing asked since."""
    promised: dict[tuple[int, datetime], list[tuple[float, float, str]]] = defaultdict(list)
    steps = steps_of(evidence)
    service_of = {row.secret: row.service_id for row in evidence.dump.appointment}
    for wish in evidence.history.wishes:
        if wish.act == "hold" and wish.done:
            secret = wish.answer["secret"]
            for one, following in pairwise([wish, *steps.get(secret, []), None]):
                if one is not None and one.done and "starts_at" in one.answer:
                    until = _until(one, following)
                    service = service_of.get(secret, 0)
                    promised[service, datetime.fromisoformat(one.answer["starts_at"])].append((one.sure_by, until, secret))
    lanes = _lanes_of(evidence)
    for (service, starts_at), times in promised.items():
        for since, _, _ in times:
            evidence.looked_at["promises"] += 1
            having = {secret for begun, ended, secret in times if begun <= since < ended}
            if len(having) > lanes.get(service, 0):
                said = f"{len(having)} citizens were told at once that {starts_at} is theirs, in {lanes.get(service, 0)} lanes"
                yield Finding("slots", said, secrets=tuple(sorted(having)))


def _until(wish: Wish, following: Wish | None) -> float:
    """When the promise may have ended: by the next step, or with the hold."""
    asked = following.sent if following is not None else NEVER
    if wish.answer.get("state") == "cancelled":
        return wish.sure_by
    expires = wish.answer.get("hold_expires_at")
    return min(asked, datetime.fromisoformat(expires).timestamp()) if expires else asked
