"""The rules of devices: settings, codes, and what raises an alarm. Pure, one line per case."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from queue_service.devices.alarms import SKEW_SECONDS, Alarm, AlarmKind, Facts, Report, Standing, alarms, standing
from queue_service.devices.errors import BadSettings
from queue_service.devices.health import skew_seconds
from queue_service.devices.models import DeviceKind
from queue_service.devices.rules import OF_KIND, PAGE_VERSIONS, check_settings, code_of, is_to_be_renewed, settings_of

NOW = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]
KIOSK, DISPLAY = DeviceKind.KIOSK, DeviceKind.DISPLAY


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def told(**words: Any) -> Facts:
    """A kiosk that is there and says this."""
    return Facts(KIOSK, seen_at=ago(seconds=5), open_since=ago(hours=1), report=Report(**{"at": ago(seconds=5), **words}))


CASES = [
    ("all is well", told(printer="ok", paper="ok", sound="ok", skew_seconds=0.2, version=PAGE_VERSIONS[KIOSK]), []),
    ("an old page that says nothing", told(), []),
    ("the printer has an error", told(printer="error"), ["printer"]),
    ("paper is low", told(paper="low"), ["paper_low"]),
    ("paper is out", told(paper="out"), ["paper_out"]),
    ("the clock is half a minute off", told(skew_seconds=SKEW_SECONDS), []),
    ("the clock is ahead", told(skew_seconds=30.1), ["clock"]),
    ("the clock is behind", told(skew_seconds=-3600.0), ["clock"]),
    ("the page had an error just now", told(errors_at=ago(minutes=59)), ["page_errors"]),
    ("the page has got over its error", told(errors_at=ago(minutes=60)), []),
    ("the page is an old one", told(version="1"), ["old_version"]),
    ("the browser blocks the sound", told(sound="blocked"), ["sound"]),
    ("there is no voice to play", told(sound="absent"), []),
    ("not heard for two minutes, and open", Facts(KIOSK, seen_at=ago(seconds=121), open_since=ago(hours=1)), ["unseen"]),
    ("heard within two minutes", Facts(KIOSK, seen_at=ago(seconds=119), open_since=ago(hours=1)), []),
    ("not heard for a day, and closed", Facts(KIOSK, seen_at=ago(days=1)), []),
    ("the office has just opened", Facts(KIOSK, seen_at=ago(days=1), open_since=ago(seconds=60)), []),
    ("the office opened three minutes ago", Facts(KIOSK, seen_at=ago(days=1), open_since=ago(seconds=180)), ["unseen"]),
    ("paired and never heard", Facts(DISPLAY, paired_at=ago(minutes=5), open_since=ago(hours=1)), ["unseen"]),
    ("made for a program and never used", Facts(KIOSK, open_since=ago(hours=1)), []),
    ("somebody has a copy of its token", Facts(KIOSK, seen_at=ago(seconds=5), replayed_at=ago(days=3)), ["replayed"]),
]


@pytest.mark.parametrize(("facts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_raises_an_alarm(facts: Facts, expected: list[str]) -> None:
    assert [alarm.kind.value for alarm in alarms(facts, NOW)] == expected


def test_the_newest_alarm_is_first_and_says_since_when() -> None:
    report = Report(at=ago(seconds=5), printer="error", paper="low")
    since = {AlarmKind.PRINTER: ago(minutes=3), AlarmKind.PAPER_LOW: ago(minutes=1)}
    found = alarms(Facts(KIOSK, seen_at=ago(seconds=5), replayed_at=ago(days=1), report=report, since=since), NOW)
    assert found == [
        Alarm(AlarmKind.PAPER_LOW, ago(minutes=1)),
        Alarm(AlarmKind.PRINTER, ago(minutes=3)),
        Alarm(AlarmKind.REPLAYED, ago(days=1)),
    ]
    (silent,) = alarms(Facts(KIOSK, seen_at=ago(minutes=30), open_since=ago(minutes=10)), NOW)
    assert silent.since == ago(minutes=8), "while the hall was closed nobody missed it"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (told(), Standing.WORKS),
        (told(paper="low"), Standing.ATTENTION),
        (told(paper="out"), Standing.ALARM),
        (Facts(KIOSK, seen_at=ago(hours=9)), Standing.QUIET),
        (Facts(KIOSK, seen_at=ago(hours=9), open_since=ago(hours=1)), Standing.ALARM),
        (Facts(KIOSK), Standing.NEVER),
    ],
)
def test_how_a_device_stands_in_one_word(facts: Facts, expected: Standing) -> None:
    assert standing(facts, alarms(facts, NOW), NOW) == expected


def test_a_slow_line_is_not_a_wrong_clock() -> None:
    """The report left 20 seconds ago, half of its round trip of 40."""
    assert skew_seconds(ago(seconds=20), 40_000, NOW) == 0.0
    assert skew_seconds(ago(seconds=20), None, NOW) == -20.0
    assert skew_seconds(NOW.replace(tzinfo=None) + timedelta(seconds=45), 0, NOW) == 45.0


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("483 291", "483291"),
        ("483291", "483291"),
        (" 483-291 ", "483291"),
        ("48329", None),
        ("4832911", None),
        ("48329а", None),
        ("", None),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str, code: str | None) -> None:
    assert code_of(typed) == code


def test_a_token_is_renewed_after_thirty_days_and_one_for_programs_never() -> None:
    assert not is_to_be_renewed(ago(days=29), NOW)
    assert is_to_be_renewed(ago(days=30), NOW)
    assert not is_to_be_renewed(None, NOW)


NIGHT = {"from": "21:30", "to": "07:00", "dim": 60}
GOOD: list[tuple[DeviceKind, dict[str, Any], dict[str, Any]]] = [
    (KIOSK, {"languages": ["en", "ru"]}, {"languages": ["ru", "en"]}),
    (KIOSK, {"night": NIGHT, "closed": None}, {"night": NIGHT, "closed": None}),
    (DISPLAY, {"closed": {"ru": " Зал закрыт ", "en": ""}}, {"closed": {"ru": "Зал закрыт"}}),
    (DISPLAY, {"distance_m": 12, "volume": 0, "gong": False}, {"distance_m": 12, "volume": 0, "gong": False}),
]
BAD: list[tuple[DeviceKind, dict[str, Any], list[str]]] = [
    (KIOSK, {"volume": 50}, ["volume"]),
    (DISPLAY, {"languages": ["en"]}, ["languages"]),
    (KIOSK, {"languages": ["en"]}, ["languages"]),
    (KIOSK, {"languages": "ru"}, ["languages"]),
    (KIOSK, {"idle_seconds": 5, "print": "yes"}, ["idle_seconds", "print"]),
    (DISPLAY, {"distance_m": 500, "rows": 2.5, "volume": True}, ["distance_m", "rows", "volume"]),
    (DISPLAY, {"theme": "pink"}, ["theme"]),
    (DISPLAY, {"night": {"from": "25:00", "to": "7", "dim": 100}}, ["night.dim", "night.from", "night.to"]),
    (DISPLAY, {"night": {"from": "22:00", "to": "22:00", "dim": 50}}, ["night.to"]),
    (DISPLAY, {"night": True}, ["night"]),
    (KIOSK, {"closed": {"en": "Closed"}}, ["closed.ru"]),
    (KIOSK, {"closed": {"ru": "я" * 201}}, ["closed.ru"]),
    (KIOSK, {"closed": {"ru": 5}}, ["closed.ru"]),
]


@pytest.mark.parametrize(("kind", "wanted", "kept"), GOOD)
def test_settings_that_can_be(kind: DeviceKind, wanted: dict[str, Any], kept: dict[str, Any]) -> None:
    assert check_settings(kind, wanted) == kept


@pytest.mark.parametrize(("kind", "wanted", "places"), BAD)
def test_settings_that_cannot_be(kind: DeviceKind, wanted: dict[str, Any], places: list[str]) -> None:
    with pytest.raises(BadSettings) as error:
        check_settings(kind, wanted)
    assert sorted(error.value.places) == places


def test_what_a_device_starts_with_can_be_set() -> None:
    for kind, settings in OF_KIND.items():
        assert check_settings(kind, settings) == settings
        assert settings_of(kind, {"rows": 3, "unheard": 1}) == {**settings, **({"rows": 3} if kind is DISPLAY else {})}


def test_the_pages_say_the_version_that_the_service_expects() -> None:
    kiosk = (ROOT / "kiosk" / "js" / "device.js").read_text("utf-8")
    display = (ROOT / "display" / "js" / "health.js").read_text("utf-8")
    said = [re.search(r'\bVERSION = "(\w+)"', text) for text in (kiosk, display)]
    assert [found and found[1] for found in said] == [PAGE_VERSIONS[KIOSK], PAGE_VERSIONS[DISPLAY]]
