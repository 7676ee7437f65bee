"""The whole set-up as one file: out, looked at, and in again. Refuses to save a file that nobody has seen the effect of: an upload only
shows what would change, and the next step saves exactly that text."""

from datetime import datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.datastructures import UploadFile
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.api import decoded, handed_out
from queue_service.administration.errors import BadEdit, FallOut
from queue_service.administration.importing import Order, Plan, SetupMoved, import_configuration, plan
from queue_service.audit.journal import Actor
from queue_service.booking.office import Booking
from queue_service.errors import DomainError
from queue_service.limits.bodies import CONFIGURATION_LIMIT_BYTES
from queue_service.offices.catalogue import Catalogues
from queue_service.offices.configuration import ConfigurationError
from queue_service.pages.admin.forms import spoken
from queue_service.pages.admin.frame import admin_page
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, language_of, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

FORM_LIMIT_BYTES: Final = CONFIGURATION_LIMIT_BYTES + 64 * 1024
"""The file and what a form puts around it."""
SHOWN: Final = 200
"""Lines of changes: more are counted, because nobody reads them."""
LONGEST_SHOWN: Final = 160
"""Characters of one value."""


@get("/admin/configuration", include_in_schema=False, **for_(Right.CITY))
async def configuration_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, now: datetime) -> Response[str]:
    return await _page(request, identity, catalogues, now)


@get("/admin/configuration/file", include_in_schema=False, **for_(Right.CITY))
async def download(db: AsyncSession, actor: Actor, now: datetime) -> Response[str]:
    return await handed_out(db, actor, now)


@get("/admin/offices/{office:str}/configuration", include_in_schema=False, **for_(Right.SEE_SETUP))
async def download_office(office: str, db: AsyncSession, actor: Actor, now: datetime) -> Response[str]:
    return await handed_out(db, actor, now, office)


@post("/admin/configuration", include_in_schema=False, status_code=200, request_max_body_size=FORM_LIMIT_BYTES, **for_(Right.CITY))
async def upload(
    request: AnyRequest, identity: Identity, actor: Actor, booking: Booking, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    """Without `save` a look at what the file would do; with it, the same text is saved."""
    form = await request.form()
    file, save = form.get("file"), bool(form.get("save"))
    context: dict[str, Any] = {"overwrite": bool(form.get("overwrite")), "accept": bool(form.get("accept"))}
    status = 200
    try:
        text = decoded(await file.read()) if isinstance(file, UploadFile) else str(form.get("text", "")).replace("\r\n", "\n")
        context["text"] = text
        wish = await plan(db, text, now, to_save=save)
        context |= _shown(translator_of(request), wish)
        if save:
            async with db.begin_nested():
                await import_configuration(db, Order(wish, context["overwrite"], context["accept"]), actor, now, booking)
            return Redirect("/admin/configuration?saved=1", status_code=303)
    except ConfigurationError as error:
        english = language_of(request) == "en"
        context["problems"] = [(each.path, each.english if english else each.sentence) for each in error.problems]
        status = error.status
    except (SetupMoved, BadEdit, FallOut) as error:
        context["refused"], status = translator_of(request).text(error.text), error.status
    except DomainError as error:
        context["unreadable"], status = translator_of(request).text(error.text), error.status
    return await _page(request, identity, booking.catalogues, now, context, status)


def _shown(t: Translator, wish: Plan) -> dict[str, Any]:
    counts: dict[str, int] = {}
    for place, _, _ in wish.changes:
        where = place[1] if place[0] == "offices" and len(place) > 1 else ""
        counts[where] = counts.get(where, 0) + 1
    lines = [
        {"place": " / ".join(place), "before": _short(t, before), "after": _short(t, after), "new": before is None, "gone": after is None}
        for place, before, after in wish.changes[:SHOWN]
    ]
    return {
        "planned": True,
        "counts": sorted(counts.items()),
        "changes": lines,
        "more": max(0, len(wish.changes) - SHOWN),
        "lost": wish.lost,
        "in_the_way": [(place, t.text(sentence)) for place, sentence in wish.in_the_way],
        "moved": wish.moved,
        "not_named": wish.not_named,
    }


def _short(t: Translator, value: Any) -> str:
    said = spoken(t, value)
    return said if len(said) <= LONGEST_SHOWN else f"{said[: LONGEST_SHOWN - 1]}…"


async def _page(
    request: AnyRequest,
    identity: Identity,
    catalogues: Catalogues,
    now: datetime,
    context: dict[str, Any] | None = None,
    status_code: int = 200,
) -> Response[str]:
    offices = [(each.slug, each.name) for each in await catalogues.all(now)]
    shown = {"offices": offices, "problems": [], "planned": False, "refused": None, "unreadable": None, **(context or {})}
    return admin_page(request, "admin/configuration.html", shown, identity, "configuration", status_code=status_code)


HANDLERS = [configuration_page, download, download_office, upload]
