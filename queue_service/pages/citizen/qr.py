"""QR codes of tickets and bookings. A code is a link and proves nothing, so none is looked up before it is drawn."""

import asyncio
from functools import lru_cache

from litestar import Response

from queue_service.pages.qr import qr_svg

REMEMBERED = 512
"""Drawing a code costs milliseconds of a core; a kiosk asks for one twice (screen and paper), a reload again."""

_remembered_svg = lru_cache(REMEMBERED)(qr_svg)


async def qr_answer(url: str) -> Response[bytes]:
    drawn = await asyncio.to_thread(_remembered_svg, url)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=86400"})
