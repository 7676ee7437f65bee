"""Every act of the package has its sentence, in both languages, and a file of them is safe to open."""

import ast
import csv
import io
from collections.abc import Iterator

import pytest

from queue_service.audit.csv_form import cell, whole
from queue_service.audit.words import SENTENCES, SUBJECTS, sentence, subject_in_words
from queue_service.desks.audited import WORDS
from queue_service.settings import CHECKOUT
from queue_service.text import LANGUAGES


def words_in_use() -> Iterator[tuple[str, str]]:
    """Every literal that is an act's word: where an `Act` is made (by whatever name it was imported), or a constant of its shape."""
    for path in sorted((CHECKOUT / "queue_service").rglob("*.py")):
        if path.name == "words.py" and path.parent.name == "audit":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.module == "queue_service.audit.journal"
            for alias in node.names
            if alias.name == "Act"
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names and node.args:
                for inner in ast.walk(node.args[0]):
                    if isinstance(inner, ast.Constant) and isinstance(inner.value, str) and "." in inner.value:
                        yield inner.value, path.name


def test_every_act_has_a_sentence() -> None:
    used = list(words_in_use())
    assert len(used) > 15
    assert sorted({f"{word} ({where})" for word, where in used if word not in SENTENCES}) == []
    assert set(WORDS.values()) <= set(SENTENCES)


def test_every_sentence_is_whole() -> None:
    for text in [*SENTENCES.values(), *SUBJECTS.values()]:
        assert set(text) == set(LANGUAGES)
        assert all(text.values())
        assert "!" not in "".join(text.values())


def test_an_unknown_word_is_shown_as_it_is() -> None:
    assert sentence("moon.landed", "ru") == "moon.landed"
    assert sentence("ticket.reordered", "en") == "A ticket was put first"
    assert [subject_in_words(each, "ru") for each in ("ticket:17", "moon:1", "offices/x", "ticket")] == [
        "талон 17",
        "moon:1",
        "offices/x",
        "ticket",
    ]


@pytest.mark.parametrize("begun", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(begun: str) -> None:
    dangerous = f'{begun}HYPERLINK("http://evil")'
    (row,) = list(csv.reader(io.StringIO(whole(["a"], [[dangerous]]).decode("utf-8-sig")), delimiter=";"))[1:]
    assert row == [f"'{dangerous}"]


def test_the_file_is_as_spreadsheets_want_it() -> None:
    made = whole(["Имя", "Число"], [['"кавычки"; и точка', 5], [None, "две\nстроки"]])
    assert made.startswith(b"\xef\xbb\xbf")
    assert list(csv.reader(io.StringIO(made.decode("utf-8-sig"), newline=""), delimiter=";")) == [
        ["Имя", "Число"],
        ['"кавычки"; и точка', "5"],
        ["", "две\nстроки"],
    ]
    assert cell(None) == ""
