"""Headers that every answer carries, whichever handler made it.

Refuses exceptions: a page that needs an inline script or a foreign origin is mended, not allowed.
"""

import re
from functools import lru_cache

from litestar.types import ASGIApp, Message, Receive, Scope, Send

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    # A ticket's address is its key: it must not travel to other sites.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(self), payment=(), usb=(), serial=(), bluetooth=()"),
)
HSTS = (b"strict-transport-security", b"max-age=31536000")
"""A year. Without the subdomains: the city's other services are not ours to decide about."""
POLICY = (
    "default-src 'self'; script-src 'self'; script-src-attr 'none'; style-src 'self'; style-src-attr 'none'; connect-src 'self'{sockets}; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors {frames}"
)
FRAMED = ("/display",)
"""What an office may show inside a page of its own on the same address; everything else is framed by nobody."""
_HOST = re.compile(rb"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](:\d{1,5})?")


@lru_cache(maxsize=256)
def policy(host: bytes, https: bool, framed: bool) -> bytes:
    """The page's own websocket is named beside 'self', because browsers of older televisions do not count it in."""
    sockets = f" {'wss' if https else 'ws'}://{host.decode()}" if _HOST.fullmatch(host) else ""
    return POLICY.format(sockets=sockets, frames="'self'" if framed else "'none'").encode()


def security_headers_middleware(app: ASGIApp, public_url: str) -> ASGIApp:
    https = public_url.startswith("https://")

    async def middleware(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        framed = path.startswith(FRAMED)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                host = next((value for name, value in scope["headers"] if name == b"host"), b"")
                sent = list(message.get("headers", []))
                if https:
                    sent = [(name, _secure(value) if name.lower() == b"set-cookie" else value) for name, value in sent]
                    sent.append(HSTS)
                if path.startswith("/api/") and not any(name.lower() == b"cache-control" for name, _ in sent):
                    # An answer of the interface is somebody's: no cache on the way keeps it.
                    sent.append((b"cache-control", b"no-store"))
                frame = (b"x-frame-options", b"SAMEORIGIN" if framed else b"DENY")
                message["headers"] = [*sent, *HEADERS, frame, (b"content-security-policy", policy(host, https, framed))]
            await send(message)

        await app(scope, receive, send_with_headers)

    return middleware


def _secure(cookie: bytes) -> bytes:
    """Behind https no cookie of ours travels without it, whoever set it."""
    return cookie if b"; secure" in cookie.lower() else cookie + b"; Secure"
