"""Carries the outbox out: each key once, whoever dies meanwhile.

Every worker runs one. A message is claimed for a lease (a committed row, not a held lock: a lock would die with us but so would every trace
of how far we came), worded, sent without a transaction open, and its fate is written down. Three things keep it single:

    a claim is one statement with SKIP LOCKED        two senders never get the same message
    `attempts` of the claim is a fence               who lost the lease can no longer hand over: the statement finds no row
    `handed_over_at` is committed before acceptance  a dead sender's message is repeated only where it certainly was not accepted

    pending -> sending -> sent | failed | unconfirmed, back to pending after a temporary failure; withdrawn from pending and sending

Refuses to log anything personal: keys, kinds and classes of errors only, never an error's text.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
import structlog

from queue_service.db import Database
from queue_service.notifications.channels import Adapter, Delayed, Outgoing, Refused, TakenBack
from queue_service.notifications.contacts import Channel, Contact
from queue_service.notifications.demo_log import FILE_NAME, LogChannel
from queue_service.notifications.outbox import Payload
from queue_service.notifications.rules import PAUSES, STARTED_BY_US, Kind, State, next_attempt, not_at_night, outlived
from queue_service.notifications.smtp import SmtpChannel
from queue_service.notifications.templates import compose
from queue_service.sealing import KeyRing
from queue_service.settings import Settings
from queue_service.timing import clock

log = structlog.get_logger(__name__)

POLL_SECONDS: Final = 5.0
"""What becomes due later, or was notified while nobody listened, is found this late at most."""
LEASE: Final = timedelta(minutes=3)
"""How long a dead sender's message waits for the next one. Longer than any attempt may take."""
ATTEMPT_SECONDS: Final = 120.0
"""A whole conversation; each answer within it has a shorter limit of its own."""
LANES: Final = 3
"""Messages of one channel in the air per worker: one slow recipient does not hold up the others."""
FAREWELL_SECONDS: Final = 5.0
"""At the end of the process, for what is in the air: an answer that we wait for is one message less that stays unconfirmed."""

_CLAIM = """
WITH next AS (
    SELECT key                                   -- ix_outbox_message_due
      FROM outbox_message
     WHERE state = 'pending' AND channel = $1 AND due_at <= $2
     ORDER BY due_at
     LIMIT 1
       FOR UPDATE SKIP LOCKED
)
UPDATE outbox_message
   SET state = 'sending', attempts = attempts + 1, claimed_until = $3, handed_over_at = NULL, error = NULL
  FROM next
 WHERE outbox_message.key = next.key
RETURNING outbox_message.key, kind, recipient, payload, language, attempts
"""

_TAKE_OVER = """
WITH abandoned AS (
    SELECT key, attempts, handed_over_at         -- ix_outbox_message_claimed
      FROM outbox_message
     WHERE state = 'sending' AND claimed_until < $1
       FOR UPDATE SKIP LOCKED
), fate AS (
    SELECT key, CASE WHEN handed_over_at IS NOT NULL THEN 'unconfirmed'
                     WHEN attempts > $2              THEN 'failed'
                     ELSE                                 'pending' END AS state
      FROM abandoned
)
UPDATE outbox_message
   SET state         = fate.state,
       claimed_until = NULL,
       error         = 'sender_died',
       recipient     = CASE WHEN fate.state = 'pending' THEN recipient END,
       payload       = CASE WHEN fate.state = 'pending' THEN payload END
  FROM fate
 WHERE outbox_message.key = fate.key
RETURNING outbox_message.key, fate.state
"""

_HAND_OVER = """
UPDATE outbox_message
   SET handed_over_at = $3
 WHERE key = $1 AND attempts = $2 AND state = 'sending' AND claimed_until > $3
RETURNING key
"""

# Also over `withdrawn` and `unconfirmed`: what the other side said is truer than what somebody feared meanwhile.
_SENT = """
UPDATE outbox_message
   SET state = 'sent', sent_at = $3, handed_over_at = coalesce(handed_over_at, $3),
       claimed_until = NULL, error = NULL, recipient = NULL, payload = NULL
 WHERE key = $1 AND attempts = $2 AND state IN ('sending', 'withdrawn', 'unconfirmed')
"""

_AGAIN = """
UPDATE outbox_message
   SET state = 'pending', due_at = $3, error = $4, claimed_until = NULL, handed_over_at = NULL
 WHERE key = $1 AND attempts = $2 AND state = 'sending'
"""

_OVER = """
UPDATE outbox_message
   SET state = $3::text, error = $4, claimed_until = NULL, recipient = NULL, payload = NULL,
       handed_over_at = CASE WHEN $3::text = 'unconfirmed' THEN handed_over_at END
 WHERE key = $1 AND attempts = $2 AND state = 'sending'
"""


@dataclass(frozen=True, slots=True)
class _Claim:
    key: str
    kind: Kind
    channel: Channel
    attempts: int


