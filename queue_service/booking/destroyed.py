"""The evidence of destruction as it is read and handed over: what, how much, why, when, where and by whom, never whose.

The columns are those that Roskomnadzor's order № 179 of 28.10.2022 asks of the record of a destruction in an information system.
Refuses to change anything: the table is only added to.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from queue_service.booking.retention import KEPT_SINCE
from queue_service.db import Pool
from queue_service.text import Text, pick

PAGE: Final = 50
EXPORT_BATCH: Final = 1_000
SYSTEM: Final[Text] = {"ru": "Электронная очередь и предварительная запись", "en": "Electronic queue and appointments"}
METHOD: Final[Text] = {
    "ru": "Стирание в базе данных без возможности восстановления",
    "en": "Erased in the database, beyond restoring",
}
CATEGORIES: Final[Mapping[str, Text]] = {
    "appointment": {"ru": "имя и контакт в записи на приём", "en": "name and contact of a booking"},
    "form": {"ru": "имя и контакт в незавершённой записи", "en": "name and contact of an unfinished form"},
    "waitlist": {"ru": "имя и контакт в листе ожидания", "en": "name and contact on the waitlist"},
    "message": {"ru": "сведения об отправленных ссылках", "en": "traces of links that were sent"},
    "contact": {"ru": "хеш контакта", "en": "hash of a contact"},
    "comment": {"ru": "комментарий сотрудника к талону", "en": "a clerk's comment on a ticket"},
    "hall_message": {"ru": "сообщение администратору зала", "en": "a message to the hall administrator"},
    "shift_note": {"ru": "примечание к смене", "en": "a note on a shift"},
    "session": {"ru": "адрес и браузер сеанса сотрудника", "en": "address and browser of a staff session"},
}
REASONS: Final[Mapping[str, Text]] = {
    "retention": {"ru": "истёк срок хранения", "en": "the retention period was over"},
    "citizen": {"ru": "требование субъекта персональных данных", "en": "the citizen's own wish"},
    "administrator": {"ru": "решение администратора", "en": "an administrator's decision"},
}
WHO: Final[Mapping[str, Text]] = {
    "system": {"ru": "автоматически", "en": "automatically"},
    "citizen": {"ru": "гражданин на странице записи", "en": "the citizen on the booking's page"},
}
HEAD: Final[Mapping[str, Sequence[str]]] = {
    "ru": (
        "Номер",
        "Дата и время уничтожения",
        "Отделение",
        "Категория уничтоженных персональных данных",
        "Количество",
        "Информационная система",
        "Причина уничтожения",
        "Способ уничтожения",
        "Кто уничтожил",
    ),
    "en": ("Number", "Destroyed at", "Office", "Category of personal data", "Count", "Information system", "Reason", "Method", "By whom"),
}


class DestructionOut(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    office: str | None
    office_name: Text | None
    time_zone: str
    category: str
    count: int
    reason: str
    actor: str


class HeldOut(msgspec.Struct, frozen=True):
    """What an office holds now."""

    office: str
    name: Text
    retention_days: int
    held: int
    due: int
    """Of them, what the next hourly look destroys."""


_READ: Final = """
SELECT destruction.id, at, office.slug AS office, office.name AS office_name, coalesce(time_zone, 'Europe/Moscow') AS time_zone,
       category, count, reason, actor
  FROM destruction LEFT JOIN office ON office.id = office_id
 WHERE ($1::int IS NULL OR office_id = $1)                         -- ix_destruction_office
   AND ($2::bigint IS NULL OR destruction.id < $2)
   AND ($3::bigint IS NULL OR destruction.id = $3)
 ORDER BY destruction.id DESC LIMIT $4
"""
_HELD: Final = f"""
SELECT office.slug AS office, office.name, office.retention_days, count(appointment.id) AS held,
       count(appointment.id) FILTER (WHERE starts_at < {KEPT_SINCE}) AS due
  FROM office LEFT JOIN appointment ON office_id = office.id AND name_sealed IS NOT NULL   -- ix_appointment_kept
 WHERE $2::int IS NULL OR office.id = $2
 GROUP BY office.id ORDER BY office.position, office.id
"""


async def destructions(pool: Pool, office_id: int | None, before: int | None = None, limit: int = PAGE) -> list[DestructionOut]:
    """The newest first; of one office, or of all."""
    return [DestructionOut(**dict(row)) for row in await pool.fetch(_READ, office_id, before, None, limit)]


async def destruction(pool: Pool, office_id: int | None, number: int) -> DestructionOut | None:
    row = await pool.fetchrow(_READ, office_id, None, number, 1)
    return DestructionOut(**dict(row)) if row else None


async def all_destructions(pool: Pool, office_id: int | None) -> AsyncIterator[DestructionOut]:
    last: int | None = None
    while page := await destructions(pool, office_id, last, EXPORT_BATCH):
        for each in page:
            yield each
        last = page[-1].id


async def held_now(pool: Pool, office_id: int | None, now: datetime) -> list[HeldOut]:
    return [HeldOut(**dict(row)) for row in await pool.fetch(_HELD, now, office_id)]


def in_words(words: Mapping[str, Text], code: str, language: str) -> str:
    """A code that nobody named is shown as it is."""
    return pick(words[code], language) if code in words else code


def row_of(each: DestructionOut, language: str) -> Sequence[object]:
    """The record's row of the file, under `HEAD`."""
    return (
        each.id,
        each.at.astimezone(ZoneInfo(each.time_zone)).strftime("%d.%m.%Y %H:%M:%S %z"),
        pick(each.office_name, language) if each.office_name else "",
        in_words(CATEGORIES, each.category, language),
        each.count,
        pick(SYSTEM, language),
        in_words(REASONS, each.reason, language),
        pick(METHOD, language),
        in_words(WHO, each.actor, language),
    )
