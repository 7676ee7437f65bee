"""Adding to the record, in the transaction of the act: an act without its record cannot be committed.

Refuses names, contacts, passwords and tokens: subjects are ids and codes, and whoever records an access to personal data says whose
it was by the booking's id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.models import AuditRecord


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where."""

    login: str
    account_id: int | None = None
    address: str | None = None


SYSTEM = Actor("system")
"""Housekeeping and the command line."""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done: a dotted word, on what, and what stood before and after."""

    word: str
    subject: str
    office_id: int | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    reason: str | None = None


def record(db: AsyncSession, actor: Actor, act: Act, now: datetime) -> None:
    """Stands with the caller's commit, or falls with it."""
    db.add(
        AuditRecord(
            at=now,
            actor_id=actor.account_id,
            actor=actor.login,
            address=actor.address,
            office_id=act.office_id,
            act=act.word,
            subject=act.subject,
            before=dict(act.before) if act.before is not None else None,
            after=dict(act.after) if act.after is not None else None,
            reason=act.reason,
        )
    )


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Only what differs, on both sides: what a record keeps of a long form."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return {name: before.get(name) for name in names}, {name: after.get(name) for name in names}
