"""A table as a file that an office's spreadsheet opens by a double click: UTF-8 with its mark, semicolons, and nothing that calculates.

Refuses to let a cell be a formula: what begins like one gets an apostrophe, as spreadsheets themselves write a text.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

MARK: Final = "\ufeff"
"""By which a spreadsheet knows UTF-8."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def line(values: Sequence[object]) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerow([cell(each) for each in values])
    return out.getvalue()


def whole(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return (MARK + line(head) + "".join(line(row) for row in rows)).encode()


async def streamed(head: Sequence[str], rows: AsyncIterator[Sequence[object]]) -> AsyncIterator[bytes]:
    yield (MARK + line(head)).encode()
    async for row in rows:
        yield line(row).encode()
