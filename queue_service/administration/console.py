"""`queue-service import` and `export`, for whoever has the server and no browser. Refuses to ask questions: flags say what may be lost."""

from queue_service.administration.differences import Difference
from queue_service.administration.importing import Order, Plan, export_city, import_configuration, plan
from queue_service.audit.journal import SYSTEM
from queue_service.booking.office import Booking
from queue_service.db import opened
from queue_service.timing import clock


async def export_text(url: str) -> str:
    async with opened(url) as database, database.session() as db:
        return await export_city(db)


async def import_text(url: str, text: str, *, dry_run: bool, overwrite: bool, booking: Booking | None = None) -> str:
    """What was, or would be, changed, as lines for a person. Raises ConfigurationError, SetupMoved, BadEdit, FallOut.

    Without `booking` (the command line has no keys to letters) a file that leaves people without their time is refused.
    """
    now = clock()
    async with opened(url) as database, database.session() as db:
        wish = await plan(db, text, now, to_save=not dry_run)
        if not dry_run:
            await import_configuration(db, Order(wish, overwrite), SYSTEM, now, booking)
        return _told(wish, dry_run=dry_run)


def _told(wish: Plan, *, dry_run: bool) -> str:
    if not wish.changes:
        return "Изменений нет."
    lines = [_line(each) for each in wish.changes]
    if wish.lost:
        lines.append(f"Без времени останется записей: {len(wish.lost)}.")
    return "\n".join([*lines, "Проверено, ничего не сохранено." if dry_run else "Сохранено."])


def _line(change: Difference) -> str:
    place, before, after = change
    sign = "+" if before is None else "-" if after is None else "~"
    return f"{sign} {'/'.join(place)}"
