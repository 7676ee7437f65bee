"""Which limit a request falls under, by its address: pure, and the one place where the numbers stand.

They are for programs, not for people: three hundred phones behind one office's Wi-Fi stay below, and whoever shows a token that was
good a moment ago (a desk, a kiosk, a display) is counted alone, so that nobody in the hall can bring them to a halt. Refuses to limit
files and health: they cost nothing and a screen without them is dark.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    name: str
    hits: int
    seconds: int = 60


READ: Final = Limit("citizen-read", 6_000)
"""300 phones that ask every five seconds because their sockets are cut are 3,600 a minute; the rest is for those who just arrive."""
WRITE: Final = Limit("citizen-write", 900)
"""A booking is eight forms: a hundred bookings a minute from one address is a reading room on the day the slots open."""
SIGN_IN: Final = Limit("sign-in", 120)
"""A hundred clerks behind one address begin at nine; each attempt costs tens of milliseconds of a core (argon2)."""
PAIRING: Final = Limit("pairing", 240)
"""Ten screens that wait to be paired ask every few seconds."""
STAFF: Final = Limit("staff", 3_000)
"""Per session: fifty a second is a program, and a day played at sixty times its speed."""
DEVICE: Final = Limit("device", 6_000)
"""Per device: the same for a kiosk."""
STRANGER: Final = Limit("stranger", 1_200)
"""Per address, with a token that was not seen to be good yet: a hall after a restart, sixty screens and desks that all begin anew."""
GUESS: Final = Limit("guess", 120)
"""Secrets per address that are nobody's: people mistype a link a few times; a guesser of 96 bits needs for ever anyway."""

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FREE = ("/static/", "/assets/", "/health/", "/metrics", "/kiosk/", "/display/")
_SIGN_IN = ("/api/staff/sessions", "/desk/login", "/account/oidc/", "/invitation/")
_PAIRING = ("/api/devices/pairings",)
_DEVICE = ("/api/kiosk/", "/api/devices/", "/live/kiosk", "/live/board")
_STAFF = ("/api/desk/", "/api/admin/", "/api/staff/", "/desk", "/admin", "/account", "/live/desk", "/live/hall")
_SECRET = re.compile(r"/(?:t|a|w|book|invitation|api/public/(?:tickets|appointments|waitlist)|live/(?:ticket|appointment))/+([^/]+)")


def limit_of(path: str, method: str) -> Limit | None:
    """The class of the request; None where nothing is counted."""
    if path.startswith(_FREE):
        return None
    if path.startswith(_SIGN_IN) and (method not in SAFE or "/oidc/" in path):
        return SIGN_IN
    if path.startswith(_PAIRING):
        return PAIRING
    if path.startswith(_DEVICE):
        return DEVICE
    if path.startswith(_STAFF):
        return STAFF
    return READ if method in SAFE else WRITE


def acts_on_own(path: str) -> bool:
    """Whether the sender has a ticket, a place or an offer already, and the request is about that."""
    found = _SECRET.match(path)
    return found is not None and path[found.end() :].strip("/") != ""


def secret_in(path: str) -> str | None:
    """What opens the page, where knowing its address is the right to see it."""
    found = _SECRET.match(path)
    return found[1] if found else None


def household(address: str | None) -> str:
    """One key for all that one subscriber can speak from: an IPv6 network of 64 bits is handed out like one IPv4 address."""
    if address is None or ":" not in address:
        return address or ""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))
