"""What people, and not the rule, decided about the order of a day: who, when, what, and why. For the administrator and the manager.

Read from the journal of tickets and never kept a second time. Refuses what the rule did by itself, and the names of visitors.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue
from queue_service.text import Text, pick
from queue_service.tickets.models import label

_ACTS = """
SELECT event.id, event.at, event.kind, ticket.id AS ticket_id, ticket.letter, ticket.number, ticket.service_id,
       account.name AS who, event.desk_id, event.details
  FROM ticket                                                       -- uq_ticket_number
  JOIN ticket_event AS event ON event.ticket_id = ticket.id         -- ix_ticket_event_ticket
  LEFT JOIN account ON account.id = coalesce((event.details ->> 'account')::int, event.clerk_id)
 WHERE ticket.office_id = $1 AND ticket.local_date = $2
   AND (event.kind IN ('reordered', 'privilege_changed', 'privilege_refused', 'needs_changed', 'inaccurate')
        OR event.kind = 'called' AND event.details ->> 'rule' = 'by_hand' AND event.details ->> 'reason' IS NOT NULL
        OR event.kind = 'postponed' AND event.clerk_id IS NOT NULL
        OR event.kind IN ('resumed', 'left', 'finished', 'returned') AND event.details ->> 'by' = 'staff'
        OR event.kind = 'came_back' AND event.clerk_id IS NOT NULL AND event.desk_id IS NULL)
 ORDER BY event.id DESC
 LIMIT $3
"""
MOST_ACTS = 1_000
"""A day has some dozens; a thousand acts by hand are a question for the manager and not for a longer list."""

SENTENCES: Mapping[str, Text] = {
    "reordered": {"ru": "поставлен первым", "en": "put first"},
    "called": {"ru": "вызван вне порядка", "en": "called out of order"},
    "privilege_changed": {"ru": "изменена льгота", "en": "priority changed"},
    "privilege_refused": {"ru": "льгота не подтверждена", "en": "priority not confirmed"},
    "needs_changed": {"ru": "изменены особые потребности", "en": "special needs changed"},
    "inaccurate": {"ru": "время отмечено как неточное", "en": "times marked as inaccurate"},
    "postponed": {"ru": "отложен", "en": "set aside"},
    "resumed": {"ru": "возвращён в очередь", "en": "returned to the queue"},
    "came_back": {"ru": "восстановлен после неявки", "en": "brought back after a no-show"},
    "left": {"ru": "снят с очереди", "en": "taken out of the queue"},
    "finished": {"ru": "обслуживание завершено за сотрудника", "en": "visit ended for the clerk"},
    "returned": {"ru": "возвращён в очередь: окно закрыто", "en": "returned to the queue: the desk was closed"},
}
NEEDS: Mapping[str, Text] = {
    "low_vision": {"ru": "плохо видит", "en": "low vision"},
    "hearing": {"ru": "плохо слышит", "en": "hard of hearing"},
    "wheelchair": {"ru": "на коляске", "en": "wheelchair"},
}
NONE: Text = {"ru": "нет", "en": "none"}


class ActOut(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    kind: str
    what: Text
    ticket: int
    number: str
    service: str
    who: str | None
    desk: str | None
    reason: Text | None
    change: Text | None
    """From what to what, where something was changed."""


async def acts_of_day(pool: Pool, catalogue: Catalogue, day: date) -> list[ActOut]:
    """The newest first."""
    rows = await pool.fetch(_ACTS, catalogue.id, day, MOST_ACTS)
    acts = []
    for row in rows:
        desk, details = catalogue.desks_by_id.get(row["desk_id"] or 0), row["details"]
        acts.append(
            ActOut(
                id=row["id"],
                at=row["at"],
                kind=row["kind"],
                what=SENTENCES[row["kind"]],
                ticket=row["ticket_id"],
                number=label(row["letter"], row["number"]),
                service=catalogue.services_by_id[row["service_id"]].code,
                who=row["who"],
                desk=desk.number if desk else None,
                reason=_reason(catalogue, row["kind"], details),
                change=_change(catalogue, row["kind"], details),
            )
        )
    return acts


def _reason(catalogue: Catalogue, kind: str, details: Mapping[str, Any]) -> Text | None:
    reason = details.get("reason")
    if reason is None:
        return None
    return catalogue.policy.postpone_reasons.get(reason, {"ru": reason}) if kind == "postponed" else {"ru": str(reason)}


def _change(catalogue: Catalogue, kind: str, details: Mapping[str, Any]) -> Text | None:
    def both(before: Text, after: Text) -> Text:
        return {"ru": f"{before['ru']} → {after['ru']}", "en": f"{pick(before, 'en')} → {pick(after, 'en')}"}

    def needs(codes: Sequence[str]) -> Text:
        named = [NEEDS.get(code, {"ru": code}) for code in codes]
        return {"ru": ", ".join(each["ru"] for each in named), "en": ", ".join(pick(each, "en") for each in named)} if named else NONE

    def privilege(code: str | None) -> Text:
        info = catalogue.privileges.get(code or "")
        return info.name if info else {"ru": code} if code else NONE

    if kind == "needs_changed":
        return both(needs(details["before"]), needs(details["after"]))
    if kind == "privilege_changed":
        return both(privilege(details["before"]), privilege(details["after"]))
    return None
