"""Addresses written so that one part of the service reads them otherwise than another: no file outside, no door beside the door."""

import asyncio

import pytest

from queue_service.db import Database
from queue_service.settings import CHECKOUT
from tests.support.service import PATIENCE_SECONDS, Service

FOLDERS = {"/static": CHECKOUT / "queue_service/pages/static", "/kiosk": CHECKOUT / "kiosk", "/display": CHECKOUT / "display"}
OUTSIDE = ("pyproject.toml", "../pyproject.toml", "README.md", "queue_service/app.py", "etc/passwd", ".git/config", ".data/keys.json")
UP = (
    "../",
    "%2e%2e/",
    "%2e%2e%2f",
    "..%2f",
    "..%5c",
    "..\\",
    "....//",
    "..;/",
    "%252e%252e%252f",
    "%c0%ae%c0%ae/",
    "./../",
    "/../",
    "//",
    "js/../../",
    "js/..%2f..%2f",
    "%00/../",
    "..%00/",
)
ENDINGS = ("", "%00", "%00.css", "/", "?", ";.css", ".")
MARKS = (b"[project]", b"root:x:", b"[core]", b"from queue_service", b"[build-system]", b'"seal"')
"""What stands in the files outside."""


async def raw(service: Service, target: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """As it is written: clients tidy addresses up."""
    host, _, port = service.base_url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(f"{method} {target} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode("latin-1"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            answer = await reader.read()
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    return int(lines[0].split()[1]), headers, body


@pytest.mark.parametrize("folder", [*FOLDERS, "/assets"])
async def test_no_spelling_leads_out_of_a_folder_of_files(service: Service, folder: str) -> None:
    for up in UP:
        for file in OUTSIDE:
            for times in (1, 3):
                target = f"{folder}/{up * times}{file}"
                status, _, body = await raw(service, target)
                assert status < 500, target
                assert not any(mark in body for mark in MARKS), target
                assert status != 200, target


async def test_no_ending_makes_another_file_of_one(service: Service) -> None:
    original = (FOLDERS["/static"] / "tokens.css").read_bytes()
    for ending in ENDINGS:
        status, headers, body = await raw(service, f"/static/tokens.css{ending}")
        assert status < 500, ending
        assert status != 200 or body == original, ending
        assert status != 200 or headers["content-type"].startswith("text/css"), ending


async def test_hidden_files_and_lists_of_files_are_not_served(service: Service) -> None:
    for target in ("/static/", "/assets/", "/static/js/", "/kiosk/js/", "/static/.git", "/kiosk/.env", "/display/tsconfig.json"):
        status, _, body = await raw(service, target)
        assert status in (404, 405), target
        assert b"<li>" not in body or b"main.js" not in body, target


BEHIND_A_DOOR = ("/admin/staff", "/desk/bookings", "/api/desk/queue", "/api/admin/accounts", "/account")


def spellings(path: str) -> list[str]:
    first, rest = path[1:2], path[2:]
    return [
        f"/{path}",
        f"//{path}",
        f"{path}/",
        f"{path}//",
        f"{path};x=y",
        f"/;{path}",
        f"/static/..{path}",
        f"/static/%2e%2e{path}",
        f"/kiosk/../{path[1:]}",
        f"/./{path[1:]}",
        f"/%{ord(first):02x}{rest}",
        f"/{first.upper()}{rest}",
        path.replace("/", "%2f"),
        "/" + path[1:].replace("/", "%2f"),
        path.replace("/", "\\"),
        f"{path}%00",
        f"{path}%20",
        f"{path}?csrf=",
        f"{path}#",
        f"http://x{path}",
    ]


@pytest.mark.parametrize("path", BEHIND_A_DOOR)
async def test_no_spelling_leads_past_the_door(service: Service, database: Database, path: str) -> None:
    for target in spellings(path):
        for method in ("GET", "HEAD", "POST"):
            status, headers, body = await raw(service, target, method)
            assert status < 500, (method, target)
            assert status not in (200, 201, 204), (method, target, body[:200])
            location = headers.get("location", "")
            assert location == "" or location.startswith(("/desk/login?next=/", "http://127.0.0.1")), (method, target, location)


@pytest.mark.parametrize(
    "there", ["//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example", "javascript:alert(1)", "%0a//evil.example"]
)
async def test_no_link_of_ours_leads_elsewhere(service: Service, database: Database, there: str) -> None:
    for page in ("/desk/login?next=", "/?lang=en&next=", "/?lang=en&back="):
        answer = await service.http.get(page + there)
        assert "evil.example" not in answer.headers.get("Location", "")
        assert 'value="//' not in answer.text
        assert 'value="https://evil' not in answer.text
    service.http.cookies.clear()


async def test_words_that_are_no_request_end_the_line(service: Service) -> None:
    for target in ("/ HTTP/9.9\r\nX:", "/\r\nX-Injected: y", "/%0d%0aSet-Cookie:%20x=y", "*", ""):
        status, headers, _ = await raw(service, target)
        assert status < 500, target
        assert "set-cookie" not in headers
        assert "x-injected" not in headers
