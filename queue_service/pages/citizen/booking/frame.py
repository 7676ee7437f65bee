"""What every page of booking has in common: mistakes in a form, the way back, a redirect after a form.

Refuses to know any single page.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from litestar import Request, Response
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.errors import DomainError
from queue_service.pages.render import page, translator_of

AnyRequest = Request[Any, Any, Any]
LONGEST_ANSWER = 300
"""Characters of one field that are read; nobody's name or address is longer."""
LONGEST_PROOF = 4_000
"""Characters of a solved puzzle, which carries the puzzle with it."""
STEPS = 7
"""Service, office, day, time, name, contact, check."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake: the id of its field (where the summary's link leads) and the sentence."""

    field: str
    text: str


def wrong(request: AnyRequest, field: str, error: DomainError) -> Wrong:
    return Wrong(field, translator_of(request).text(error.text))


def show(
    request: AnyRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    errors: Sequence[Wrong] = (),
    status_code: int = 200,
) -> Response[str]:
    """The page; with mistakes it is a 422 unless said otherwise."""
    common = {"errors": errors, "refused": False, "back": None, "step": None, "steps": STEPS, "picked": None, "held": None}
    if errors and status_code == 200:
        status_code = 422
    return page(request, f"booking/{template}", {**common, **context}, status_code=status_code)


@asynccontextmanager
async def afresh(request: AnyRequest, refused: AsyncSession) -> AsyncIterator[AsyncSession]:
    """After a command that was refused: undoes it and gives back its connection, for a page that is read in a transaction of its own.

    A session whose transaction was rolled back by hand reads nothing more.
    """
    await refused.rollback()
    async with request.app.state.database.session() as apart:
        yield apart


def link(path: str, **parameters: object) -> str:
    """The path with those parameters that have a value."""
    given = {name: str(value) for name, value in parameters.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def see(path: str) -> Redirect:
    """After a form: the browser's back and reload repeat a page and never an act."""
    return Redirect(path, status_code=HTTP_303_SEE_OTHER)


async def answers(request: AnyRequest) -> dict[str, str]:
    """The form's fields as text."""
    form = await request.form()
    lengths = {"altcha": LONGEST_PROOF}
    return {name: value[: lengths.get(name, LONGEST_ANSWER)].replace("\x00", "") for name, value in form.items() if isinstance(value, str)}


def address_of(request: AnyRequest) -> str:
    """Whom limits count."""
    return request.client.host if request.client else ""
