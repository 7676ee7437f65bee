"""The clips of the hall's voice: complete, audible, harmless to recordings. The engine is the real one."""

from __future__ import annotations

import json
import math
import shutil
import struct
import subprocess
import sys
import wave
from array import array
from pathlib import Path

import pytest

from queue_service import voice


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voice") / "ru"
    voice.make_clips(folder)
    return folder


@pytest.fixture
def clips(made: Path, tmp_path: Path) -> Path:
    """A private copy, for tests that change it."""
    return Path(shutil.copytree(made, tmp_path / "ru"))


def samples(file: Path) -> array[int]:
    with wave.open(str(file)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (voice.RATE, 1, 2)
        return array("h", sound.readframes(sound.getnframes()))


def manifest_of(folder: Path) -> dict[str, dict[str, str | float]]:
    content: dict[str, dict[str, str | float]] = json.loads((folder / "manifest.json").read_bytes())
    return content


def a_recording(file: Path, seconds: float = 0.5) -> bytes:
    with wave.open(str(file), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(44_100)
        sound.writeframes(b"\1\0\1\0" * int(44_100 * seconds))
    return file.read_bytes()


def test_every_word_a_call_can_need_has_a_clip(made: Path) -> None:
    manifest = manifest_of(made)
    numbers = [*range(20), *range(20, 100, 10), *range(100, 1_000, 100), *range(1_000, 10_000, 1_000)]
    expected = {"gong", "ticket", "recall", "go", *"АВГДЕКЛМНПРСТУФЭ"}
    expected |= {f"{number}{ending}" for number in numbers for ending in ("", "-end")}
    assert set(manifest) == expected
    for clip in manifest.values():
        sound = samples(made / str(clip["file"]))
        assert clip["seconds"] == pytest.approx(len(sound) / voice.RATE, abs=0.001)


def test_clips_are_trimmed_equally_loud_and_never_clipped(made: Path) -> None:
    for name, clip in manifest_of(made).items():
        sound = samples(made / str(clip["file"]))
        peak = max(map(abs, sound)) / 32_767
        loudness = 20 * math.log10(math.sqrt(sum(value * value for value in sound) / len(sound)) / 32_767)
        assert peak <= voice.CEILING + 0.001, name
        assert -23.5 < loudness < -16.5, f"{name}: {loudness:.1f} dB"
        quiet = next(at for at, value in enumerate(sound) if abs(value) > 0.05 * peak * 32_767)
        assert quiet < 0.12 * voice.RATE, f"{name} begins with silence"
        assert 0.2 < float(clip["seconds"]) < 2.5, name


def test_the_gong_is_two_falling_tones_that_fade_away() -> None:
    sound = voice.gong()

    def strength(pitch: float, start: float, length: float = 0.3) -> float:
        part = sound[int(start * voice.RATE) : int((start + length) * voice.RATE)]
        angle = 2 * math.pi * pitch / voice.RATE
        real = sum(value * math.cos(angle * at) for at, value in enumerate(part))
        imaginary = sum(value * math.sin(angle * at) for at, value in enumerate(part))
        return math.hypot(real, imaginary) / len(part)

    assert strength(659.26, 0.05) > 5 * strength(523.25, 0.05)
    assert strength(523.25, 0.8) > 1.5 * strength(659.26, 0.8)
    assert strength(523.25, 0.5) > 3 * strength(523.25, 1.5)
    assert max(map(abs, sound[-20:])) < 400


def test_a_second_run_changes_nothing(clips: Path) -> None:
    before = {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in clips.iterdir()}
    voice.make_clips(clips)
    assert {file.name: (file.stat().st_mtime_ns, file.read_bytes()) for file in clips.iterdir()} == before


def test_a_lost_clip_and_one_of_an_older_recipe_are_made_again(clips: Path) -> None:
    wanted = (clips / "0012.wav").read_bytes()
    mark = next(clip.fingerprint for clip in voice.the_clips() if clip.name == "12")
    (clips / "0012.wav").write_bytes(wanted.replace(mark, voice.MARK + b"0" * 16))
    (clips / "ticket.wav").unlink()
    voice.make_clips(clips)
    assert (clips / "0012.wav").read_bytes() == wanted
    assert samples(clips / "ticket.wav")


def test_a_recording_of_the_office_is_kept_and_measured(clips: Path) -> None:
    recording = a_recording(clips / "0005.wav", seconds=0.75)
    manifest = voice.make_clips(clips)
    assert (clips / "0005.wav").read_bytes() == recording
    assert manifest["5"]["seconds"] == 0.75


def test_a_recorded_number_is_not_mixed_with_the_machines_ending(clips: Path) -> None:
    a_recording(clips / "0005.wav")
    a_recording(clips / "0006.wav")
    a_recording(clips / "0006-end.wav")
    manifest = voice.make_clips(clips)
    assert "5-end" not in manifest
    assert "6-end" in manifest


def test_a_recording_that_no_display_can_play_is_refused_by_name(clips: Path) -> None:
    (clips / "go.wav").write_bytes(b"ID3 this is an mp3")
    with pytest.raises(voice.VoiceError, match=r"go\.wav is not a PCM WAV file"):
        voice.make_clips(clips)


def test_no_half_written_file_is_left_behind(made: Path) -> None:
    assert not [file.name for file in made.iterdir() if file.name.startswith(".")]


def test_the_library_speaks_where_the_program_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("espeakng_loader")
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    (said,) = voice._speak([("двенадцать,", voice.STEADY)])
    assert 0.5 < len(voice.trim(said)) / voice.RATE < 1.2


def test_forty_and_the_lone_vowels_are_read_as_phonemes_not_spelled(made: Path) -> None:
    manifest = manifest_of(made)
    assert 0.3 < float(manifest["40"]["seconds"]) < 0.6
    for vowel in "АУЭ":
        assert 0.3 < float(manifest[vowel]["seconds"]) < 0.7


def test_without_an_engine_the_person_is_told_what_to_install(tmp_path: Path) -> None:
    program = Path(voice.__file__)
    # -S: no site-packages, hence no wheel; an empty PATH: no program.
    done = subprocess.run(
        [sys.executable, "-S", str(program), "--engine"],
        input=b"[]",
        capture_output=True,
        env={"PATH": ""},
        check=False,
    )
    assert done.returncode == 1
    assert "Install the program espeak-ng" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(voice.VoiceError, match="cannot be written"):
        voice.make_clips(blocked)


def test_files_are_read_to_the_end_by_other_programs(made: Path) -> None:
    content = (made / "0012.wav").read_bytes()
    assert struct.unpack_from("<4sI4s", content) == (b"RIFF", len(content) - 8, b"WAVE")
