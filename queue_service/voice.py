"""The voice of the hall: which words a call is made of, and the sound file of each.

Why it exists: displays run on cheap boxes and old television sets whose browsers have no speech of their own
(Chromium on Linux ships none), and nothing may be asked of a foreign speech service. So every word a call can need is
spoken once, at set-up, into a small WAV file; the display joins them. `manifest.json` names the clips for it.

Numbers are joined from the pieces a speaker would use (1-19, tens, hundreds, thousands in the right form), which covers
0..9999. Each piece exists twice: as it sounds inside a sentence, and, with the suffix `-end`, as it sounds before the
full stop; without that every call ends in the air.

An office may put its own recordings in place of any file, under the same name. Files made here carry a mark; a file
without the mark is a recording and is never overwritten. Where a number was recorded without its `-end` twin, the
machine's twin is left out of the manifest, so that one call is not spoken in two voices.

What it refuses: a folder it cannot write to, a recording that is not a PCM WAV file, a machine without a speech engine.
The engine is espeak-ng, as a program or as the library of the wheel `espeakng_loader`. It is GPL and therefore always
runs as a process of its own; this module imports nothing but the standard library.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

RATE = 22_050  # what espeak-ng produces; Nyquist at 11 kHz keeps every Russian consonant apart
LANGUAGE = "ru"
STEADY = 135  # words a minute: about a fifth below ordinary speech, what halls with an echo need
SPELLING = 95  # a lone vowel at the steady rate lasts 0.15 s and is lost behind a cough
LONGEST_DATA_PATH = 140  # the library copies the path of its data into 160 characters
TIMEOUT = 60.0  # seconds for everything; the whole set takes about one, so more means that the engine hangs

SPEECH_LEVEL = 0.125  # RMS of full scale (-18 dB): the usual level of announcements, equal for all pieces
CEILING = 0.89  # -1 dB: cheap amplifiers clip just below full scale
SILENCE = 0.012  # of the clip's own peak (-38 dB): below this nobody hears anything in a hall
LEAD_IN = 0.008  # seconds kept before the sound, so that plosives survive the trimming,
LEAD_OUT = 0.030  # and after it, for soft endings

MARK = b"queue-service voice "  # in the file's ISFT field, followed by the recipe's fingerprint
RECIPE = 1  # raise it when the sound is made differently: clips of an older recipe are made anew

LETTERS = {
    "А": ("a", "[['A:]]"), "В": ("ve", "вэ"), "Г": ("ge", "гэ"), "Д": ("de", "дэ"), "Е": ("ye", "е"), "К": ("ka", "ка"),
    "Л": ("el", "эль"), "М": ("em", "эм"), "Н": ("en", "эн"), "П": ("pe", "пэ"), "Р": ("er", "эр"), "С": ("es", "эс"),
    "Т": ("te", "тэ"), "У": ("u", "[['u:]]"), "Ф": ("ef", "эф"), "Э": ("e", "[['E:]]"),
}  # fmt: skip
"""A ticket's first letter -> (file name, words for the engine). Brackets hold phonemes: the lone vowels made long."""

UNITS = [
    "ноль", "один", "два", "три", "четыре", "пять", "шесть", "семь", "восемь", "девять", "десять", "одиннадцать",
    "двенадцать", "тринадцать", "четырнадцать", "пятнадцать", "шестнадцать", "семнадцать", "восемнадцать",
    "девятнадцать",
]  # fmt: skip
TENS = [
    "двадцать", "тридцать",
    "[[s'orVk]]",  # forty, in phonemes: the engine's dictionary stresses this one word on the wrong syllable
    "пятьдесят", "шестьдесят", "семьдесят", "восемьдесят", "девяносто",
]  # fmt: skip
HUNDREDS = ["сто", "двести", "триста", "четыреста", "пятьсот", "шестьсот", "семьсот", "восемьсот", "девятьсот"]
THOUSANDS = [
    "тысяча", "две тысячи", "три тысячи", "четыре тысячи", "пять тысяч", "шесть тысяч", "семь тысяч", "восемь тысяч",
    "девять тысяч",
]  # fmt: skip


