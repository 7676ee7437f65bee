"""Reads hand-written YAML into msgspec structs and reports every place that does not fit, with its line.

msgspec stops at the first mistake and YAML 1.1 has surprises; a person who mends a long file needs all of the mistakes
and none of the surprises. Refuses to know what the file is about: the form of a value is told by its type's
`Meta(description=...)`, in Russian.
"""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import msgspec
import yaml
from msgspec import UNSET, Meta, Struct, UnsetType

from queue_service.text import LANGUAGES, Text

Part = TypeVar("Part", bound=Struct)
Path = tuple[str | int, ...]
Found = tuple[Path, Text]
"""A place and one sentence about what is wrong there, in each language."""


def told(ru: str, en: str) -> Text:
    return {"ru": ru, "en": en}


MOST_FOUND = 200
"""Mistakes that are told at once: whoever has more has taken the wrong file, or indented it by one."""
LARGEST = 500_000
"""Values of a document with its repetitions (`*name`) written out: a city of a hundred offices has a tenth of them, and a few lines that
repeat each other would otherwise be more than any machine can read."""


class UnreadableError(Exception):
    """The text cannot be read at all."""

    def __init__(self, line: int, why: object) -> None:
        self.line = line
        reason = why if isinstance(why, dict) else told(str(why), str(why))
        self.sentence = f"файл не читается как YAML ({reason['ru']})"
        self.english = f"the file cannot be read as YAML ({reason['en']})"
        super().__init__(self.sentence)


class _PlainLoader(yaml.SafeLoader):
    """Only true, false, null and decimal numbers are not text: YAML 1.1 takes 10:00 for 600 and "no" for false."""


_PlainLoader.yaml_implicit_resolvers = {}

for _kind, _pattern, _first in (
    ("null", r"(~|null|)\Z", ["~", "n", ""]),
    ("bool", r"(true|false)\Z", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]{0,11})\Z", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]{0,11})\.[0-9]{1,12}\Z", list("-0123456789")),
    ("merge", r"<<\Z", ["<"]),
):
    _PlainLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(_pattern), _first)


