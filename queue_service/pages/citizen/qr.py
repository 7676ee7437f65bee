"""QR codes of tickets and bookings. A code is a link and proves nothing, so none is looked up before it is drawn."""

import asyncio
from functools import lru_cache

import qrcode
import qrcode.constants
import qrcode.image.svg
from litestar import Response

REMEMBERED = 512
"""Drawing a code costs milliseconds of a core; a kiosk asks for one twice (screen and paper), a reload again."""


async def qr_answer(url: str) -> Response[bytes]:
    drawn = await asyncio.to_thread(_qr_svg, url)
    return Response(drawn, media_type="image/svg+xml", headers={"Cache-Control": "private, max-age=86400"})


@lru_cache(REMEMBERED)
def _qr_svg(url: str) -> bytes:
    """The code as one SVG path with its quiet zone; M corrects 15 %, enough for a thermal printer's white streak."""
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, image_factory=qrcode.image.svg.SvgPathFillImage)
    code.add_data(url)
    drawn: bytes = code.make_image().to_string()
    return drawn
