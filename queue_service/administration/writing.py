"""A document as readable YAML that `parse_configuration` reads back as the same: what is a default is left out, what is short is one line.

Refuses dates and names of people: two exports of one state are the same text. A digest of that state stands in its header, so that an
import can tell whether administrators changed something since.
"""

import hashlib
import json
import re
import textwrap
from collections.abc import Iterator
from datetime import date
from typing import Any, Final

from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import fields

from queue_service.administration.canonical import canonical, plain
from queue_service.offices import configuration as file
from queue_service.offices.configuration import Configuration

LINE: Final = 120
"""Characters that a list or a set of fields may have in one line."""
DIGEST_MARK: Final = "# Состояние при выгрузке (не изменяйте эту строку): "
_DIGEST: Final = re.compile(re.escape(DIGEST_MARK) + r"([0-9a-f]{64})\s*$", re.MULTILINE)
_PLAIN: Final = re.compile(r"[a-z][a-z0-9_-]*\Z")
_WORDS: Final = frozenset({"true", "false", "null"})
HEADER: Final = """\
# Настройка города: отделения, услуги, часы приёма, окна, запись. Выгружено из «Администрирование → Файл настройки».
#
#   * Это YAML: вложенность задают отступы, список начинается с дефиса, после # стоит пояснение.
#   * Тексты для людей пишутся на двух языках: {ru: "по-русски", en: "in English"}. Русский обязателен.
#   * Коды (code, slug) людям не показывают и не меняют: по ним услуги и отделения узнаются при загрузке.
#   * Чего здесь нет, то стоит по умолчанию. Людей и устройств в файле нет: у них пароли и ключи.
#   * Файл проверяется целиком: обо всех ошибках будет сказано сразу, с номером строки, и ничего не изменится.
"""
SECTIONS: Final = {
    "city": "Город",
    "texts": "Фразы талонов и писем своими словами",
    "privileges": "Кого принимают вне очереди, на каком основании и что показать",
    "catalogue": "Группы (буква талона) и услуги, общие для всех отделений",
    "offices": "Отделения: часы приёма, окна, услуги, запись",
    "office": "Отделение",
}


def digest_of_state(city: Configuration) -> str:
    """The same for everything that means the same."""
    return hashlib.sha256(json.dumps(plain(canonical(city)), ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def digest_in(text: str) -> str | None:
    """Of what a file says it was exported from."""
    found = _DIGEST.search(text[:10_000])
    return found[1] if found else None


def written(city: Configuration, digest: str | None = None) -> str:
    """The whole city; `digest` goes into the header."""
    return _file(
        {"city": city.city, "texts": city.texts, "privileges": city.privileges, "catalogue": city.catalogue, "offices": city.offices},
        digest,
    )


def written_office(office: file.Office, digest: str | None = None) -> str:
    """One office by itself."""
    return _file({"office": office}, digest)


def _file(parts: dict[str, Any], digest: str | None) -> str:
    lines = [HEADER.rstrip("\n"), *([DIGEST_MARK + digest] if digest else [])]
    for name, value in parts.items():
        said = _said(value)
        if not said and name == "texts":
            continue
        lines += ["", f"# {SECTIONS[name]}"]
        lines += _field(name, said, 0, apart=name == "offices")
    return "\n".join(lines) + "\n"


def _said(value: Any) -> Any:
    """Without what is a default."""
    if isinstance(value, Struct):
        return {each.encode_name: _said(mine) for each in fields(value) if not _is_default(each, mine := getattr(value, each.name))}
    if isinstance(value, dict):
        return {name: _said(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_said(each) for each in value]
    return value


def _is_default(each: Any, mine: Any) -> bool:
    if mine is UNSET:
        return True
    return not each.required and bool(mine == (each.default_factory() if each.default is NODEFAULT else each.default))


def _field(name: str, value: Any, indent: int, *, apart: bool = False) -> Iterator[str]:
    start = " " * indent + f"{_scalar(name)}:"
    if _fits(value, indent + len(name) + 2):
        yield f"{start} {_flow(value)}"
        return
    yield start
    if isinstance(value, list) and not isinstance(value[0], dict | list):
        inner = " " * (indent + 2)
        yield from textwrap.wrap(_flow(value), LINE, initial_indent=inner, subsequent_indent=inner + " ", break_on_hyphens=False)
    else:
        yield from _block(value, indent + 2, apart=apart)


def _block(value: Any, indent: int, *, apart: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _field(name, each, indent)
        return
    for index, each in enumerate(value):
        if apart and index:
            yield ""
        if _fits(each, indent + 2):
            yield " " * indent + f"- {_flow(each)}"
        else:
            lines = list(_block(each, indent + 2))
            yield " " * indent + "- " + lines[0].lstrip(" ")
            yield from lines[1:]


def _fits(value: Any, used: int) -> bool:
    """Whether it stands in the rest of a line; a list of sets of fields has a line for each."""
    if not isinstance(value, dict | list) or not value:
        return True
    if isinstance(value, list) and isinstance(value[0], dict):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not any(isinstance(each, dict | list) and not _fits(each, used) for each in inner) and used + len(_flow(value)) <= LINE


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(name)}: {_flow(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        shown = repr(value)
        return shown if re.fullmatch(r"-?[0-9]+\.[0-9]{1,12}", shown) else f"{value:.12f}"
    if isinstance(value, int):
        return str(value)
    if _PLAIN.match(value) and value not in _WORDS:
        return str(value)
    return "".join(_quoted(character) for character in json.dumps(value, ensure_ascii=False))


def _quoted(character: str) -> str:
    """What YAML would not take, or would take for the end of a line, by its number."""
    if character.isprintable() or character == "\u00a0":
        return character
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"
