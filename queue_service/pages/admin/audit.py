"""`/admin/audit`: who did what, when, from where and why, with what stood before and after. The file leaves a record of itself.

What is looked for comes as a form and not in the address: a login or the words of a reason may name a person. Refuses to change or to
hide anything; office people see their office's rows and no others.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.response import Stream
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.csv_form import streamed
from queue_service.audit.journal import Act, Actor, record
from queue_service.audit.queries import PAGE, RecordOut, Wanted, all_records, records
from queue_service.audit.words import SENTENCES, field_in_words, sentence, subject_in_words
from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.pages.admin.frame import Form, admin_page
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, language_of, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

CITY_ZONE: Final = "Europe/Moscow"
"""On whose clock the city's own acts are shown."""
LONGEST_FILTER: Final = 200
HEAD: Final[Mapping[str, Sequence[str]]] = {
    "ru": ("Номер", "Время", "Кто", "Откуда", "Отделение", "Действие", "Код действия", "Предмет", "Было", "Стало", "Причина"),
    "en": ("Number", "Time", "Who", "From", "Office", "Act", "Word", "Subject", "Before", "After", "Reason"),
}


class RecordsForm(msgspec.Struct, frozen=True):
    actor: str = ""
    act: str = ""
    subject: str = ""
    office: str = ""
    since: str = ""
    until: str = ""
    words: str = ""
    before: str = ""
    csrf: str = ""

    def typed(self) -> dict[str, str]:
        """The filters."""
        fields = (name for name in self.__struct_fields__ if name not in ("before", "csrf"))
        return {name: getattr(self, name).replace("\x00", "").strip()[:LONGEST_FILTER] for name in fields}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


async def _wanted(typed: Mapping[str, str], identity: Identity, catalogues: Catalogues, now: datetime) -> tuple[Wanted, str]:
    """What was asked for, and the zone whose days are meant. NotFound for an office that there is not."""
    own = await catalogues.of(identity.office_id, now) if identity.office_id is not None else None
    asked: Catalogue | None = own or (await catalogues.by_slug(typed["office"], now) if typed["office"] else None)
    zone = asked.time_zone if asked else CITY_ZONE
    since, until = _day(typed["since"]), _day(typed["until"])

    def midnight(day: date) -> datetime:
        return datetime.combine(day, datetime.min.time(), ZoneInfo(zone))

    wanted = Wanted(
        own_office=identity.office_id,
        office_id=asked.id if asked else None,
        actor=typed["actor"] or None,
        act=typed["act"] or None,
        subject=typed["subject"] or None,
        since=midnight(since) if since else None,
        until=midnight(until + timedelta(days=1)) if until and until < date.max else None,
        words=typed["words"] or None,
    )
    return wanted, zone


def cursor_of(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


@get("/admin/audit", include_in_schema=False, **for_(Right.AUDIT))
async def audit_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime) -> Response[str]:
    return await _page(request, RecordsForm(), identity, catalogues, pool, now)


@post("/admin/audit", include_in_schema=False, status_code=200, **for_(Right.AUDIT))
async def search_audit(
    request: AnyRequest,
    data: Annotated[RecordsForm, Form],
    identity: Identity,
    catalogues: Catalogues,
    pool: Pool,
    now: datetime,
) -> Response[str]:
    return await _page(request, data, identity, catalogues, pool, now)


async def _page(
    request: AnyRequest, form: RecordsForm, identity: Identity, catalogues: Catalogues, pool: Pool, now: datetime
) -> Response[str]:
    t, typed = translator_of(request), form.typed()
    wanted, zone = await _wanted(typed, identity, catalogues, now)
    found = await records(pool, wanted, cursor_of(form.before))
    offices = [] if identity.office_id is not None else await offices_of(pool, t)
    context = {
        "typed": typed,
        "offices": offices,
        "acts": _acts(t),
        "rows": [_row(each, t, zone, dict(offices[1:])) for each in found],
        "older": found[-1].id if len(found) == PAGE else None,
        "newest": bool(form.before),
    }
    return admin_page(request, "admin/audit.html", context, identity, "audit")


async def offices_of(pool: Pool, t: Translator) -> list[tuple[str, str]]:
    rows = await pool.fetch("SELECT slug, name FROM office ORDER BY position, id")
    return [("", t.gettext("All offices")), *((row["slug"], t.text(row["name"])) for row in rows)]


def _acts(t: Translator) -> list[tuple[str, str]]:
    """Every act of today, by its sentence."""
    return [("", t.gettext("All acts")), *sorted(((word, t.text(text)) for word, text in SENTENCES.items()), key=lambda each: each[1])]


def _row(each: RecordOut, t: Translator, zone: str, names: Mapping[str, str]) -> dict[str, Any]:
    fields = list({**(each.before or {}), **(each.after or {})})
    return {
        "at": each.at,
        "when": f"{each.at.astimezone(ZoneInfo(zone)):%d.%m.%Y}",
        "time": t.time(each.at, zone),
        "actor": each.actor,
        "address": each.address,
        "office": names.get(each.office or "", each.office),
        "what": sentence(each.act, t.language),
        "word": each.act,
        "subject": subject_in_words(each.subject, t.language),
        "reason": each.reason,
        "changes": [
            (field_in_words(name, t.language), _shown((each.before or {}).get(name)), _shown((each.after or {}).get(name)))
            for name in fields
        ],
    }


def _shown(value: Any) -> str:
    if value is None:
        return "—"
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


@post("/admin/audit.csv", include_in_schema=False, status_code=200, **for_(Right.AUDIT))
async def audit_csv(
    request: AnyRequest,
    data: Annotated[RecordsForm, Form],
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    db: AsyncSession,
    pool: Pool,
    now: datetime,
) -> Stream:
    """Everything that the filters want, as it is read; who took it stands in the record before the first byte."""
    typed, language = data.typed(), language_of(request)
    wanted, zone = await _wanted(typed, identity, catalogues, now)
    filters = {name: value for name, value in typed.items() if value}
    record(db, actor, Act("audit.exported", "audit:file", identity.office_id, after=filters), now)
    wanted = replace(wanted, until=min(wanted.until, now) if wanted.until else now)

    async def rows() -> AsyncIterator[Sequence[object]]:
        async for each in all_records(pool, wanted):
            yield _file_row(each, language, zone)

    return file_answer(streamed(HEAD[language], rows()), "audit", now)


def _file_row(each: RecordOut, language: str, zone: str) -> Sequence[object]:
    return (
        each.id,
        each.at.astimezone(ZoneInfo(zone)).strftime("%d.%m.%Y %H:%M:%S %z"),
        each.actor,
        each.address,
        each.office,
        sentence(each.act, language),
        each.act,
        subject_in_words(each.subject, language),
        msgspec.json.encode(each.before).decode() if each.before else None,
        msgspec.json.encode(each.after).decode() if each.after else None,
        each.reason,
    )


def file_answer(content: AsyncIterator[bytes], name: str, now: datetime) -> Stream:
    headers = {"Content-Disposition": f'attachment; filename="{name}-{now:%Y-%m-%d}.csv"', "Cache-Control": "no-store"}
    return Stream(content, media_type="text/csv", headers=headers)


HANDLERS = [audit_page, search_audit, audit_csv]
