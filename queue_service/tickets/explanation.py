"""Why a ticket stands where it stands, in one sentence that can be shown to the visitor, the clerk and the manager alike.

Built from what is stored with the ticket and with the call, never from a guess afterwards. Refuses to name other visitors.
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from queue_service.text import Text


def why_waiting(issued_at: datetime, due_at: datetime, zone: ZoneInfo, *, privileged: bool, booked: bool) -> Text:
    """The promise of a waiting ticket and the rule that will be applied to it."""
    issued, due = issued_at.astimezone(zone), due_at.astimezone(zone)
    ru = f"Талон выдан в {issued:%H:%M}, обещанный срок вызова — {due:%H:%M}."
    en = f"The ticket was issued at {issued:%H:%M}, the promised time of the call is {due:%H:%M}."
    if privileged:
        ru += " Вы обслуживаетесь вне очереди; среди льготных категорий — в порядке прихода."
        en += " You are served with priority; among priority visitors, in the order of arrival."
    elif booked:
        ru += " Запись даёт преимущество с назначенного времени."
        en += " A booking gives a head start from its own time on."
    ru += " Первым вызывают того, чей срок раньше; раньше срока — тех, кому преимущество даёт закон или запись."
    en += " Whoever is due first is called first; the law or a booking can bring a visitor forward."
    return {"ru": ru, "en": en}


MOST_COUNTED = 30
"""Call-next looks at 32 candidates and does not count the rest of a long queue; nobody's question needs the exact number."""

RULE_SENTENCES: dict[str, Text] = {
    "due": {"ru": "срок вызова самый ранний из ожидавших", "en": "due first of those who waited"},
    "privilege": {"ru": "обслуживание вне очереди по закону", "en": "priority given by law"},
    "booked": {"ru": "предварительная запись на это время", "en": "an appointment for this time"},
    "help_out": {"ru": "окно помогает другой услуге", "en": "the desk helps out with another service"},
    "by_hand": {"ru": "вызван вручную", "en": "called by hand"},
}


def why_called(details: dict[str, Any], due_at: datetime, zone: ZoneInfo) -> Text:
    """Why this call was next, from the details stored with it by call-next."""
    rule = RULE_SENTENCES.get(str(details.get("rule")), RULE_SENTENCES["due"])
    due = due_at.astimezone(zone)
    waiting = int(details.get("waiting", 0))
    many = waiting > MOST_COUNTED
    return {
        "ru": f"Вызван следующим: {rule['ru']} (срок {due:%H:%M}; кроме него ждали: {f'больше {MOST_COUNTED}' if many else waiting}).",
        "en": f"Called next: {rule['en']} (due {due:%H:%M}; others waiting: {f'more than {MOST_COUNTED}' if many else waiting}).",
    }