class VoiceError(RuntimeError):
    """The clips cannot be made; the message says to the person at set-up what to do."""


@dataclass(frozen=True)
class Clip:
    """One word or phrase: its name in the manifest, its file, and the words for the engine (none: it is the gong)."""

    name: str
    file: str
    words: str | None
    pace: int = STEADY

    @property
    def fingerprint(self) -> bytes:
        """Equal exactly when a clip made earlier would sound the same."""
        recipe = f"{RECIPE}|{self.words}|{self.pace}|{RATE}".encode()
        return MARK + hashlib.sha256(recipe).hexdigest()[:16].encode()


def the_clips() -> Iterator[Clip]:
    """Everything a call can be made of. The names are what the display's `words.js` asks for."""
    yield Clip("gong", "gong.wav", None)
    yield Clip("ticket", "ticket.wav", "талон,")
    yield Clip("recall", "recall.wav", "повторно приглашается талон,")
    yield Clip("go", "go.wav", "пройдите к окну номер,")
    for letter, (stem, words) in LETTERS.items():
        yield Clip(letter, f"letter-{stem}.wav", f"{words},", SPELLING)
    for number, words in _numbers():
        yield Clip(f"{number}", f"{number:04}.wav", f"{words},")
        yield Clip(f"{number}-end", f"{number:04}-end.wav", f"{words}.")


def _numbers() -> Iterator[tuple[int, str]]:
    yield from enumerate(UNITS)
    yield from zip(range(20, 100, 10), TENS, strict=True)
    yield from zip(range(100, 1_000, 100), HUNDREDS, strict=True)
    yield from zip(range(1_000, 10_000, 1_000), THOUSANDS, strict=True)


def make_clips(out_dir: Path) -> dict[str, dict[str, str | float]]:
    """Bring `out_dir` up to date and return its manifest: clip name -> file and length in seconds.

    Does nothing that is already done, keeps recordings, and puts every file into place whole, the manifest last: a
    display that loads in the middle gets a clip of either age, never half of one.
    """
    clips = list(the_clips())
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        missing = [clip for clip in clips if _owner(out_dir / clip.file, clip) == "outdated"]
        for clip, sound in zip(missing, _sounds(missing), strict=True):
            _put(out_dir / clip.file, _wav(sound, clip.fingerprint))
        manifest = _manifest(out_dir, clips)
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode() + b"\n"
        target = out_dir / "manifest.json"
        if not target.exists() or target.read_bytes() != text:
            _put(target, text)
    except OSError as error:
        raise VoiceError(f"The voice clips cannot be written to {out_dir}: {error.strerror or error}") from error
    return manifest


def _manifest(out_dir: Path, clips: Sequence[Clip]) -> dict[str, dict[str, str | float]]:
    recorded = {clip.name for clip in clips if _owner(out_dir / clip.file, clip) == "recording"}
    manifest: dict[str, dict[str, str | float]] = {}
    for clip in clips:
        twin = clip.name.removesuffix("-end")
        if twin != clip.name and twin in recorded and clip.name not in recorded:
            continue
        manifest[clip.name] = {"file": clip.file, "seconds": _seconds(out_dir / clip.file)}
    return manifest


def _owner(file: Path, clip: Clip) -> str:
    """Whose the file is: `ours` and current, `outdated` (or not there yet), or a `recording` by the office."""
    if not file.exists():
        return "outdated"
    content = file.read_bytes()
    if clip.fingerprint in content:
        return "ours"
    return "outdated" if MARK in content else "recording"


def _seconds(file: Path) -> float:
    try:
        with wave.open(str(file), "rb") as sound:
            return round(sound.getnframes() / sound.getframerate(), 3)
    except (wave.Error, EOFError) as error:
        advice = f"{file} is not a PCM WAV file ({error}). Save the recording as 16-bit WAV, or delete it."
        raise VoiceError(advice) from error


