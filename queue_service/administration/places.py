"""A part of the city's document by natural keys, and what stands there after somebody's change: pure.

Three-way: what this person did not touch keeps what others saved meanwhile; what both touched differently is a conflict. Refuses to
judge whether the result is right: the city file's rules do.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

from queue_service.administration.errors import BadEdit, EditConflict
from queue_service.text import LANGUAGES

Place = tuple[str, ...]
"""`("offices", "central", "desks", "5")`: names of fields, and in lists the item's code, slug, number or name.

`("offices", slug, "services", code)` is how one office gives one service: `{"desks": [...], "help_out": [...], "override": {...}}`, the
desks by number; None: it does not give it. So a service comes to its office and to its desks in one change."""

KEYS: Final[Mapping[str, str]] = {
    "privileges": "code",
    "groups": "code",
    "services": "code",
    "offices": "slug",
    "desks": "number",
    "zones": "code",
    "lanes": "name",
}
"""By which field an item of a list is known."""
NEW_OFFICE: Final = {"opening_hours": [], "zones": [], "desks": [], "services": [], "active": False}
"""What a new office does not say yet."""
_RENAMED: Final = {
    "ru": "Код не меняют: по нему это узнаётся в истории. Добавьте новое.",
    "en": "A code is not changed: history knows it by that. Please add a new one.",
}
_THERE: Final = {"ru": "Такое уже есть.", "en": "There is one already."}


def is_given(place: Place) -> bool:
    """Whether the place is a service as one office gives it."""
    return len(place) == 4 and place[0] == "offices" and place[2] == "services"


def at(document: Any, place: Place) -> Any | None:
    """The builtins of a part; None where there is none."""
    if is_given(place):
        office = at(document, place[:2])
        return None if office is None else _given(office, place[3])
    part = document
    for index, step in enumerate(place):
        if isinstance(part, list):
            key = KEYS.get(place[index - 1], "")
            part = next((each for each in part if isinstance(each, dict) and each.get(key) == step), None)
        elif isinstance(part, dict):
            part = part.get(step)
        else:
            return None
    return part


def _given(office: dict[str, Any], code: str) -> dict[str, Any] | None:
    if code not in office["services"]:
        return None
    return {
        "desks": [desk["number"] for desk in office["desks"] if code in desk["services"]],
        "help_out": [desk["number"] for desk in office["desks"] if code in desk["help_out"]],
        "override": office["overrides"].get(code, {}),
    }


def tidy(value: Any) -> Any:
    """What a form sends, without blanks around words and without languages that were left empty."""
    if isinstance(value, dict):
        kept = {name: tidy(each) for name, each in value.items()}
        if kept and set(kept) <= set(LANGUAGES):
            kept = {name: each for name, each in kept.items() if name == "ru" or each}
        return kept
    if isinstance(value, list):
        return [tidy(each) for each in value]
    return value.strip() if isinstance(value, str) else value


def merged(seen: Any, wanted: Any, present: Any, name: str = "") -> Any:
    """What shall stand there. Raises EditConflict.

    Of a set of fields only those are touched that `seen` or `wanted` names; one that `wanted` leaves out is taken away.
    """
    if not (isinstance(wanted, dict) and isinstance(present, dict)) or _is_text(wanted) or _is_text(present):
        if wanted in (seen, present):
            return present
        if seen != present and (seen is not None or present is not None):
            raise EditConflict({name: (seen, present)})
        return wanted
    before = seen if isinstance(seen, dict) else {}
    result, changed = dict(present), {}
    for field in {**before, **wanted}:
        was, wish, stands = before.get(field), wanted.get(field), present.get(field)
        if wish in (was, stands):
            continue
        if field in before and was != stands:
            changed[field] = (was, stands)
        elif field in wanted:
            result[field] = wish
        else:
            result.pop(field, None)
    if changed:
        raise EditConflict(changed)
    return result


def _is_text(value: Any) -> bool:
    """A sentence in its languages is one value: half of one and half of another is nobody's sentence."""
    return isinstance(value, dict) and "ru" in value and set(value) <= set(LANGUAGES)


def changed_document(document: dict[str, Any], place: Place, seen: Any, wanted: Any) -> dict[str, Any]:
    """The document after the change; the given one stays as it is. Raises EditConflict, BadEdit."""
    document = deepcopy(document)
    present = at(document, place)
    seen, wanted = tidy(seen), tidy(wanted)
    if present is None and seen is not None:
        raise EditConflict({"": (seen, None)})
    if wanted is None:
        if present is not None and seen != present:
            # Who takes something away has seen it as it is; of a form that shows a part of it, that part.
            shown = {name: present.get(name) for name in seen} if isinstance(seen, dict) and isinstance(present, dict) else present
            if shown != seen:
                raise EditConflict({"": (seen, present)})
        wish = None
    elif present is None:
        wish = wanted
    else:
        if seen is None and place and place[-2:-1] and _in_list(document, place):
            raise BadEdit({KEYS[place[-2]]: _THERE})
        wish = merged(seen, wanted, present, place[-1] if place else "")
    _put(document, place, wish)
    return document


def _in_list(document: Any, place: Place) -> bool:
    return isinstance(at(document, place[:-1]), list) and not is_given(place)


def _put(document: dict[str, Any], place: Place, wish: Any) -> None:
    if is_given(place):
        _give(at(document, place[:2]) or {}, place[3], wish)
        return
    parent, step = at(document, place[:-1]), place[-1]
    if isinstance(parent, list):
        key = KEYS[place[-2]]
        where = next((index for index, each in enumerate(parent) if each.get(key) == step), None)
        if wish is None:
            parent[:] = [each for each in parent if each.get(key) != step]
        elif where is None:
            parent.append({**(NEW_OFFICE if place[0] == "offices" and len(place) == 2 else {}), key: step, **wish})
        else:
            if wish.get(key) != step and place[-2] != "lanes":
                raise BadEdit({key: _RENAMED})
            parent[where] = wish
    elif isinstance(parent, dict) and wish is None and place[-2:-1] and place[-2] in ("texts", "overrides"):
        parent.pop(step, None)
    elif isinstance(parent, dict):
        parent[step] = wish


def _give(office: dict[str, Any], code: str, wish: dict[str, Any] | None) -> None:
    """One service of one office, with its desks; taken away, it leaves desks, lanes and overrides too."""
    said = wish or {}
    if wish is None:
        office["services"] = _without(office["services"], code)
        for lane in office["lanes"]:
            lane["services"] = _without(lane["services"], code)
        office["lanes"] = [lane for lane in office["lanes"] if lane["services"]]
    elif code not in office["services"]:
        office["services"] = [*office["services"], code]
    for desk in office["desks"]:
        for field, numbers in (("services", said.get("desks", [])), ("help_out", said.get("help_out", []))):
            shall = desk["number"] in numbers
            if shall is not (code in desk[field]):
                desk[field] = [*desk[field], code] if shall else _without(desk[field], code)
    if said.get("override"):
        office["overrides"][code] = said["override"]
    else:
        office["overrides"].pop(code, None)


def _without(codes: list[str], code: str) -> list[str]:
    return [each for each in codes if each != code]
