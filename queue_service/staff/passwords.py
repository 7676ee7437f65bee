"""Passwords: how they are kept, and which are too easy to choose.

A chosen password is guessed at by zxcvbn as typed and as the same keys give it in the other layout, with Russian words that zxcvbn does
not know and with everything about the person that a stranger could read. Refuses rules of composition: capitals and digits on demand
make «Пароль123».
"""

import asyncio
import re
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from queue_service.staff.common_words import HERE, WORDS
from queue_service.staff.errors import WeakPassword
from queue_service.text import Text

SHORTEST: Final = 10
"""Shorter ones fall to a stolen dump whatever they are made of."""
LONGEST: Final = 1000
"""Nobody types more; hashing a megabyte would be a gift to whoever wants us slow."""
JUDGED: Final = 72
"""zxcvbn takes time with the square of the length, and the beginning of a long password is strong enough or repeats itself."""
ENOUGH: Final = 3
"""zxcvbn's scale of 0 to 4: more than 10^8 guesses, hours against a slow hash where one account is attacked."""
LONG_WORD: Final = 16
"""A single word up to here is in a dictionary of forms; Russian ones hardly get longer."""
_HASHER = PasswordHasher()
_ONE_AT_A_TIME = threading.Lock()
"""zxcvbn keeps the words about the person in a table of its module."""


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def is_right(password_hash: str, password: str) -> bool:
    """Takes tens of milliseconds of a core: in a thread, so that calls to visitors do not wait for a password."""
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


async def judge(password: str, about: Iterable[str]) -> None:
    """Raises WeakPassword. `about`: login, name, office, whatever a stranger knows of the person."""
    await asyncio.to_thread(judge_now, password, tuple(about))


def judge_now(password: str, about: tuple[str, ...] = ()) -> None:
    """The same for a program that does nothing else meanwhile."""
    if len(password) < SHORTEST:
        raise WeakPassword({"ru": f"Пароль короче {SHORTEST} символов.", "en": f"The password is shorter than {SHORTEST} characters."})
    if len(password) > LONGEST:
        raise WeakPassword({"ru": f"Пароль длиннее {LONGEST} символов.", "en": f"The password is longer than {LONGEST} characters."})
    for typed in (True, False):
        guess = _guess(password[:JUDGED] if typed else other_layout(password[:JUDGED]), about)
        if guess.score < ENOUGH:
            raise WeakPassword(_sentence(guess, typed))
    if _is_one_word(password):
        raise WeakPassword(
            {
                "ru": "Одного слова мало. Возьмите три-четыре слова, не связанных между собой.",
                "en": "One word is not enough. Take three or four words that have nothing to do with each other.",
            }
        )


_LATIN: Final = "`qwertyuiop[]asdfghjkl;'zxcvbnm,." + '~QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>'
_CYRILLIC: Final = "ёйцукенгшщзхъфывапролджэячсмитьбю" + "ЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ"
_OTHER: Final = str.maketrans(_LATIN + _CYRILLIC, _CYRILLIC + _LATIN)


def other_layout(text: str) -> str:
    """What the same keys would have given: «gfhjkm» is «пароль»."""
    return text.translate(_OTHER)


_LETTERS: Final = "а б в г д е ё ж з и й к л м н о п р с т у ф х ц ч ш щ ъ ы ь э ю я"
_IN_LATIN: Final = "a b v g d e e zh z i y k l m n o p r s t u f h ts ch sh sch . y . e yu ya"
_SPELLED: Final = dict(zip(_LETTERS.split(), _IN_LATIN.split(), strict=True))


def in_latin(word: str) -> str:
    """«смирнова» as people write it in a login: smirnova."""
    return "".join(_SPELLED.get(letter, letter) for letter in word.lower()).replace(".", "")


@dataclass(frozen=True, slots=True)
class _Guess:
    score: int
    pattern: str
    """Of the longest piece that was guessed as a whole."""
    personal: bool