def _put(file: Path, content: bytes) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _wav(sound: array[int], mark: bytes) -> bytes:
    """A RIFF file by hand: the standard writer cannot add the mark (LIST/INFO/ISFT, which every player skips)."""
    note = mark + b"\0" * (2 - len(mark) % 2)
    chunks = [
        (b"fmt ", struct.pack("<HHIIHH", 1, 1, RATE, RATE * 2, 2, 16)),
        (b"data", _little_endian(sound)),
        (b"LIST", b"INFOISFT" + struct.pack("<I", len(note)) + note),
    ]
    body = b"WAVE" + b"".join(name + struct.pack("<I", len(content)) + content for name, content in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _little_endian(sound: array[int]) -> bytes:
    if sys.byteorder == "big":
        sound = array("h", sound)
        sound.byteswap()
    return sound.tobytes()


# --- the sound ------------------------------------------------------------------------------------------------------


def _sounds(clips: Sequence[Clip]) -> Iterator[array[int]]:
    spoken = iter(_speak([(clip.words, clip.pace) for clip in clips if clip.words is not None]))
    for clip in clips:
        yield gong() if clip.words is None else level(trim(next(spoken)))


def trim(sound: array[int]) -> array[int]:
    """Cut the silence off both ends, keeping a breath of it, and fade the cuts so that joined clips do not click."""
    threshold = SILENCE * max(map(abs, sound), default=0)
    loud = [at for at, value in enumerate(sound) if abs(value) > threshold]
    if not loud:
        raise VoiceError("The speech engine returned silence. Is its Russian voice installed?")
    sound = sound[max(0, loud[0] - int(LEAD_IN * RATE)) : loud[-1] + int(LEAD_OUT * RATE)]
    fade = min(int(0.005 * RATE), len(sound) // 2)
    for at in range(fade):
        sound[at] = int(sound[at] * at / fade)
        sound[-1 - at] = int(sound[-1 - at] * at / fade)
    return sound


def level(sound: array[int]) -> array[int]:
    """Equal loudness for every piece, measured where there is sound (pauses would make long phrases louder)."""
    floor = 0.05 * max(map(abs, sound))
    voiced = [value for value in sound if abs(value) > floor]
    loudness = math.sqrt(sum(value * value for value in voiced) / len(voiced)) / 32_767
    peak = max(map(abs, sound)) / 32_767
    gain = min(SPEECH_LEVEL * 1.4 / loudness, CEILING / peak)  # 1.4: the voiced part alone lies 3 dB above the whole
    return array("h", (round(value * gain) for value in sound))


def gong() -> array[int]:
    """Two soft falling tones, E5 and C5: low enough for ears that no longer hear high pitch, with a gentle attack.

    Half of full scale: a tone carries further than speech.
    """
    length, second_at = 1.9, 0.42
    sound = [0.0] * int(length * RATE)
    for start, pitch, loudness in ((0.0, 659.26, 0.85), (second_at, 523.25, 1.0)):
        first = int(start * RATE)
        for at in range(first, len(sound)):
            t = (at - first) / RATE
            attack = min(1.0, t / 0.012)
            partials = sum(
                strength * math.sin(2 * math.pi * pitch * ratio * t) * math.exp(-decay * t)
                for ratio, strength, decay in ((1.0, 1.0, 2.6), (2.0, 0.28, 4.5), (3.0, 0.09, 8.0), (4.2, 0.04, 14.0))
            )
            sound[at] += loudness * attack * partials
    release = int(0.15 * RATE)
    for at in range(release):
        sound[-1 - at] *= at / release
    peak = max(map(abs, sound))
    return array("h", (round(value / peak * 0.5 * 32_767) for value in sound))


# --- the engine -----------------------------------------------------------------------------------------------------

Spoken = tuple[str, int]
"""Words for the engine and the pace in words a minute."""


def _speak(lines: Sequence[Spoken]) -> list[array[int]]:
    """Let the engine speak each line: the program where there is one, else the wheel's library in a child process."""
    if not lines:
        return []
    try:
        program = shutil.which("espeak-ng")
        return [_by_program(program, line) for line in lines] if program else _by_library(lines)
    except subprocess.TimeoutExpired as error:
        raise VoiceError(f"The speech engine did not answer within {TIMEOUT:.0f} s.") from error


def _by_program(program: str, line: Spoken) -> array[int]:
    words, pace = line
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "said.wav")  # a file, because the header of what goes to standard output has no true length
        command = [program, "-v", LANGUAGE, "-s", str(pace), "-w", str(file), words]
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, check=False)
        if done.returncode or not file.exists():
            raise VoiceError(f"espeak-ng failed: {done.stderr.decode(errors='replace').strip() or done.returncode}")
        with wave.open(str(file), "rb") as said:
            if (said.getframerate(), said.getnchannels(), said.getsampwidth()) != (RATE, 1, 2):
                raise VoiceError(f"espeak-ng produces {said.getframerate()} Hz instead of {RATE}.")
            return array("h", said.readframes(said.getnframes()))