class Document:
    """A readable file: `found` is what is wrong with its form, known after `fit`."""

    def __init__(self, text: str) -> None:
        try:
            loader = _PlainLoader(text)
            self._root = loader.get_single_node()
            if self._root is not None and _size(self._root, {}) > LARGEST:
                raise UnreadableError(1, told("слишком много повторений через «*»", "too many repetitions by “*”"))
            self._raw: object = None if self._root is None else loader.construct_document(self._root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            raise UnreadableError(mark.line + 1 if mark else 1, error.problem) from error
        except (yaml.YAMLError, LookupError, ValueError, AttributeError, RecursionError) as error:
            # Forbidden characters, a hand-written tag that does not suit its value, brackets nested a thousandfold.
            raise UnreadableError(1, error) from error
        self.found: list[Found] = list(_repeated_keys(self._root))

    @classmethod
    def of(cls, raw: object) -> "Document":
        """What a program has put together; it has no lines."""
        document = cls("")
        document._raw = raw
        return document

    def has(self, field: str) -> bool:
        """Whether the file is a set of fields with this one."""
        return isinstance(self._raw, dict) and field in self._raw

    def fit(self, wanted: type[Part]) -> Part:
        """The content as `wanted`; where `found` names a place, an empty stand-in stands there."""
        fitted: Part = _fit(self._raw, wanted, (), self.found)
        return fitted

    def sound(self, *path: str | int) -> bool:
        """Whether nothing at, above or under `path` is malformed, so that its meaning can be judged."""
        return not any(all(a == b for a, b in zip(path, bad, strict=False)) for bad, _ in self.found)

    def line(self, path: Path) -> int:
        """Line of the deepest part of `path` that the file has, counted from 1."""
        node, line = self._root, 0
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            line, node = found
        return line + 1


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many values there are below, each repetition counted as often as it stands there; each part is looked at once."""
    if id(node) not in known:
        known[id(node)] = 1  # one that repeats itself ends here, and is refused when it is built
        inner = [each for pair in node.value for each in pair] if isinstance(node, yaml.MappingNode) else node.value
        known[id(node)] += sum(_size(each, known) for each in inner) if isinstance(node, yaml.CollectionNode) else 0
    return known[id(node)]


def _child(node: yaml.Node | None, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        # The last one: fields merged in by << come first.
        return next(((key.start_mark.line, value) for key, value in reversed(node.value) if key.value == step), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return node.value[step].start_mark.line, node.value[step]
    return None


def _repeated_keys(root: yaml.Node | None) -> Iterator[Found]:
    """YAML lets the last of two equal keys win silently: half of what somebody wrote would vanish."""
    seen: set[int] = set()
    waiting: list[tuple[yaml.Node | None, Path]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(item, (*path, index)) for index, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            keys = Counter(key.value for key, _ in node.value)
            yield from (
                ((*path, key), told("поле написано дважды", "the field is written twice")) for key, times in keys.items() if times > 1
            )
            waiting += [(value, (*path, key.value)) for key, value in node.value]


def _fit(raw: object, wanted: Any, path: Path, found: list[Found]) -> Any:
    if get_origin(wanted) in (Union, UnionType):
        wanted, *others = (each for each in get_args(wanted) if each is not UnsetType)
        for other in others:
            with suppress(msgspec.ValidationError):
                return msgspec.convert(raw, other)
    if wanted == Text:
        return _fit_text(raw, path, found)
    if get_origin(wanted) is list:
        if isinstance(raw, list):
            return [_fit(item, get_args(wanted)[0], (*path, index), found) for index, item in enumerate(raw)]
        found.append((path, _expected(told("список, пустой пишется []", "a list, an empty one is []"), raw)))
        return []
    if get_origin(wanted) is dict:
        if isinstance(raw, dict):
            return {str(key): _fit(item, get_args(wanted)[1], (*path, str(key)), found) for key, item in raw.items()}
        found.append((path, _expected(told("набор полей, пустой пишется {}", "a set of fields, an empty one is {}"), raw)))
        return {}
    if isinstance(wanted, type) and issubclass(wanted, Struct):
        return _fit_struct(raw, wanted, path, found)
    try:
        return msgspec.convert(raw, wanted)
    except msgspec.ValidationError:
        form = next(meta for meta in get_args(wanted)[1:] if isinstance(meta, Meta))
        found.append((path, _expected(told(str(form.description), (form.extra or {})["en"]), raw)))
        return UNSET


_fields = cache(msgspec.structs.fields)


def _fit_struct(raw: object, wanted: type[Struct], path: Path, found: list[Found]) -> Struct:
    if not isinstance(raw, dict):
        found.append((path, _expected(told("набор полей", "a set of fields"), raw)))
        raw, found = {}, []  # what follows from it is not worth a sentence
    names = [field.encode_name for field in _fields(wanted)]
    for key in raw:
        if key not in names and len(found) < MOST_FOUND:
            close = get_close_matches(str(key), names, n=1)
            hint, hint_en = (f", возможно, имелось в виду «{close[0]}»", f", perhaps “{close[0]}” was meant") if close else ("", "")
            found.append(((*path, str(key)), told(f"такое поле здесь не предусмотрено{hint}", f"there is no such field here{hint_en}")))
    values: dict[str, object] = {}
    for field in _fields(wanted):
        place = (*path, field.encode_name)
        if field.encode_name in raw:
            values[field.name] = _fit(raw[field.encode_name], field.type, place, found)
        elif field.required:
            found.append((place, told("обязательное поле не заполнено", "a required field is empty")))
            values[field.name] = _fit(None, field.type, place, [])
    return wanted(**values)


def _fit_text(raw: object, path: Path, found: list[Found]) -> Text:
    if not isinstance(raw, dict):
        found.append((path, _expected(told('текст вида {ru: "…", en: "…"}', 'a text like {ru: "…", en: "…"}'), raw)))
        return {}
    if "ru" not in raw:
        found.append((path, told("нет русского текста (ru)", "there is no Russian text (ru)")))
    for key, value in raw.items():
        if key not in LANGUAGES:
            found.append(
                (
                    (*path, str(key)),
                    told(f"такого языка нет, известны {', '.join(LANGUAGES)}", f"there is no such language, only {', '.join(LANGUAGES)}"),
                )
            )
        elif not isinstance(value, str) or not value.strip():
            found.append(((*path, str(key)), _expected(told("непустой текст", "a text that is not empty"), value)))
    return raw


def _expected(form: Text, raw: object) -> Text:
    match raw:
        case None:
            got = told("пусто", "nothing")
        case dict():
            got = told("набор полей", "a set of fields")
        case list():
            got = told("список", "a list")
        case bool():
            got = told(f"«{str(raw).lower()}»", f"“{str(raw).lower()}”")
        case str() if not raw.strip():
            got = told("пустой текст", "an empty text")
        case _:
            got = told(f"«{str(raw)[:60]}»", f"“{str(raw)[:60]}”")
    return told(f"ожидается {form['ru']}, а здесь {got['ru']}", f"expected {form['en']}, but here is {got['en']}")


def shown(path: Path) -> str:
    """`offices[3].desks[2].services`; indexes count from 0."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".") or "файл"
