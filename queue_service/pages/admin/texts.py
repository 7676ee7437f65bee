"""Sentences of tickets, displays and letters in the city's or an office's own words, with what people will see beside the form.

Refuses to save what would break a ticket: `offices.wordings` says what may stand in each.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.response import Redirect
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.administration.editing import Edit, part
from queue_service.audit.journal import Actor
from queue_service.errors import NotFound
from queue_service.notifications.outbox import Facts
from queue_service.notifications.rules import Kind
from queue_service.notifications.templates import compose
from queue_service.offices.catalogue import Catalogue, Catalogues
from queue_service.offices.wordings import EXAMPLE, PLACEHOLDERS, WORDINGS, WordingForm, filled_text, wrong_with
from queue_service.pages.admin.forms import NOTHING_WRONG, Refused, Typed, attempt, back_to, form_context, refused
from queue_service.pages.admin.frame import admin_page, may_change, office_path
from queue_service.pages.i18n import Translator
from queue_service.pages.render import AnyRequest, translator_of
from queue_service.staff.rights import Right, for_
from queue_service.staff.sessions import Identity
from queue_service.text import LANGUAGES, Text

LETTERS: Final[Mapping[str, Kind]] = {
    "message-confirmation": Kind.CONFIRMATION,
    "message-reminder": Kind.REMINDER_DAY,
    "message-cancellation": Kind.CANCELLATION,
    "message-signature": Kind.CONFIRMATION,
    "message-sms": Kind.CANCELLATION,
}
"""Which message shows a sentence at work; of text messages the one with room."""
EXAMPLE_DAY: Final = datetime(2027, 3, 12, 11, 30, tzinfo=UTC)


@get("/admin/texts", include_in_schema=False, **for_(Right.SEE_SETUP))
async def city_texts(request: AnyRequest, identity: Identity, db: AsyncSession) -> Response[str]:
    return await _list(request, identity, None, db)


@get("/admin/offices/{office:str}/texts", include_in_schema=False, **for_(Right.SEE_SETUP))
async def office_texts(
    request: AnyRequest, office: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    return await _list(request, identity, await catalogues.by_slug(office, now), db)


@get("/admin/texts/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def city_text(request: AnyRequest, code: str, identity: Identity, db: AsyncSession) -> Response[str]:
    stands = await part(db, _place(None, code))
    return await _form(request, identity, None, db, (code, stands, stands), NOTHING_WRONG)


@get("/admin/offices/{office:str}/texts/{code:str}", include_in_schema=False, **for_(Right.SEE_SETUP))
async def office_text(
    request: AnyRequest, office: str, code: str, identity: Identity, catalogues: Catalogues, db: AsyncSession, now: datetime
) -> Response[str]:
    catalogue = await catalogues.by_slug(office, now)
    stands = await part(db, _place(catalogue, code))
    return await _form(request, identity, catalogue, db, (code, stands, stands), NOTHING_WRONG)


@post("/admin/texts/{code:str}", include_in_schema=False, status_code=200, **for_(Right.CITY))
async def change_city_text(
    request: AnyRequest, code: str, identity: Identity, actor: Actor, db: AsyncSession, now: datetime
) -> Response[str] | Redirect:
    return await _change(request, identity, actor, db, None, code, now)


@post("/admin/offices/{office:str}/texts/{code:str}", include_in_schema=False, status_code=200, **for_(Right.SETUP))
async def change_office_text(
    request: AnyRequest,
    office: str,
    code: str,
    identity: Identity,
    actor: Actor,
    catalogues: Catalogues,
    db: AsyncSession,
    now: datetime,
) -> Response[str] | Redirect:
    return await _change(request, identity, actor, db, await catalogues.by_slug(office, now), code, now)


async def _change(
    request: AnyRequest, identity: Identity, actor: Actor, db: AsyncSession, catalogue: Catalogue | None, code: str, now: datetime
) -> Response[str] | Redirect:
    """Shows what it would look like, or saves it; an empty sentence is none, so that the city's or nothing is said."""
    _known(code)
    typed, t = await Typed.of(request), translator_of(request)
    said = typed.both("sentence")
    wanted = said if any(said.values()) else None
    if wrong := wrong_with(code, said):
        errors = {f"sentence.{language}": t.text(why) for language, why in wrong.items()}
        refusal = Refused(422, errors, [{"field": name, "text": why} for name, why in errors.items()])
        return await _form(request, identity, catalogue, db, (code, said, typed.seen), refusal)
    if typed.line("do") == "show":
        return await _form(request, identity, catalogue, db, (code, said, typed.seen), NOTHING_WRONG)
    error = await attempt(db, [Edit(_place(catalogue, code), typed.seen, wanted)], actor, now)
    if error is None:
        return back_to(_home(catalogue) + f"/{code}")
    refusal = refused(t, error, {"": "This", code: "This"})
    seen = next(iter(refusal.stands.values()), typed.seen)
    return await _form(request, identity, catalogue, db, (code, said, seen), refusal)