@cache
def _common() -> tuple[str, ...]:
    return tuple(dict.fromkeys([*HERE, *WORDS, *map(in_latin, WORDS)]))


def _personal(about: tuple[str, ...]) -> list[str]:
    parts = [part for each in about for part in (each.lower(), *re.split(r"[\W_]+", each.lower()))]
    own = [part for part in dict.fromkeys(parts) if len(part) > 2]
    return [*own, *map(in_latin, own)]


def _guess(password: str, about: tuple[str, ...]) -> _Guess:
    # Its word lists weigh 14 MB, and most workers never see a new password.
    from zxcvbn import zxcvbn  # type: ignore[import-untyped]  # has no types

    own = _personal(about)
    with _ONE_AT_A_TIME:
        result = zxcvbn(password, user_inputs=[*own, *_common()], max_length=JUDGED)
    pieces: list[dict[str, Any]] = [each for each in result["sequence"] if each["pattern"] != "bruteforce"]
    longest = max(pieces, key=lambda each: len(each["token"]), default={"pattern": "bruteforce"})
    return _Guess(result["score"], longest["pattern"], longest.get("matched_word") in set(own))


_WRONG: Final[dict[str, Text]] = {
    "spatial": {
        "ru": "Соседние клавиши подбирают первыми. Возьмите три-четыре слова, не связанных между собой.",
        "en": "Rows of keys are guessed first. Take three or four words that have nothing to do with each other.",
    },
    "repeat": {
        "ru": "Повторения не делают пароль сильнее. Возьмите три-четыре разных слова.",
        "en": "Repeating does not make a password stronger. Take three or four different words.",
    },
    "sequence": {
        "ru": "Последовательности вроде 1234 или абвг подбирают первыми.",
        "en": "Sequences such as 1234 or abcd are guessed first.",
    },
    "date": {"ru": "Даты и годы легко подобрать: добавьте слова.", "en": "Dates and years are easy to guess: add words."},
}
_PERSONAL: Final[Text] = {
    "ru": "Ваше имя, логин и отделение угадывают первыми. Возьмите слова, которые с вами не связаны.",
    "en": "Your name, login and office are guessed first. Take words that have nothing to do with you.",
}
_OTHER_LAYOUT: Final[Text] = {
    "ru": "Частый пароль в другой раскладке клавиатуры подбирают так же быстро. Возьмите три-четыре слова, не связанных между собой.",
    "en": "A common password typed in the other keyboard layout is guessed as fast. Take three or four unrelated words.",
}
_COMMON: Final[Text] = {
    "ru": "Этот пароль — из тех, что подбирают первыми. Возьмите три-четыре слова, не связанных между собой.",
    "en": "This is one of the passwords that are guessed first. Take three or four words that have nothing to do with each other.",
}


def _sentence(guess: _Guess, typed: bool) -> Text:
    if guess.personal:
        return _PERSONAL
    if guess.pattern in _WRONG:
        return _WRONG[guess.pattern]
    return _COMMON if typed else _OTHER_LAYOUT


_WORD: Final = re.compile(r"[^a-zа-яё]*([a-zа-яё]+)[^a-zа-яё]*")
_CLUSTER: Final = re.compile(r"[бвгджзйклмнпрстфхцчшщ]{5}|[аеёиоуыэюя]{4}|^[ъьы]|[ъь]{2}")
"""What no Russian word has: five consonants in a row (nearly), four vowels, a sign at the beginning."""


def _is_one_word(password: str) -> bool:
    """Russian only: zxcvbn knows English words, and counts Cyrillic letters as if they were drawn by lot."""
    lower = password.lower()
    for text in (lower, other_layout(lower)):
        found = _WORD.fullmatch(text)
        if found is None or len(found[1]) > LONG_WORD or found[1].isascii():
            continue
        if text is lower or not _CLUSTER.search(found[1]):
            return True
    return False
