"""All pages of administration; each subject is a module of its own."""

from typing import Any

HANDLERS: list[Any] = []
