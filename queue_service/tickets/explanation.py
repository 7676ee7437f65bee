"""Why a ticket stands where it stands and why another one was called, in sentences for the visitor, the clerk and the manager alike.

Built from what is stored with the ticket and with the call, never from a guess afterwards. What a desk takes is not stored with a call:
it is asked only where the stored numbers alone say that the desk could not have called the ticket. Refuses to name other visitors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from queue_service.offices.catalogue import DeskInfo
from queue_service.text import Text
from queue_service.tickets.rules import Claim, Rank, State, order_key


def why_waiting(issued_at: datetime, due_at: datetime, zone: ZoneInfo, *, privileged: bool, booked: bool) -> Text:
    """The promise of a waiting ticket and the rule that will be applied to it."""
    issued, due = f"{issued_at.astimezone(zone):%H:%M}", f"{due_at.astimezone(zone):%H:%M}"
    ru = f"Талон выдан в {issued}, обещанный срок вызова — {due}."
    en = f"The ticket was issued at {issued}, the promised time of the call is {due}."
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
    "directed": {"ru": "направлен сюда сотрудником", "en": "sent here by a colleague"},
    "postponed": {"ru": "отложенный посетитель вернулся", "en": "a postponed visitor is back"},
    "came_back": {"ru": "посетитель пропустил вызов и вернулся", "en": "the visitor missed a call and came back"},
    "by_hand": {"ru": "вызван вручную", "en": "called by hand"},
    "moved": {"ru": "поставлен первым администратором зала", "en": "put first by the hall administrator"},
}
"""`moved` is what `by_hand` means where call-next says it: the place was changed by hand, not the call."""


def was_picked(details: Mapping[str, Any]) -> bool:
    """Whether a clerk called this very ticket, whoever else waited; call-next gives no reason, a clerk must."""
    rule = details.get("rule")
    return rule in ("postponed", "came_back") or (rule == "by_hand" and bool(details.get("reason")))


def why_called(details: Mapping[str, Any], due_at: datetime, zone: ZoneInfo) -> Text:
    """Why this call was next, from the details stored with it."""
    rule, reason, picked = str(details.get("rule")), details.get("reason"), was_picked(details)
    said = RULE_SENTENCES.get("moved" if rule == "by_hand" and not picked else rule, RULE_SENTENCES["due"])
    due = due_at.astimezone(zone)
    waiting = int(details.get("waiting", 0))
    many = waiting > MOST_COUNTED
    ru, en = said["ru"], said["en"]
    if reason:
        ru, en = f"{ru}, причина: «{reason}»", f"{en}, reason: “{reason}”"
    return {
        "ru": f"{'Вызван вне очереди' if picked else 'Вызван следующим'}: {ru}"
        f" (срок {due:%H:%M}; кроме него ждали: {f'больше {MOST_COUNTED}' if many else waiting}).",
        "en": f"{'Called out of turn' if picked else 'Called next'}: {en}"
        f" (due {due:%H:%M}; others waiting: {f'more than {MOST_COUNTED}' if many else waiting}).",
    }


class Answer(StrEnum):
    """What decided between a call and a ticket that waited; each has its sentence."""

    OWN = "own"
    """It was this ticket's call."""
    NOT_WAITING = "not_waiting"
    PICKED = "picked"
    """A clerk called it by hand, with a reason."""
    MOVED = "moved"
    """The hall administrator had put it first."""
    POSTPONED = "postponed"
    CAME_BACK = "came_back"
    DUE = "due"
    PRIVILEGE = "privilege"
    BOOKED = "booked"
    DIRECTED = "directed"
    HELPS_THEM = "helps_them"
    """The desk helps out with the called ticket's service, and it came first all the same."""
    HELPS_US = "helps_us"
    """The desk helps out with this ticket's service, and calls for its own ones first."""
    NOT_ITS_SERVICE = "not_its_service"
    SENT_ELSEWHERE = "sent_elsewhere"
    NEEDS_ACCESS = "needs_access"
    OUT_OF_REACH = "out_of_reach"
    """Another desk was taking this ticket at the same moment, or the desk took other services then."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as the journal has it."""

    event_id: int
    ticket_id: int
    number: str
    at: datetime
    desk_id: int
    clerk_id: int
    rule: str
    key: datetime
    due_at: datetime
    picked: bool
    """A clerk called this very ticket, whoever else waited."""
    reason: str | None
    """Why a person changed the order: of the clerk who called by hand, or of the administrator who put the ticket first."""
    booked_for: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The ticket that asks, as it stood when the call was made."""

    state: State
    rank: Rank
    claim: Claim


@dataclass(frozen=True, slots=True)
class Office:
    """What of the set-up the comparison needs."""

    zone: ZoneInfo
    help_out_penalty: timedelta
    accessible_needs: frozenset[str]

    def clock(self, moment: datetime) -> str:
        return f"{moment.astimezone(self.zone):%H:%M}"


def compare(call: Call, mine_id: int, mine: Standing, desk: DeskInfo | None, office: Office) -> tuple[Answer, Text]:
    """Why this call and not `mine_id`: the first of these that is true.

    It was its own call; it was not waiting; a person decided; the called one came first in the order; the desk could not call it.
    """
    if call.ticket_id == mine_id:
        return Answer.OWN, {"ru": "Это ваш талон.", "en": "This is your ticket."}
    if mine.state is not State.WAITING:
        return Answer.NOT_WAITING, NOT_WAITING[mine.state]
    by_person = _by_person(call)
    if by_person is not None:
        return by_person
    number = desk.number if desk else "—"
    if (call.key, call.ticket_id) < (order_key(mine.rank, call.at, timedelta()), mine_id):
        return _came_first(call, mine, number, office)
    return _could_not(call, mine_id, mine, desk, office)


NOT_WAITING: dict[State, Text] = {
    State.CALLED: {"ru": "Вас в это время уже вызвали.", "en": "You had been called already at that time."},
    State.SERVING: {"ru": "Вас в это время уже принимали.", "en": "You were being served at that time."},
    State.POSTPONED: {"ru": "Ваш талон в это время был отложен.", "en": "Your ticket was postponed at that time."},
    State.NO_SHOW: {"ru": "Ваш вызов перед этим остался без ответа.", "en": "Your own call before that had not been answered."},
    State.SERVED: {"ru": "Ваш визит к этому времени завершился.", "en": "Your visit was over by then."},
    State.LEFT: {"ru": "Вы к этому времени вышли из очереди.", "en": "You had left the queue by then."},
    State.EXPIRED: {"ru": "Ваш талон к этому времени истёк.", "en": "Your ticket had expired by then."},
}


def _by_person(call: Call) -> tuple[Answer, Text] | None:
    if call.rule == "postponed":
        return Answer.POSTPONED, {
            "ru": "Этот посетитель уже был у окна, его талон отложили; он вернулся и вызван без новой очереди.",
            "en": "This visitor had been at a desk and was postponed; back again, they do not queue anew.",
        }
    if call.rule == "came_back":
        return Answer.CAME_BACK, {
            "ru": "Этот посетитель пропустил свой вызов, вернулся вовремя и вызван снова.",
            "en": "This visitor missed a call, came back in time and was called again.",
        }
    if call.picked:
        return Answer.PICKED, {
            "ru": f"Сотрудник вызвал этот талон вручную. Причина: «{call.reason}».",
            "en": f"The clerk called this ticket by hand. Reason: “{call.reason}”.",
        }
    return None


def _came_first(call: Call, mine: Standing, number: str, office: Office) -> tuple[Answer, Text]:
    """The called ticket stood before this one: its own rule says by which right."""
    if call.rule == "by_hand" and call.key != call.due_at:
        because = (f" Причина: «{call.reason}».", f" Reason: “{call.reason}”.") if call.reason else ("", "")
        return Answer.MOVED, {
            "ru": f"Администратор зала поставил этот талон первым.{because[0]}",
            "en": f"The hall administrator put this ticket first.{because[1]}",
        }
    if call.rule == "privilege":
        both = mine.rank.rank_at < mine.rank.due_at and mine.rank.rank_from <= call.at
        return Answer.PRIVILEGE, {
            "ru": "Обслуживается вне очереди по закону" + ("; преимущество есть и у вас, но этот талон раньше." if both else "."),
            "en": "Priority given by law" + ("; you have a head start as well, but this ticket comes earlier." if both else "."),
        }
    if call.rule == "booked":
        at = office.clock(call.booked_for) if call.booked_for else None
        return Answer.BOOKED, {
            "ru": f"Вызван по предварительной записи на {at}." if at else "Вызван по предварительной записи.",
            "en": f"Called for an appointment at {at}." if at else "Called for an appointment.",
        }
    earlier = _earlier(call, mine, office)
    if call.rule == "directed":
        return Answer.DIRECTED, {
            "ru": f"Этого посетителя в окно {number} направил другой сотрудник; {earlier['ru']}.",
            "en": f"This visitor was sent to desk {number} by another clerk; {earlier['en']}.",
        }
    if call.rule == "help_out":
        return Answer.HELPS_THEM, {
            "ru": f"Окно {number} помогает с услугой этого талона; {earlier['ru']}.",
            "en": f"Desk {number} helps out with this ticket's service; {earlier['en']}.",
        }
    return Answer.DUE, {lang: f"{sentence[0].upper()}{sentence[1:]}." for lang, sentence in earlier.items()}


def _earlier(call: Call, mine: Standing, office: Office) -> Text:
    """In what the called ticket is earlier, with both times where they differ on the clock."""
    theirs, ours = office.clock(call.due_at), office.clock(mine.rank.due_at)
    if call.due_at > mine.rank.due_at:
        return {"ru": "у него преимущество перед общей очередью", "en": "it has a head start"}
    if theirs != ours:
        return {"ru": f"его срок вызова раньше: {theirs}, ваш — {ours}", "en": f"it was due earlier: {theirs}, yours {ours}"}
    if call.due_at < mine.rank.due_at:
        return {"ru": f"срок вызова у обоих {ours}, но его — на секунды раньше", "en": f"both are due at {ours}, it some seconds earlier"}
    return {"ru": f"срок вызова у обоих {ours}, но его талон взят раньше", "en": f"both are due at {ours}, but it was taken earlier"}


def _could_not(call: Call, mine_id: int, mine: Standing, desk: DeskInfo | None, office: Office) -> tuple[Answer, Text]:
    """This ticket stood before the called one, so the desk could not call it, or had to call for its own services first."""
    number, claim = (desk.number if desk else "—"), mine.claim
    if claim.for_desk_id not in (None, call.desk_id) or claim.for_clerk_id not in (None, call.clerk_id):
        return Answer.SENT_ELSEWHERE, {
            "ru": "Ваш талон ждёт другого окна: туда вас направил сотрудник.",
            "en": "Your ticket waits for another desk, where a clerk has sent you.",
        }
    sent_here = claim.for_desk_id is not None or claim.for_clerk_id is not None
    if desk is not None and not sent_here and claim.service_id not in desk.services | desk.help_out:
        return Answer.NOT_ITS_SERVICE, {
            "ru": f"Окно {number} не принимает по вашей услуге.",
            "en": f"Desk {number} does not take your service.",
        }
    if desk is not None and not sent_here and not desk.accessible and claim.needs & office.accessible_needs:
        return Answer.NEEDS_ACCESS, {
            "ru": f"Ваш талон ждёт доступного окна; окно {number} не такое.",
            "en": f"Your ticket waits for an accessible desk, and desk {number} is not one.",
        }
    with_penalty = order_key(mine.rank, call.at, office.help_out_penalty)
    if desk is not None and claim.service_id in desk.help_out and (call.key, call.ticket_id) < (with_penalty, mine_id):
        return Answer.HELPS_US, {
            "ru": f"Окно {number} с вашей услугой только помогает: сначала оно вызывает по своим.",
            "en": f"Desk {number} only helps out with your service: it calls for its own ones first.",
        }
    return Answer.OUT_OF_REACH, {
        "ru": f"Окно {number} в этот момент не могло вызвать ваш талон.",
        "en": f"Desk {number} could not call your ticket at that moment.",
    }