class Sender:
    """One per process. `wake` says that something may be due; `run` works until cancelled."""

    def __init__(
        self,
        database: Database,
        ring: KeyRing,
        channels: Mapping[Channel, Adapter],
        *,
        lease: timedelta = LEASE,
        now: Callable[[], datetime] = clock,
    ) -> None:
        self._database = database
        self._ring = ring
        self._channels = channels
        self._lease = lease
        self._now = now
        self._bells = {channel: [asyncio.Event() for _ in range(LANES)] for channel in channels}
        self._ending = False

    def wake(self) -> None:
        """One lane per channel looks; whoever finds work wakes the next, so an empty outbox costs one query."""
        for bells in self._bells.values():
            bells[0].set()

    async def run(self) -> None:
        lanes = [asyncio.create_task(self._lane(channel, number)) for channel in self._channels for number in range(LANES)]
        try:
            # Not gather: being cancelled must not cut off a lane between the dot and the answer.
            await asyncio.wait(lanes)
        finally:
            self._ending = True
            for bells in self._bells.values():
                for bell in bells:
                    bell.set()
            await asyncio.wait(lanes, timeout=FAREWELL_SECONDS)
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)
            for adapter in self._channels.values():
                await adapter.close()

    async def _lane(self, channel: Channel, number: int) -> None:
        bells = self._bells[channel]
        while not self._ending:
            bells[number].clear()
            found = False
            try:
                if number == 0:
                    await self.take_over()
                claimed = await self._claim(channel)
                if claimed is not None:
                    found = True
                    if number + 1 < len(bells):
                        bells[number + 1].set()
                    await self._deliver(*claimed)
            except Exception as error:  # whatever it is, the next message must not wait for a restart
                log.warning("sender_failed", channel=channel, error=type(error).__name__)
                found = False
            if not found and not self._ending:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(bells[number].wait(), POLL_SECONDS)

    async def send_due(self) -> int:
        """Everything that is due now, one after another, without `run`; how many were tried. For tests and the command line."""
        tried = 0
        await self.take_over()
        for channel in self._channels:
            while (claimed := await self._claim(channel)) is not None:
                await self._deliver(*claimed)
                tried += 1
        return tried

    async def take_over(self) -> None:
        """Decides about messages whose sender died: again where certainly not accepted, else unconfirmed."""
        for row in await self._database.hot.fetch(_TAKE_OVER, self._now(), len(PAUSES)):
            log.warning("message_taken_over", key=row["key"], state=row["state"])

    async def _claim(self, channel: Channel) -> tuple[_Claim, asyncpg.Record] | None:
        now = self._now()
        row = await self._database.hot.fetchrow(_CLAIM, channel, now, now + self._lease)
        return None if row is None else (_Claim(row["key"], Kind(row["kind"]), channel, row["attempts"]), row)

    async def _deliver(self, claim: _Claim, row: asyncpg.Record) -> None:
        try:
            contact = Contact(claim.channel, self._ring.unseal(row["recipient"]))
            payload = msgspec.json.decode(self._ring.unseal(row["payload"]), type=Payload)
        except Exception:  # sealed by a key that is gone, or written by a version that is gone: no attempt will read it
            await self._over(claim, State.FAILED, "unreadable")
            return
        facts, now = payload.facts, self._now()
        if outlived(claim.kind, facts.starts_at, facts.until, now):
            await self._over(claim, State.WITHDRAWN, "too_late")
            return
        if claim.kind in STARTED_BY_US and (morning := not_at_night(now, ZoneInfo(facts.time_zone))) > now:
            await self._again(claim, morning, None)
            return
        wording = compose(claim.kind, facts, row["language"], now)
        message = Outgoing(claim.key, claim.kind, row["language"], now, contact, wording, payload.calendar)
        await self._attempt(claim, message)

    async def _attempt(self, claim: _Claim, message: Outgoing) -> None:
        handed_over = False

        async def hand_over() -> None:
            nonlocal handed_over
            if await self._database.hot.fetchval(_HAND_OVER, claim.key, claim.attempts, self._now()) is None:
                raise TakenBack
            # Only now: an error above goes through the carrier before it sends what would be accepted.
            handed_over = True

        try:
            async with asyncio.timeout(min(ATTEMPT_SECONDS, self._lease.total_seconds())):
                await self._channels[claim.channel].send(message, hand_over)
        except Refused as error:
            await self._over(claim, State.FAILED, error.error)
        except Delayed as error:
            await self._later(claim, error.error)
        except TakenBack:
            log.info("message_taken_back", key=claim.key, kind=claim.kind)
        except Exception as error:
            if handed_over:
                await self._over(claim, State.UNCONFIRMED, type(error).__name__)
            else:
                await self._later(claim, type(error).__name__)
        else:
            await self._database.hot.execute(_SENT, claim.key, claim.attempts, self._now())
            log.info("message_sent", key=claim.key, kind=claim.kind, channel=claim.channel)

    async def _later(self, claim: _Claim, error: str) -> None:
        again_at = next_attempt(claim.attempts, self._now())
        if again_at is None:
            await self._over(claim, State.FAILED, error)
        else:
            log.warning("message_delayed", key=claim.key, kind=claim.kind, channel=claim.channel, error=error, attempts=claim.attempts)
            await self._again(claim, again_at, error)

    async def _again(self, claim: _Claim, at: datetime, error: str | None) -> None:
        await self._database.hot.execute(_AGAIN, claim.key, claim.attempts, at, error)

    async def _over(self, claim: _Claim, state: State, error: str) -> None:
        log.warning("message_not_sent", key=claim.key, kind=claim.kind, channel=claim.channel, state=state, error=error)
        await self._database.hot.execute(_OVER, claim.key, claim.attempts, state, error)


def channels_of(settings: Settings) -> dict[Channel, Adapter]:
    """What the settings name; the demo's log for the rest. Raises SettingsError for an unusable address."""
    demo_log = LogChannel(settings.data_dir / FILE_NAME)
    return {
        Channel.EMAIL: SmtpChannel(settings.smtp_url, settings.mail_from) if settings.smtp_url else demo_log,
        Channel.SMS: _sms(settings.sms_url, settings.sms_token) if settings.sms_url else demo_log,
    }


def _sms(url: str, token: str | None) -> Adapter:
    # A city without a gateway does without the client that speaks to one: 2 MB in each worker.
    from queue_service.notifications.sms import SmsChannel

    return SmsChannel(url, token)
