"""Taking a ticket: the hall's hottest write, one prepared statement.

The number counter, the daily quota, the ticket and its journal row stand or fall together, so a number is never doubled and never
missing; wishes of one moment share a transaction. Refuses to decide with stale rules: the statement counts the quota itself; only the
set-up comes from the catalogue.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from queue_service.batches import Batches
from queue_service.dated import new_secret
from queue_service.db import Pool, constraint_of
from queue_service.errors import (
    BookingOnly,
    DailyLimitReached,
    IdempotencyKeyReused,
    OfficeClosed,
    ServiceClosed,
    UnknownPrivilege,
    UnknownService,
)
from queue_service.offices.catalogue import Catalogue, PrivilegeInfo, ServiceInfo
from queue_service.text import Text, pick
from queue_service.tickets.models import label
from queue_service.tickets.rules import Need, Source, State, rank_of_walk_in

RANDOM_SIGNS = 14
"""Of a ticket's secret: 84 bits cannot be guessed at any rate we would answer. With the day's two they are sixteen signs, which keep the
QR code coarse enough for an old camera."""

SECRET = 4
"""Where a wish's secret stands among the parameters: rows come back in any order."""

TAKE_TICKETS = """
WITH wish AS MATERIALIZED (
    SELECT *
      FROM unnest($1::int[], $2::date[], $3::int[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[], $9::timestamptz[],
                  $10::timestamptz[], $11::timestamptz[], $12::timestamptz[], $13::text[], $14::text[], $15::int[], $16::int[],
                  $17::text[], $18::bigint[]) WITH ORDINALITY
        AS wish(office_id, local_date, service_id, letter, secret, language, needs, privilege_id, issued_at,
                due_at, rank_at, rank_from, key, via, by, daily_limit, chain, asked, nth)
), quota AS (            -- only a limited service has a row; no row comes back where the limit leaves less than is wished for
    INSERT INTO service_day (service_id, local_date, issued)
    SELECT service_id, local_date, count(*) FROM wish WHERE daily_limit IS NOT NULL
     GROUP BY service_id, local_date HAVING count(*) <= min(daily_limit) ORDER BY service_id, local_date
        ON CONFLICT (service_id, local_date) DO UPDATE SET issued = service_day.issued + excluded.issued
     WHERE service_day.issued + excluded.issued <= (SELECT min(daily_limit) FROM wish WHERE service_id = excluded.service_id)
 RETURNING service_id, local_date
), granted AS (
    SELECT *, row_number() OVER (series ORDER BY nth) - count(*) OVER series AS before_last
      FROM wish WHERE daily_limit IS NULL OR (service_id, local_date) IN (SELECT service_id, local_date FROM quota)
    WINDOW series AS (PARTITION BY office_id, local_date, letter)
), counter AS (          -- the rows all kiosks of a group share: touched last, in one order for everybody, held until commit
    INSERT INTO ticket_counter (office_id, local_date, letter, last_number)
    SELECT office_id, local_date, letter, count(*) FROM granted
     GROUP BY office_id, local_date, letter ORDER BY office_id, local_date, letter
        ON CONFLICT (office_id, local_date, letter) DO UPDATE SET last_number = ticket_counter.last_number + excluded.last_number
 RETURNING office_id, local_date, letter, last_number
), ticket AS (
    INSERT INTO ticket (office_id, local_date, service_id, letter, number, secret, state, source, language, needs,
                        privilege_id, privilege_state, late, issued_at, due_at, rank_at, rank_from, calls, idempotency_key, next_services,
                        asked)
    SELECT office_id, local_date, service_id, letter, last_number + before_last, secret, 'waiting', 'walk_in', language,
           string_to_array(needs, ','), privilege_id, CASE WHEN privilege_id IS NOT NULL THEN 'claimed' END, false, issued_at,
           due_at, rank_at, rank_from, 0, key, string_to_array(chain, ',')::int[], asked
      FROM granted JOIN counter USING (office_id, local_date, letter)
     ORDER BY nth
 RETURNING id, number, office_id, secret
), event AS (
    INSERT INTO ticket_event (ticket_id, office_id, kind, at, details)
    SELECT id, ticket.office_id, 'issued', issued_at, jsonb_build_object('via', via, 'by', by)
      FROM ticket JOIN wish USING (secret)
     ORDER BY nth
), told AS (
    SELECT count(pg_notify('ticket_issued', office_id::text)) AS offices FROM (SELECT DISTINCT office_id FROM ticket) AS changed
)
SELECT id, number, secret, offices FROM ticket, told
"""
"""Any number of wishes in one transaction; who is not in the result was not granted. $7 and $17 are lists within a text: PostgreSQL
has no arrays of arrays of different lengths."""

_BY_KEY = """
SELECT id, secret, letter, number, service_id, asked, state, source, issued_at, due_at, rank_at, rank_from
  FROM ticket WHERE office_id = $1 AND idempotency_key = $2          -- uq_ticket_idempotency_key
"""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a visitor asks for at the kiosk or at the hall administrator's."""

    service: str
    privilege: str | None
    needs: tuple[Need, ...]
    language: str
    key: str
    """Idempotency-Key: one per choice of the visitor, kept over retries."""

    @property
    def fingerprint(self) -> int:
        """A signed 64-bit number of everything but the key."""
        asked = "\0".join((self.service, self.privilege or "", ",".join(self.needs), self.language))
        return int.from_bytes(hashlib.blake2b(asked.encode(), digest_size=8).digest(), "big", signed=True)


