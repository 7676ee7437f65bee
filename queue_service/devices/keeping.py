"""What has to be done now and then for devices: who was heard is written down, old codes are forgotten, alarms are counted.

Refuses to name a device or an office in a metric: a count is what a monitor needs.
"""

import asyncio
from collections import Counter
from typing import Final

import structlog
from prometheus_client import Gauge

from queue_service.db import Pool
from queue_service.devices.alarms import AlarmKind
from queue_service.devices.pairing import forget_old_pairings
from queue_service.devices.queries import alarms_now
from queue_service.devices.registry import Devices
from queue_service.timing import clock

log = structlog.get_logger(__name__)

KEEP_SECONDS: Final = 20.0
"""A sixth of the silence that raises an alarm; one statement for all devices of a worker."""
COUNTED_EVERY: Final = 3
"""Alarms are counted each minute, as often as devices report."""

ALARMS: Final = Gauge(
    "queue_devices_alarms", "Alarms of kiosks and displays that stand now, by kind.", ["alarm"], multiprocess_mode="mostrecent"
)


async def keep_devices(pool: Pool, devices: Devices) -> None:
    """Runs until cancelled; what fails now is tried again soon."""
    turn = 0
    while True:
        try:
            await devices.write_down_who_was_seen()
            await forget_old_pairings(pool, clock())
            if turn % COUNTED_EVERY == 0:
                await count_alarms(pool)
        except Exception as error:
            log.warning("devices_not_kept", error=repr(error))
        turn += 1
        await asyncio.sleep(KEEP_SECONDS)


async def count_alarms(pool: Pool) -> None:
    found = Counter(alarm.kind for alarm in await alarms_now(pool, clock()))
    for kind in AlarmKind:
        ALARMS.labels(kind.value).set(found[kind])
