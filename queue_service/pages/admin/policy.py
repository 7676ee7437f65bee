"""The office's rules for its head and for the city, without JavaScript: change, look at what it would have done to last week's waits, save.

Refuses to save a change of the queue that was not looked at: the button for it comes with the figures of exactly this change. The
other rules (`other_rules`) change nobody's place, so they are saved at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.booking.office import Booking
from queue_service.errors import DomainError
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.offices.policy import (
    OFFICE_FORMS,
    SERVICE_FORMS,
    BadPolicy,
    PastChange,
    PolicyMoved,
    Values,
    change_policy,
    check,
    form_of,
    latest_changes,
    present_policy,
)
from queue_service.pages.admin.forms import Typed
from queue_service.pages.admin.frame import admin_page, office_path
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, office_head, page, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.statistics.replay import Group, Waits
from queue_service.statistics.what_if import Beside, WhatIf, rules_with, what_if

LABELS: Mapping[str, str] = {
    "privilege_head_start_minutes": "Out of turn: called earlier than the due time by, minutes",
    "booked_head_start_minutes": "Booked: called earlier than the due time by, minutes",
    "late_grace_minutes": "A booked visitor is late after, minutes",
    "help_out_penalty_minutes": "A desk helps out with what waits longer by, minutes",
    "no_show_min_calls": "Calls before a no-show",
    "no_show_min_seconds": "Seconds before a no-show",
    "return_limit_minutes": "After a no-show the ticket can come back within, minutes",
    "auto_call_seconds": "A free desk calls by itself after, seconds",
    "amber_minutes": "A ticket turns yellow before its due time by, minutes",
    "wait_norm_minutes": "Norm without booking, minutes",
    "booking_norm_minutes": "Norm with booking, minutes",
    "daily_limit": "Tickets a day",
}
DECIDES = ("privilege_head_start_minutes", "booked_head_start_minutes", "late_grace_minutes", "help_out_penalty_minutes")
"""Who is next; the other rules of the office leave the order as it is."""
GROUP_NAMES = {Group.ORDINARY: "Ordinary queue", Group.PRIVILEGED: "Out of turn", Group.BOOKED: "By booking"}
NOT_LOOKED_AT = "This change has not been shown yet. Look at what it would do, then save."
NO_CHANGE = "Nothing is changed."


@dataclass(frozen=True, slots=True)
class Where:
    """Which of its two places the editor stands in: the workplace of the head, or administration."""

    path: str
    in_administration: bool


@get("/admin/offices/{office:str}/policy", include_in_schema=False, **for_(Right.POLICY))
async def office_policy_page(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    return await present_page(request, identity, catalogue, db, _in_administration(catalogue))


@post("/admin/offices/{office:str}/policy", include_in_schema=False, status_code=200, **for_(Right.POLICY))
async def change_office_policy(
    request: AnyRequest, office: str, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    catalogue = await booking.catalogues.by_slug(office, now)
    return await change_page(request, (identity, actor), catalogue, (db, booking), _in_administration(catalogue), now)


def _in_administration(catalogue: Catalogue) -> Where:
    return Where(f"{office_path(catalogue)}/policy", in_administration=True)


async def present_page(request: AnyRequest, identity: Identity, catalogue: Catalogue, db: AsyncSession, where: Where) -> Response[str]:
    """What stands."""
    present = await present_policy(db, catalogue.id)
    typed = {name: _typed(value) for name, value in present.items()}
    shown = _Shown(where, present, typed, saved=bool(request.query_params.get("saved")))
    return _policy_page(request, identity, catalogue, shown, await latest_changes(db, catalogue.id))


async def change_page(
    request: AnyRequest,
    who: tuple[Identity, Actor],
    catalogue: Catalogue,
    means: tuple[AsyncSession, Booking],
    where: Where,
    now: datetime,
) -> Response[str] | Redirect:
    """Shows what the typed change would do, or saves the one that was looked at."""
    (identity, actor), (db, booking) = who, means
    data, present = await Typed.of(request), await present_policy(db, catalogue.id)
    shown = _Shown(where, present, {name: data.line(name) if name in data else _typed(value) for name, value in present.items()})
    seen = {name: _number(data.line(f"was.{name}")) for name in present if f"was.{name}" in data}
    try:
        wanted = _read(present, shown.typed)
        check(wanted)
    except BadPolicy as error:
        shown.error, shown.wrong = error, error.places
        return _policy_page(request, identity, catalogue, shown, await latest_changes(db, catalogue.id))
    _respect(shown, wanted, seen)
    save = data.line("do") == "save" and bool(shown.changed)
    if not shown.moved and save and data.line("looked_at") == _in_short(present, shown.changed):
        try:
            async with db.begin_nested():
                await _save(db, actor, identity, catalogue, (present, wanted), now)
        except PolicyMoved as error:
            # Between our reading and our lock; the next page begins with what stands now.
            shown.error, shown.moved, shown.present = error, error.changed, await present_policy(db, catalogue.id)
            return _policy_page(request, identity, catalogue, shown, await latest_changes(db, catalogue.id))
        return Redirect(f"{where.path}?saved=1", status_code=HTTP_303_SEE_OTHER)
    if save and not shown.moved:
        shown.note = NOT_LOOKED_AT
    if shown.changed:
        shown.effect = await what_if(booking.pool, catalogue, rules_with(catalogue, present), rules_with(catalogue, wanted), now)
    else:
        shown.note = NO_CHANGE
    return _policy_page(request, identity, catalogue, shown, await latest_changes(db, catalogue.id))


def _respect(shown: "_Shown", wanted: dict[str, int | None], seen: Values) -> None:
    """What others saved meanwhile stands where it was not touched here, and is told in any case."""
    present = shown.present
    moved = {name: (value, present[name]) for name, value in seen.items() if present[name] != value}
    for name in moved:
        if wanted[name] == seen[name]:
            wanted[name] = present[name]
            shown.typed[name] = _typed(present[name])
    shown.changed = {name: value for name, value in wanted.items() if value != present[name]}
    if moved:
        shown.error, shown.moved = PolicyMoved(moved), moved


async def _save(
    db: AsyncSession, actor: Actor, identity: Identity, catalogue: Catalogue, change: tuple[Values, Values], now: datetime
) -> None:
    made = await change_policy(db, catalogue.id, identity.account_id, *change, now)
    if made is not None:
        act = Act("policy.changed", f"office:{catalogue.slug}", catalogue.id, before=made.before, after=made.after)
        record(db, actor, act, now)


class _Shown:
    """What the page says besides what it always says."""

    def __init__(self, where: Where, present: Values, typed: dict[str, str], *, saved: bool = False) -> None:
        self.where = where
        self.present = present
        self.typed = typed
        self.saved = saved
        self.changed: dict[str, int | None] = {}
        self.wrong: Mapping[str, Any] = {}
        self.moved: Mapping[str, tuple[int | None, int | None]] = {}
        self.effect: WhatIf | None = None
        self.error: DomainError | None = None
        self.note: str | None = None


def _typed(value: int | None) -> str:
    return "" if value is None else str(value)


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _read(present: Values, typed: Mapping[str, str]) -> dict[str, int | None]:
    """The numbers that were typed; BadPolicy for what is none."""
    values = {name: _number(typed[name]) for name in present}
    wrong = {name: form_of(name).sentence for name, value in values.items() if value is None and typed[name]}
    if wrong:
        raise BadPolicy({**wrong, **{name: form_of(name).sentence for name, value in values.items() if not form_of(name).admits(value)}})
    return values


def _in_short(present: Values, changed: Values) -> str:
    """The change in one line: what was looked at is what is saved."""
    return ";".join(f"{name}:{_typed(present[name])}>{_typed(value)}" for name, value in sorted(changed.items()))


def _policy_page(request: AnyRequest, identity: Identity, catalogue: Catalogue, shown: _Shown, past: list[PastChange]) -> Response[str]:
    t = translator_of(request)
    services = [each for each in catalogue.services.values() if f"{each.code}.daily_limit" in shown.present]
    error = shown.error
    context = {
        "action": shown.where.path,
        "account": {"name": identity.name},
        "zone": catalogue.time_zone,
        "order": [_field(t, shown, name, name) for name in DECIDES],
        "hall": [_field(t, shown, name, name) for name in OFFICE_FORMS if name not in DECIDES],
        "columns": [t.gettext(LABELS[name]) for name in SERVICE_FORMS],
        "services": [
            {"name": each.name, "letter": each.letter, "fields": [_field(t, shown, f"{each.code}.{name}", name) for name in SERVICE_FORMS]}
            for each in services
        ],
        "error": t.text(error.text) if error else None,
        "moved": [_line(t, catalogue, name, *both) for name, both in shown.moved.items()],
        "note": t.gettext(shown.note) if shown.note else None,
        "saved": shown.saved,
        "changes": [_line(t, catalogue, name, shown.present[name], value) for name, value in shown.changed.items()],
        "looked_at": _in_short(shown.present, shown.changed) if shown.effect else "",
        "effect": _effect(t, shown.effect) if shown.effect else None,
        "past": [
            {"at": each.at, "by": each.by, "lines": [_line(t, catalogue, name, each.before[name], each.after[name]) for name in each.after]}
            for each in past
        ],
        "now": past[0].at if past else None,
    }
    status = error.status if error else 200
    if shown.where.in_administration:
        return admin_page(request, "admin/policy.html", context, identity, "policy", catalogue, status)
    return page(request, "desk/policy.html", context, office_head(catalogue), status_code=status)


def _field(t: Translator, shown: _Shown, name: str, rule: str) -> dict[str, Any]:
    form = form_of(name)
    return {
        "name": name,
        "label": t.gettext(LABELS[rule]),
        "value": shown.typed[name],
        "was": _typed(shown.present[name]),
        "low": form.low,
        "high": form.high,
        "optional": form.optional,
        "error": t.text(shown.wrong[name]) if name in shown.wrong else None,
        "changed": name in shown.changed,
    }


def _line(t: Translator, catalogue: Catalogue, name: str, before: int | None, after: int | None) -> dict[str, str]:
    code, _, rule = name.rpartition(".")
    what = t.gettext(LABELS[rule]) if rule in LABELS else rule
    service = catalogue.services.get(code)
    return {
        "what": f"{t.text(service.name)}: {what}" if service else what,
        "before": t.gettext("none") if before is None else str(before),
        "after": t.gettext("none") if after is None else str(after),
    }


def _effect(t: Translator, effect: WhatIf) -> dict[str, Any]:
    return {
        "first": effect.first_day,
        "last": effect.last_day,
        "nobody": effect.nobody_came,
        "groups": [_row(t, t.gettext(GROUP_NAMES[group]), beside, group) for group, beside in effect.groups.items()],
        "services": [_row(t, t.text(name), beside) for name, beside in effect.service_groups],
        "turned_away": effect.turned_away,
        "uncalled": effect.uncalled,
    }


def _row(t: Translator, name: str, beside: Beside, group: Group | None = None) -> dict[str, Any]:
    return {
        "group": group,
        "name": name,
        "visitors": beside.then.visitors,
        "figures": [_figure(shown, now, then) for shown, now, then in _figures(t, beside)],
    }


def _figure(shown: tuple[str, str], now: float | None, then: float | None) -> dict[str, Any]:
    same = now is None or then is None or shown[0] == shown[1]
    return {"now": shown[0], "then": shown[1], "mark": None if same else "better" if (then or 0) < (now or 0) else "worse"}


def _figures(t: Translator, beside: Beside) -> list[tuple[tuple[str, str], float | None, float | None]]:
    """The median, nine of ten, and the share after the norm: as they are shown now and then, and as numbers."""

    def three(waits: Waits) -> list[tuple[str, float | None]]:
        if not waits.visitors:
            return [("—", None)] * 3
        minutes = [(t.decimal(value), value) for value in (waits.median, waits.nine_of_ten)]
        return [*minutes, (f"{round(100 * waits.after_norm)} %", waits.after_norm)]

    return [((now, then), before, after) for (now, before), (then, after) in zip(three(beside.now), three(beside.then), strict=True)]


HANDLERS = [office_policy_page, change_office_policy]
