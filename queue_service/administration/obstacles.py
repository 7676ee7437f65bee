"""What is going on in the halls now and forbids a change: a clerk at the desk, people waiting for the service, a display in the zone.

The city file's rules cannot know it. Refuses to end anybody's work: the administrator does that first, where they can see it.
"""

from collections.abc import AsyncIterator

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.places import Place
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Catalogue, Configuration
from queue_service.text import Text

Obstacle = tuple[Place, Text]

_AT_DESK = """
SELECT desk.number FROM shift JOIN desk ON desk.id = desk_id JOIN office ON office.id = desk.office_id     -- ix_shift_open
 WHERE office.slug = :slug AND closed_at IS NULL AND desk.number = ANY (:gone)
"""
_WAITING = """
SELECT service.code, count(*) AS waiting FROM ticket JOIN service ON service.id = service_id JOIN office ON office.id = service.office_id
 WHERE office.slug = :slug AND state IN ('waiting', 'postponed') AND service.code = ANY (:gone)
 GROUP BY service.code
"""
_SHOWN = """
SELECT zone.code FROM device JOIN zone ON zone.id = zone_id JOIN office ON office.id = zone.office_id
 WHERE office.slug = :slug AND revoked_at IS NULL AND zone.code = ANY (:gone)
"""
_ALIVE = """
SELECT EXISTS (SELECT FROM shift WHERE office_id = office.id AND closed_at IS NULL) AS staffed,
       (SELECT count(*) FROM appointment WHERE office_id = office.id AND state = 'booked' AND starts_at > now()) AS booked
  FROM office WHERE slug = :slug
"""


async def obstacles(db: AsyncSession, before: Configuration, after: Configuration) -> list[Obstacle]:
    """Everything in the way, as place and sentence."""
    then = {office.slug: office for office in after.offices}
    found: list[Obstacle] = []
    for office in before.offices:
        wanted = then.get(office.slug)
        if wanted is None:
            sentence = {"ru": "Отделение не удаляют: скройте его.", "en": "An office is not removed: hide it."}
            found.append((("offices", office.slug), sentence))
        else:
            found += [each async for each in _in_office(db, office, wanted, (before.catalogue, after.catalogue))]
    return found


async def _in_office(
    db: AsyncSession, before: file.Office, after: file.Office, catalogues: tuple[Catalogue, Catalogue]
) -> AsyncIterator[Obstacle]:
    place: Place = ("offices", before.slug)
    connection = await db.connection()

    async def rows(statement: str, was: list[str], stays: list[str]) -> list[tuple[str, int]]:
        gone = sorted(set(was) - set(stays))
        found = await connection.execute(text(statement), {"slug": before.slug, "gone": gone}) if gone else ()
        return [tuple(row) for row in found]

    for number, *_ in await rows(_AT_DESK, [desk.number for desk in before.desks], [desk.number for desk in after.desks]):
        yield (*place, "desks", number), told_of_desk(number)
    for code, waiting in await rows(_WAITING, before.offered(catalogues[0]), after.offered(catalogues[1])):
        yield (*place, "services", code), told_of_service(waiting)
    for code, *_ in await rows(_SHOWN, [zone.code for zone in before.zones], [zone.code for zone in after.zones]):
        sentence = {
            "ru": "На эту зону настроено табло. Сначала смените зону табло.",
            "en": "A display is set to this zone. Please change the display's zone first.",
        }
        yield (*place, "zones", code), sentence
    if before.active and not after.active:
        row = (await connection.execute(text(_ALIVE), {"slug": before.slug})).one()
        if row.staffed or row.booked:
            yield (*place, "active"), told_of_office(row.booked)


def told_of_desk(number: str) -> Text:
    return {
        "ru": f"За окном {number} идёт смена. Сначала закройте окно.",
        "en": f"A clerk is at desk {number}. Please close the desk first.",
    }


def told_of_service(waiting: int) -> Text:
    return {
        "ru": f"Эту услугу ждут: талонов {waiting}. Сначала примите или перенаправьте их.",
        "en": f"Visitors wait for this service: {waiting}. Please serve or transfer them first.",
    }


def told_of_office(booked: int) -> Text:
    return {
        "ru": f"Отделение работает: открыты окна или есть записи ({booked}). Сначала закройте окна и дни записи.",
        "en": f"The office is at work: desks are open or there are bookings ({booked}). Please close the desks and the days first.",
    }
