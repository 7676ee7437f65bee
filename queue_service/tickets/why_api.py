"""Why others were called before: for whoever holds the ticket's secret."""

from datetime import datetime

from litestar import Response, Router, get

from queue_service.db import Pool
from queue_service.offices.catalogue import Catalogues
from queue_service.staff.rights import Audience, for_
from queue_service.tickets.why import WhyOut, why_others


@get("/tickets/{secret:str}/why")
async def show_why(secret: str, pool: Pool, catalogues: Catalogues, now: datetime) -> Response[WhyOut]:
    """The latest calls since the ticket was issued, each with one sentence that compares it with this ticket."""
    _, why = await why_others(pool, catalogues, secret, now)
    return Response(why, headers={"Cache-Control": "no-store"})


router = Router("/api/public", route_handlers=[show_why], tags=["public"], **for_(Audience.EVERYBODY))
