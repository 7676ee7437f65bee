"""Which passwords can be chosen: a table to read, and how they are kept."""

import time

import pytest
from argon2 import PasswordHasher

from queue_service.db import Database
from queue_service.staff.errors import WeakPassword
from queue_service.staff.passwords import SHORTEST, in_latin, is_outdated, judge_now, other_layout
from queue_service.staff.sign_in import Opened
from tests.staff.scene import GOOD_PASSWORD, Somebody
from tests.support.factories import PASSWORD, a_clerk, an_office

ABOUT = ("a.smirnova", "Смирнова Анна", "Адмиралтейский район")

WEAK = [
    ("Ab3$efgh", "короче 10"),
    ("1234567890", "первыми"),
    ("qwertyuiop12", "первыми"),
    ("йцукенгшщз12", "первыми"),
    ("1q2w3e4r5t6y", "первыми"),
    ("aaaaaaaaaaaaaaa", "Повторения"),
    ("абвгдеёжзий", "Последовательности"),
    ("любовь1234", "первыми"),
    ("парольпароль", "первыми"),
    ("gfhjkmgfhjkm", "Повторения"),
    ("Ghbdtn12345", "первыми"),
    ("Ленинград2024", "первыми"),
    ("smirnova2026", "Ваше имя"),
    ("Смирнова-Анна", "Ваше имя"),
    ("cvbhyjdf2026", "Ваше имя"),
    ("электронная очередь", "первыми"),
    ("собакоголовый", "Одного слова мало"),
    ("Собакоголовый1", "Одного слова мало"),
    ("cj,frjujkjdsq", "Одного слова мало"),
    ("password-2026", "первыми"),
]
GOOD = [
    GOOD_PASSWORD,
    "rehcrfz dbiyz j,ktnftn",
    "correct horse battery staple",
    "kT9#vw2Lq!zz",
    "Фуксия4тромбон",
    PASSWORD,
    "x7" * 5 + "длинный хвост",
]


@pytest.mark.parametrize(("password", "said"), WEAK, ids=[each[0] for each in WEAK])
def test_a_weak_password_is_refused_with_the_reason(password: str, said: str) -> None:
    with pytest.raises(WeakPassword) as error:
        judge_now(password, ABOUT)
    assert said in error.value.text["ru"]
    assert error.value.text["en"]


@pytest.mark.parametrize("password", GOOD)
def test_a_password_that_is_hard_to_guess_is_taken_without_rules_of_composition(password: str) -> None:
    judge_now(password, ABOUT)


def test_the_same_password_is_weak_for_whose_name_it_is() -> None:
    judge_now("кузнечикова ольга", ABOUT)
    with pytest.raises(WeakPassword):
        judge_now("кузнечикова ольга", ("olga", "Кузнечикова Ольга"))


@pytest.mark.parametrize("password", ["ab" * 500, "ы" * 1000, "qwerty" * 160, "1a2b3c4d5e" * 100])
def test_a_long_password_does_not_take_long_to_judge(password: str) -> None:
    """In seconds of the processor, which a busy machine does not lengthen."""
    started = time.thread_time()
    with pytest.raises(WeakPassword):
        judge_now(password)
    assert time.thread_time() - started < 2
    with pytest.raises(WeakPassword, match="длиннее"):
        judge_now(password + "x" * 1000)


def test_the_same_keys_in_the_other_layout() -> None:
    assert other_layout("gfhjkm") == "пароль"
    assert other_layout("Йцукен!") == "Qwerty!"
    assert other_layout(other_layout("Ghbdtn, мир")) == "Ghbdtn, мир"
    assert in_latin("Смирнова") == "smirnova"
    assert SHORTEST == 10


async def test_a_hash_of_older_parameters_is_made_anew_at_the_next_sign_in(database: Database) -> None:
    clerk = await a_clerk(database, await an_office(database))
    read = "SELECT password_hash FROM account WHERE id = $1"
    before = await database.hot.fetchval(read, clerk.account_id)
    assert is_outdated(before)
    assert isinstance(await Somebody(database).try_(clerk.login), Opened)
    after = await database.hot.fetchval(read, clerk.account_id)
    assert not is_outdated(after)
    assert PasswordHasher().verify(after, PASSWORD)
    await Somebody(database).try_(clerk.login)
    assert await database.hot.fetchval(read, clerk.account_id) == after, "once is enough"