@dataclass(frozen=True, slots=True)
class TakenTicket:
    id: int
    secret: str
    number: str
    service: ServiceInfo
    state: State
    source: Source
    issued_at: datetime
    due_at: datetime
    rank_at: datetime
    rank_from: datetime
    late: bool = False
    booked_for: datetime | None = None
    """The booked time, of a ticket that was a booking."""


def closed_today_sentence(reason: Text) -> Text:
    """Why a service is closed today, for whoever asks for it."""
    return {"ru": f"Сегодня услуга больше не оказывается: {reason['ru']}.", "en": f"No longer given today: {pick(reason, 'en')}."}


def check_open(catalogue: Catalogue, service: str, now: datetime) -> ServiceInfo:
    """The service, or the refusal that a visitor should read."""
    info = catalogue.services.get(service)
    if info is None:
        raise UnknownService
    if not info.active:
        raise ServiceClosed
    if info.closed_today is not None:
        raise ServiceClosed(closed_today_sentence(info.closed_today))
    if not info.walk_in:
        raise BookingOnly
    if catalogue.schedule.closes_at(now) is None:
        raise OfficeClosed(catalogue.schedule.closed_sentence(now))
    return info


def _privilege(catalogue: Catalogue, code: str | None, now: datetime) -> PrivilegeInfo | None:
    if code is None:
        return None
    today = catalogue.schedule.local_date(now)
    found = next((each for each in catalogue.privileges_on(today) if each.code == code), None)
    if found is None:
        raise UnknownPrivilege
    return found


class Taking:
    """Where all kiosks of a worker take their tickets: those who come at one moment share a transaction."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._batches: Batches[tuple[Any, ...], tuple[int, int]] = Batches(self._issue)

    async def take(self, catalogue: Catalogue, wish: Wish, via: tuple[str, int], now: datetime) -> TakenTicket:
        """Issues a walk-in ticket; a repeated key gives the ticket it gave before.

        `via` is who issued it: ("kiosk", device id) or ("staff", account id). Raises UnknownService, ServiceClosed, BookingOnly,
        OfficeClosed, UnknownPrivilege, DailyLimitReached, IdempotencyKeyReused.
        """
        try:
            service = check_open(catalogue, wish.service, now)
            privilege = _privilege(catalogue, wish.privilege, now)
        except (ServiceClosed, OfficeClosed, BookingOnly):
            # The first try may have succeeded a moment before closing time, and only its answer was lost.
            earlier = await _taken_before(self._pool, catalogue, wish)
            if earlier is not None:
                return earlier
            raise
        head_start = catalogue.policy.privilege_head_start if privilege else timedelta()
        rank = rank_of_walk_in(now, service.wait_norm, head_start)
        secret = new_secret(now, RANDOM_SIGNS)
        parameters = (
            catalogue.id,
            catalogue.schedule.local_date(now),
            service.id,
            service.letter,
            secret,
            wish.language,
            ",".join(wish.needs),
            privilege.id if privilege else None,
            now,
            rank.due_at,
            rank.rank_at,
            rank.rank_from,
            wish.key,
            *via,
            service.daily_limit,
            ",".join(map(str, service.chain)),
            wish.fingerprint,
        )
        try:
            issued = await self._batches.submit(parameters)
        except asyncpg.UniqueViolationError as error:
            if constraint_of(error) != "uq_ticket_idempotency_key":
                raise
            issued = None
        if issued is None:
            # Either a repeat (its own statement was rolled back, number included) or the day's limit.
            earlier = await _taken_before(self._pool, catalogue, wish)
            if earlier is None:
                raise DailyLimitReached(retry_after=_seconds_to_midnight(catalogue, now))
            return earlier
        ticket_id, number = issued
        return TakenTicket(
            id=ticket_id,
            secret=secret,
            number=label(service.letter, number),
            service=service,
            state=State.WAITING,
            source=Source.WALK_IN,
            issued_at=now,
            due_at=rank.due_at,
            rank_at=rank.rank_at,
            rank_from=rank.rank_from,
        )

    async def _issue(self, wishes: Sequence[tuple[Any, ...]]) -> Sequence[tuple[int, int] | None]:
        """Ids and numbers, None for who was not granted a ticket."""
        rows: Any = await self._pool.fetch(TAKE_TICKETS, *zip(*wishes, strict=True))
        issued = {row["secret"]: (row["id"], row["number"]) for row in rows}
        return [issued.get(wish[SECRET]) for wish in wishes]


async def _taken_before(pool: Pool, catalogue: Catalogue, wish: Wish) -> TakenTicket | None:
    row = await pool.fetchrow(_BY_KEY, catalogue.id, wish.key)
    if row is None:
        return None
    # With what was asked for then: the ticket may have been sent to another service since, or its needs corrected.
    if row["asked"] is not None and row["asked"] != wish.fingerprint:
        raise IdempotencyKeyReused
    service = catalogue.services_by_id[row["service_id"]]
    return TakenTicket(
        id=row["id"],
        secret=row["secret"],
        number=label(row["letter"], row["number"]),
        service=service,
        state=State(row["state"]),
        source=Source(row["source"]),
        issued_at=row["issued_at"],
        due_at=row["due_at"],
        rank_at=row["rank_at"],
        rank_from=row["rank_from"],
    )


def _seconds_to_midnight(catalogue: Catalogue, now: datetime) -> int:
    tomorrow = catalogue.schedule.local_midnight(catalogue.schedule.local_midnight(now) + timedelta(hours=30))
    return max(1, int((tomorrow - now).total_seconds()))
