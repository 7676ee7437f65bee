"""What administration does with a device that is there: change it, take its token away, tell it to renew it.

Each tells every process at once: the device's own socket shows its new settings, or closes. Refuses to change a device of another office.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, difference, record
from queue_service.devices.errors import DeviceMoved, NameNeeded, UnknownDevice, UnknownZone
from queue_service.devices.models import Device, DeviceKind
from queue_service.devices.rules import check_settings, settings_of
from queue_service.errors import Forbidden
from queue_service.events import access_changed, office_changed
from queue_service.offices.models import Zone

LONGEST_NAME: Final = 80
LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""The date of a token that is to be renewed now."""


@dataclass(frozen=True, slots=True)
class Look:
    """All of a device that a person sets."""

    name: str
    zone_id: int | None
    settings: Mapping[str, Any]

    def flat(self) -> dict[str, Any]:
        return {"name": self.name, "zone": self.zone_id, **self.settings}


async def own_device(db: AsyncSession, device_id: int, office_id: int | None) -> Device:
    """The device, locked. Raises UnknownDevice, and Forbidden for one of another office than the person's."""
    device = (await db.exec(select(Device).where(col(Device.id) == device_id).with_for_update())).one_or_none()
    if device is None:
        raise UnknownDevice
    if office_id is not None and device.office_id != office_id:
        raise Forbidden
    return device


def look_of(device: Device) -> Look:
    return Look(device.name, device.zone_id, settings_of(DeviceKind(device.kind), device.settings))


def checked_name(name: str) -> str:
    """Raises NameNeeded."""
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise NameNeeded
    return name


async def zone_of_office(db: AsyncSession, office_id: int, code: str | None) -> int | None:
    """The zone's id, None for the whole hall. Raises UnknownZone."""
    if not code:
        return None
    found = (await db.exec(select(Zone.id).where(col(Zone.office_id) == office_id, col(Zone.code) == code))).one_or_none()
    if found is None:
        raise UnknownZone
    return found


async def change_device(db: AsyncSession, device: Device, seen: Mapping[str, Any], wanted: Look, actor: Actor, now: datetime) -> None:
    """Raises BadSettings, DeviceMoved when something is not as it was `seen`."""
    kept = check_settings(DeviceKind(device.kind), wanted.settings)
    present = look_of(device).flat()
    moved = {name: (value, present[name]) for name, value in seen.items() if name in present and present[name] != value}
    if moved:
        raise DeviceMoved(moved)
    before, after = difference(present, {**present, "name": wanted.name, "zone": wanted.zone_id, **kept})
    if not after:
        return
    device.name, device.zone_id, device.settings = wanted.name, wanted.zone_id, {**device.settings, **kept}
    record(db, actor, Act("device.changed", f"device:{device.id}", device.office_id, before, after), now)
    await _tell(db, device)


async def revoke_device(db: AsyncSession, device: Device, actor: Actor, now: datetime) -> None:
    """Its token opens nothing from now on; its place can be taken by another device."""
    if device.revoked_at is not None:
        return
    device.revoked_at = now
    device.next_token_hash = device.old_token_hash = None
    record(db, actor, Act("device.revoked", f"device:{device.id}", device.office_id), now)
    await _tell(db, device)


async def order_renewal(db: AsyncSession, device: Device, actor: Actor, now: datetime) -> None:
    """The device asks for its next token with its next report, within a minute; the present one stops then."""
    device.token_at = LONG_AGO
    record(db, actor, Act("device.renewal_ordered", f"device:{device.id}", device.office_id), now)


async def settle_replay(db: AsyncSession, device: Device, actor: Actor, now: datetime) -> None:
    """Somebody has looked into why a copy of the token was used."""
    if device.replayed_at is None:
        return
    record(db, actor, Act("device.replay_settled", f"device:{device.id}", device.office_id, {"at": device.replayed_at.isoformat()}), now)
    device.replayed_at = None


async def _tell(db: AsyncSession, device: Device) -> None:
    """First what a token opens, then that there is something new to show."""
    await access_changed(db)
    await office_changed(db, device.office_id)