def _place(catalogue: Catalogue | None, code: str) -> tuple[str, ...]:
    return ("texts", code) if catalogue is None else ("offices", catalogue.slug, "texts", code)


def _home(catalogue: Catalogue | None) -> str:
    return "/admin/texts" if catalogue is None else f"{office_path(catalogue)}/texts"


def _known(code: str) -> WordingForm:
    """NotFound for a sentence that there is not."""
    if code not in WORDINGS:
        raise NotFound
    return WORDINGS[code]


async def _list(request: AnyRequest, identity: Identity, catalogue: Catalogue | None, db: AsyncSession) -> Response[str]:
    city = await part(db, ("texts",)) or {}
    own = city if catalogue is None else (await part(db, ("offices", catalogue.slug, "texts")) or {})
    context = {
        "texts": [
            {
                "code": form.code,
                "name": form.name,
                "where": form.where,
                "own": own.get(form.code),
                "city": None if catalogue is None else city.get(form.code),
            }
            for form in WORDINGS.values()
        ],
        "home": _home(catalogue),
        "office_home": office_path(catalogue) if catalogue else None,
    }
    return admin_page(request, "admin/texts.html", context, identity, _section(catalogue), catalogue)


def _section(catalogue: Catalogue | None) -> str:
    return "texts" if catalogue is None else "office-texts"


async def _form(
    request: AnyRequest,
    identity: Identity,
    catalogue: Catalogue | None,
    db: AsyncSession,
    form: tuple[str, Text | None, Any],
    refusal: Refused,
) -> Response[str]:
    code, shown, seen = form
    wording, t = _known(code), translator_of(request)
    city = None if catalogue is None else await part(db, _place(None, code))
    said = shown if shown and any(shown.values()) else city or wording.default
    context = {
        **form_context(refusal, None),
        "seen": form_context(NOTHING_WRONG, seen)["seen"],
        "wording": wording,
        "placeholders": [{"field": f"{{{name}}}", "means": PLACEHOLDERS[name]} for name in wording.placeholders],
        "shown": shown,
        "of_city": city,
        "home": _home(catalogue),
        "previews": [_preview(t, code, said, catalogue, language) for language in LANGUAGES] if not refusal.errors else [],
        "may_change": may_change(identity, Right.CITY if catalogue is None else Right.SETUP, catalogue),
    }
    return admin_page(request, "admin/text_form.html", context, identity, _section(catalogue), catalogue, refusal.status)


def _preview(t: Translator, code: str, said: Text, catalogue: Catalogue | None, language: str) -> dict[str, Any]:
    """The sentence at work in one language: a ticket, a letter with its text message, or a display; with the office's own facts."""
    known = dict(EXAMPLE)
    if catalogue is not None:
        phone = catalogue.phone or ""
        known |= {"office": catalogue.name, "address": catalogue.address, "phone": {"ru": phone, "en": phone}}
    spoken: Text = {each: said.get(each) or said.get("ru", "") for each in LANGUAGES}
    line = filled_text(spoken, known)[language]
    facts = {name: text.get(language) or text["ru"] for name, text in known.items()}
    if code not in LETTERS:
        return {"language": language, "line": line, "facts": facts, "letter": None, "sms": None}
    message = compose(LETTERS[code], _facts(known, {code: spoken}), language, EXAMPLE_DAY)
    return {"language": language, "line": line, "facts": facts, "letter": message.text, "subject": message.subject, "sms": message.short}


def _facts(known: Mapping[str, Text], notes: dict[str, Text]) -> Facts:
    return Facts(
        office_name=known["office"],
        address=known["address"],
        time_zone="Europe/Moscow",
        service_name=known["service"],
        starts_at=EXAMPLE_DAY,
        reference="48291350",
        link="https://queue.example/a/k3Jd92mQ",
        documents=[{"ru": "Паспорт", "en": "Passport"}],
        notes=notes,
        phone=known["phone"]["ru"],
    )


HANDLERS = [city_texts, office_texts, city_text, office_text, change_city_text, change_office_text]
