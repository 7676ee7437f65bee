"""Texts in several languages: Russian always, others complete or absent.

Refuses to know where a text is shown; pages with many sentences use gettext catalogues instead.
"""

from typing import Final, Literal

Language = Literal["ru", "en"]
LANGUAGES: Final[tuple[Language, ...]] = ("ru", "en")

Text = dict[str, str]
"""`{"ru": ..., "en": ...}`; "ru" is obligatory (168-ФЗ), a missing language falls back to it."""


def pick(text: Text, language: str) -> str:
    return text.get(language) or text["ru"]


def accepted_language(header: str | None) -> Language:
    """The first language of an Accept-Language header that we speak; Russian where none is.

    Weights are ignored: browsers and kiosks list languages in the order of preference.
    """
    for part in (header or "").split(","):
        code = part.split(";")[0].strip().lower()[:2]
        if code == "en":
            return "en"
        if code == "ru":
            return "ru"
    return "ru"
