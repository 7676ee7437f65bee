"""Whoever starts the simulator at the wrong moment reads a sentence that says what to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from queue_service.errors import SettingsError
from queue_service.simulator.access import Access, read_access


def an_access(clerks: int) -> dict[str, Any]:
    return {
        "kiosk_token": "kiosk",
        "display_token": "display",
        "clerks": [{"login": f"clerk-{number}", "password": "neva", "desk": str(number)} for number in range(1, clerks + 1)],
    }


def written(folder: Path, *, clerks: int = 6, offices: bool = True) -> Path:
    content = {"base_url": "http://localhost:8000/", "office": "admiralteysky", **an_access(clerks), "admin": {"login": "admin"}}
    if offices:
        content["offices"] = {"admiralteysky": an_access(clerks), "nevsky": an_access(2), "empty": an_access(0)}
    path = folder / "demo.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def desks(access: Access, size: int | None = None) -> list[str]:
    return [clerk.desk for clerk in access.of.team(size)]


def test_without_a_wish_the_printed_office_is_played(tmp_path: Path) -> None:
    access = read_access(written(tmp_path), None)
    assert (access.office, access.base_url) == ("admiralteysky", "http://localhost:8000")


def test_another_office_of_the_demo_can_be_played(tmp_path: Path) -> None:
    assert read_access(written(tmp_path), "nevsky").office == "nevsky"


def test_a_file_with_one_office_only_is_enough(tmp_path: Path) -> None:
    assert read_access(written(tmp_path, offices=False), "admiralteysky").of.kiosk_token == "kiosk"


def test_the_two_printed_desks_stay_free_for_people(tmp_path: Path) -> None:
    assert desks(read_access(written(tmp_path), None)) == ["3", "4", "5", "6"]


def test_the_printed_desks_are_taken_last(tmp_path: Path) -> None:
    access = read_access(written(tmp_path), None)
    assert desks(access, 1) == ["3"]
    assert desks(access, 6) == ["3", "4", "5", "6", "1", "2"]


def test_a_small_office_plays_with_everybody_it_has(tmp_path: Path) -> None:
    assert desks(read_access(written(tmp_path, clerks=3), None)) == ["3", "1", "2"]


def test_more_clerks_than_there_are_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="операторов в отделении 6, а задано --clerks 7"):
        read_access(written(tmp_path), None).of.team(7)


def test_a_missing_file_tells_to_start_the_demo(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Сначала запустите демонстрацию"):
        read_access(tmp_path / "demo.json", None)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"base_url": "http://localhost"}'])
def test_a_half_written_file_tells_to_write_it_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "demo.json").write_text(content)
    with pytest.raises(SettingsError, match="испорчен или от другой версии"):
        read_access(tmp_path / "demo.json", None)


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="не читается"):
        read_access(tmp_path, None)


def test_an_unknown_office_is_told_together_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"отделения moon в демонстрации нет\. Есть: admiralteysky, empty, nevsky"):
        read_access(written(tmp_path), "moon")


def test_an_office_without_clerks_cannot_be_played(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="нет операторов"):
        read_access(written(tmp_path), "empty")
