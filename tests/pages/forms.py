"""A person before the pages of administration, without a browser: opens a page, types into its form, sends it, reads what came back."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx

from queue_service.staff.api import SESSION_COOKIE
from tests.support.factories import AClerk
from tests.support.service import PATIENCE_SECONDS, Service


@dataclass
class Form:
    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)

    def value(self, name: str) -> str:
        return dict(self.fields)[name]


class Page(HTMLParser):
    """A page's forms with what stands in them, its text, and the sentences of its errors."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.forms: list[Form] = []
        self.errors: list[str] = []
        self._form: Form | None = None
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []
        self._area: str | None = None
        self._text = ""
        self._error = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "form":
            self._form = Form(said.get("action") or "")
            self.forms.append(self._form)
        elif "field-error" in (said.get("class") or ""):
            self._error, self._text = True, ""
        elif self._form is None:
            return
        elif tag == "input" and said.get("name"):
            self._input(said)
        elif tag == "select":
            self._select, self._options = said.get("name"), []
        elif tag == "option":
            self._options.append((said.get("value") or "", "selected" in said))
        elif tag == "textarea":
            self._area, self._text = said.get("name"), ""

    def _input(self, said: dict[str, str | None]) -> None:
        assert self._form is not None
        if said.get("type") in ("checkbox", "radio") and "checked" not in said:
            return
        self._form.fields.append((said.get("name") or "", said.get("value") or ""))

    def handle_endtag(self, tag: str) -> None:
        if self._error and tag == "p":
            self.errors.append(" ".join(self._text.split()))
            self._error = False
        elif tag == "form":
            self._form = None
        elif self._form is None:
            return
        elif tag == "select" and self._select is not None:
            chosen = next((value for value, selected in self._options if selected), self._options[0][0] if self._options else "")
            self._form.fields.append((self._select, chosen))
            self._select = None
        elif tag == "textarea" and self._area is not None:
            self._form.fields.append((self._area, self._text.removeprefix("\n")))
            self._area = None

    def handle_data(self, data: str) -> None:
        self._text += data

    @property
    def complaints(self) -> str:
        """The box above the form, else the whole page: what a failing test shows."""
        return self.html.partition('id="errors"')[2].partition("</div>")[0] or self.html

    def form(self, action: str) -> Form:
        return next(each for each in self.forms if each.action == action)


class Person:
    """Somebody signed in, with the browser's cookie."""

    def __init__(self, service: Service, account: AClerk, language: str = "ru") -> None:
        self._http = httpx.AsyncClient(
            base_url=service.base_url, cookies={SESSION_COOKIE: account.token, "lang": language}, trust_env=False, timeout=PATIENCE_SECONDS
        )

    async def leaves(self) -> None:
        await self._http.aclose()

    async def sees(self, path: str, status: int = 200) -> Page:
        answer = await self._http.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:300]}"
        return Page(answer.text)

    async def sends(self, page: Page, action: str, *without: str, **typed: Any) -> httpx.Response:
        """The page's form with these fields typed over (`_` for a dot is written `__`), and those of `without` left out."""
        changes = {name.replace("__", "."): value for name, value in typed.items()}
        fields: dict[str, Any] = {}
        for name, value in page.form(action).fields:
            fields.setdefault(name, []).append(value)
        fields = {name: values for name, values in {**fields, **changes}.items() if name not in without}
        return await self._http.post(action, data=fields)

    async def saves(self, path: str, action: str | None = None, *without: str, **typed: Any) -> str:
        """Opens the page, types, sends; where it led to. Fails where the form came back."""
        answer = await self.sends(await self.sees(path), action or path, *without, **typed)
        assert answer.status_code == 303, Page(answer.text).complaints
        return str(answer.headers["location"])

    async def is_refused(self, path: str, action: str | None = None, *without: str, **typed: Any) -> Page:
        """The same where the form comes back; the page that says why."""
        answer = await self.sends(await self.sees(path), action or path, *without, **typed)
        assert answer.status_code in (409, 422), answer.status_code
        return Page(answer.text)
