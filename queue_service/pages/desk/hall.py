"""The hall administrator's screen: a shell that the live snapshot fills, and the paper of one ticket.

Refuses people of other duties: a clerk's screen is `/desk`.
"""

from datetime import datetime
from typing import Any

from litestar import Request, Response, get

from queue_service.booking.office import Booking
from queue_service.desks.find import ticket_here
from queue_service.errors import NotFound
from queue_service.live.hub import Hub
from queue_service.live.views.phone import ticket as shown_ticket
from queue_service.offices.catalogue import Catalogues
from queue_service.pages.i18n import translator
from queue_service.pages.render import office_head, page
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity

AnyRequest = Request[Any, Any, Any]


@get("/desk/hall", include_in_schema=False, **for_(Right.HALL))
async def hall_page(request: AnyRequest, identity: Identity, catalogues: Catalogues, now: datetime) -> Response[str]:
    catalogue = await catalogues.of(identity.own_office, now)
    context = {
        "account": {"name": identity.name, "login": identity.login},
        "today": catalogue.schedule.local_date(now),
    }
    return page(request, "desk/hall.html", context, office_head(catalogue))


@get("/desk/hall/tickets/{ticket_id:int}/paper", include_in_schema=False, **for_(Right.HALL))
async def paper_page(
    request: AnyRequest, ticket_id: int, identity: Identity, catalogues: Catalogues, booking: Booking, hub: Hub, now: datetime
) -> Response[str]:
    """The ticket as the kiosk prints it, in the visitor's language; the hall's screen prints it, and so does the browser's own command."""
    catalogue = await catalogues.of(identity.own_office, now)
    found = await ticket_here(booking.pool, catalogue.id, ticket_id)
    if found is None:
        raise NotFound({"ru": "Такого талона в отделении нет.", "en": "This office has no such ticket."})
    state = await hub.feed(catalogue.id).fresh()
    shown = shown_ticket(state, state.ticket(found.id) or found)
    t = translator("en" if found.language == "en" else "ru")
    privilege = catalogue.privileges_by_id.get(found.privilege_id or 0)
    facts = [] if shown.ahead is None else [f"{t.gettext('Ahead of you')}: {shown.ahead}"]
    if shown.wait is not None:
        facts.append(f"{t.gettext('Wait')}: {t.minutes(shown.wait.low, shown.wait.high)}")
    strips = []
    if shown.source == "booked":
        strips.append(t.gettext("booked for %(time)s", time=t.time(found.rank_from, catalogue.time_zone)))
    if privilege is not None and found.privilege_state != "refused":
        strips.append(f"{t.gettext('Priority')}: {t.text(privilege.name)}. {t.text(privilege.document)}")
    paper = {
        "language": t.language,
        "office": t.text(catalogue.name),
        "address": t.text(catalogue.address),
        "label": t.gettext("Ticket"),
        "number": shown.number,
        "service": t.text(shown.service_name),
        "facts": facts,
        "strips": strips,
        "wait": t.gettext("Wait for your number on the board and by voice."),
        "code": f"/t/{found.secret}/qr.svg",
        "scan": t.gettext("Scan to follow the queue on your phone."),
        "note": t.text(shown.note) if shown.note else None,
        "time": f"{t.day(catalogue.schedule.local_date(found.issued_at))}, {t.time(found.issued_at, catalogue.time_zone)}",
    }
    return page(request, "desk/paper.html", {"paper": paper}, office_head(catalogue))


HANDLERS = [hall_page, paper_page]