def _by_library(lines: Sequence[Spoken]) -> list[array[int]]:
    command = [sys.executable, str(Path(__file__).resolve()), "--engine"]
    asked = json.dumps(lines).encode()
    done = subprocess.run(command, input=asked, capture_output=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise VoiceError(done.stderr.decode(errors="replace").strip() or "The speech engine ended without a word.")
    sounds, rest = [], done.stdout
    while rest:
        (size,) = struct.unpack_from("<I", rest)
        sounds.append(array("h", rest[4 : 4 + size]))
        rest = rest[4 + size :]
    return sounds


def _be_the_engine(asked: bytes, answer: BinaryIO) -> None:
    """The child process: lines as JSON in, sounds out, each with its length before it."""
    try:
        wheel: Any = importlib.import_module("espeakng_loader")
    except ImportError as error:
        raise VoiceError(
            "There is no speech engine. Install the program espeak-ng (Debian: apt install espeak-ng) "
            "or the Python package espeakng_loader, and run this again."
        ) from error
    library = ctypes.CDLL(str(wheel.get_library_path()))
    with tempfile.TemporaryDirectory() as folder:
        data = str(wheel.get_data_path())
        if len(data.encode()) > LONGEST_DATA_PATH:
            Path(folder, "data").symlink_to(data, target_is_directory=True)
            data = str(Path(folder, "data"))
        synchronous = 2
        rate = library.espeak_Initialize(synchronous, 0, data.encode(), 0)
        if rate != RATE or library.espeak_SetVoiceByName(LANGUAGE.encode()):
            raise VoiceError("The speech engine of espeakng_loader does not start, or has no Russian voice.")
        for words, pace in json.loads(asked):
            said = _ask_library(library, words, pace)
            answer.write(struct.pack("<I", len(said)) + said)


def _ask_library(library: ctypes.CDLL, words: str, pace: int) -> bytes:
    heard: list[bytes] = []

    def hear(samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            heard.append(ctypes.string_at(samples, count * 2))
        return 0

    listener = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(hear)
    library.espeak_SetSynthCallback(listener)
    pace_parameter, utf8, phonemes_in_brackets = 1, 1, 0x100
    library.espeak_SetParameter(pace_parameter, pace, 0)
    text = words.encode() + b"\0"
    refused = library.espeak_Synth(text, len(text), 0, 1, 0, utf8 | phonemes_in_brackets, None, None)
    if refused or library.espeak_Synchronize():
        raise VoiceError(f"The speech engine refuses to say «{words}».")
    return b"".join(heard)


def main(arguments: Sequence[str]) -> int:
    """`python -m queue_service.voice OUT_DIR`; the other form is the engine's own process."""
    try:
        if list(arguments) == ["--engine"]:
            _be_the_engine(sys.stdin.buffer.read(), sys.stdout.buffer)
            return 0
        if len(arguments) != 1 or arguments[0].startswith("-"):
            sys.stderr.write("usage: python -m queue_service.voice OUT_DIR\n")
            return 2
        manifest = make_clips(Path(arguments[0]))
    except VoiceError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{len(manifest)} voice clips in {arguments[0]}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
