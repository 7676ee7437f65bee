"""The README is the front door: what it says of the states is what the rules say, and its pictures and files exist."""

import re
from pathlib import Path

from queue_service.tickets.rules import TRANSITIONS, State

CHECKOUT = Path(__file__).resolve().parent.parent
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_state_table_is_the_rules_transition_table() -> None:
    section = README.split("### A ticket's states")[1].split("**Who is next.**")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", section, re.MULTILINE)
    told = {State(state): frozenset(State(word) for word in re.findall(r"`(\w+)`", targets)) for state, targets in rows}
    assert told == TRANSITIONS


def test_the_pictures_it_shows_exist() -> None:
    pictures = re.findall(r'src="([^"]+)"', README)
    assert len(pictures) >= 6
    assert [picture for picture in pictures if not (CHECKOUT / picture).is_file()] == []


def test_the_files_it_names_exist() -> None:
    named = re.findall(r"(?:queue_service|tests|cities|deploy|kiosk|display)/[\w./-]*\.(?:py|yaml|md|js)\b", README)
    assert len(named) >= 10
    assert [name for name in named if not (CHECKOUT / name).exists()] == []


def test_every_setting_is_in_the_configuration_table() -> None:
    read = set(re.findall(r"QUEUE_[A-Z_]+", (CHECKOUT / "queue_service" / "settings.py").read_text(encoding="utf-8")))
    assert read <= set(re.findall(r"QUEUE_[A-Z_]+", README))
