"""Every act of the package has its sentence, in both languages, and a file of them is safe to open."""

import ast
import csv
import io
import re
from collections.abc import Iterator

import pytest

from queue_service.audit.csv_form import cell, whole
from queue_service.audit.words import SENTENCES, SUBJECTS, sentence, subject_in_words
from queue_service.settings import CHECKOUT
from queue_service.text import LANGUAGES

WORD = re.compile(r"(?:^|')([a-z]+\.[a-z_]+)(?:$|')")
"""A string of this shape, or one inside an SQL statement."""


KINDS = {word.partition(".")[0] for word in SENTENCES}
"""Of other strings of this shape there are few: names of files and of a form's fields."""


def words_in_use() -> Iterator[str]:
    """Every literal of an act's shape and kind in the modules that write the record, and of any kind where an `Act` is made of it."""
    for path in sorted((CHECKOUT / "queue_service").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if "queue_service.audit.journal import" not in text and "INSERT INTO audit_record" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield from (word for word in WORD.findall(node.value) if word.partition(".")[0] in KINDS)
            elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("Act", "Audited"):
                for inner in (each for argument in node.args[:1] for each in ast.walk(argument)):
                    if isinstance(inner, ast.Constant):
                        yield from WORD.findall(str(inner.value))


def test_the_words_that_are_written_are_those_that_have_a_sentence() -> None:
    """Both ways: a word without a sentence tells its reader nothing, and a sentence without a word promises what is not recorded."""
    assert set(words_in_use()) == set(SENTENCES)


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
