"""Personal data at rest: sealed with a ring of keys, compared by a keyed hash that never rotates.

The first key of the ring seals, all of them open, so a new key is put in front and the old one stays until nothing needs it. Where the
environment names no keys, they are made once in the data folder; that file may change while the service runs, and is read again.
Refuses to log, to compare in clear and to work with a key that is not one.
"""

import base64
import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from queue_service.errors import SettingsError
from queue_service.settings import Settings

KEY_FILE = "keys.json"
LOOK_AGAIN_SECONDS = 1.0
"""How long a worker may seal with the key before the newest; a look at the file's time costs a microsecond."""


class Keys(msgspec.Struct):
    """What stands in the file."""

    seal: list[str]
    """Newest first."""
    hash: str


class UnreadableError(Exception):
    """No key of the ring opens it: another installation's data, or a key that was thrown away on purpose."""


class KeyRing:
    def __init__(self, seal_keys: tuple[str, ...], hash_key: str, file: Path | None = None, known: "_Stamp | None" = None) -> None:
        """`file`: where the keys came from and may change; `known`: which version of it. Raises SettingsError for unusable ones."""
        self._take(seal_keys, hash_key)
        self._file, self._known = file, known
        self._looked = time.monotonic()

    def _take(self, seal_keys: tuple[str, ...], hash_key: str) -> None:
        try:
            seals = [Fernet(key) for key in seal_keys]
            raw = base64.urlsafe_b64decode(hash_key)
        except ValueError as error:
            raise SettingsError("QUEUE_SEAL_KEYS и QUEUE_HASH_KEY: нужны ключи из 32 байт в base64 (urlsafe).") from error
        if len(raw) < 32 or not seals:
            raise SettingsError("QUEUE_HASH_KEY: нужен ключ не короче 32 байт в base64 (urlsafe).")
        self._newest, self._seals, self._hash_key = seals[0], MultiFernet(seals), raw

    @staticmethod
    def of(settings: Settings) -> "KeyRing":
        """The keys that the environment names, else those of the data folder. Raises SettingsError for unusable ones."""
        if settings.seal_keys and settings.hash_key:
            return KeyRing.made_of(settings.seal_keys, settings.hash_key)
        if settings.seal_keys or settings.hash_key:
            raise SettingsError("QUEUE_SEAL_KEYS и QUEUE_HASH_KEY задаются вместе: без одного из них данные не прочесть.")
        return KeyRing.kept_in(settings.data_dir)

    @staticmethod
    def kept_in(folder: Path) -> "KeyRing":
        """The ring of the folder's file, made where there is none; it follows the file."""
        kept_keys(folder)
        path = folder / KEY_FILE
        known, keys = _stamp(path), _read(path)  # in this order: what changes between is read once more and never missed
        return KeyRing(tuple(keys.seal), keys.hash, path, known)

    @staticmethod
    def made_of(seal_keys: tuple[str, ...], hash_key: str) -> "KeyRing":
        return KeyRing(seal_keys, hash_key)

    @staticmethod
    def throwaway() -> "KeyRing":
        """Keys that nobody else has."""
        return KeyRing.made_of((new_key(),), new_key())

    def seal(self, text: str) -> bytes:
        if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS:
            self._look_again()
        return self._seals.encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Raises UnreadableError."""
        try:
            return self._seals.decrypt(sealed).decode()
        except InvalidToken as error:
            # Another process may have rotated the file a moment ago.
            if not self._look_again():
                raise UnreadableError from error
        try:
            return self._seals.decrypt(sealed).decode()
        except InvalidToken as error:
            raise UnreadableError from error

    def is_newest(self, sealed: bytes) -> bool:
        """Whether the newest key alone opens it."""
        try:
            self._newest.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def _look_again(self) -> bool:
        """Whether the file has other keys than before. A file that is away or half written changes nothing."""
        self._looked = time.monotonic()
        if self._file is None or (stamp := _stamp(self._file)) is None or stamp == self._known:
            return False
        try:
            keys = _read(self._file)
            self._take(tuple(keys.seal), keys.hash)
        except SettingsError:
            return False
        self._known = stamp
        return True

    def fingerprint(self, text: str) -> bytes:
        """32 bytes, the same for the same text, and no way back without the key."""
        return hmac.digest(self._hash_key, text.encode(), hashlib.sha256)

    def number(self, text: str) -> int:
        """The fingerprint as a number below 2^63, for constraints over ranges."""
        return int.from_bytes(self.fingerprint(text)[:8], "big") >> 1


def new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_Stamp = tuple[int, int]


def _stamp(file: Path) -> _Stamp | None:
    """Changes whenever the file is replaced."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino


def _read(path: Path) -> Keys:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Keys)
    except (OSError, msgspec.MsgspecError) as error:
        raise SettingsError(f"Файл ключей {path} не читается: восстановите его из резервной копии.") from error


def _written_beside(path: Path, keys: Keys) -> Path:
    """A whole file beside `path`, safe on the disk and readable by its owner alone."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=KEY_FILE, delete=False) as file:
        file.write(msgspec.json.encode(keys).decode())
        file.flush()
        os.fsync(file.fileno())
    return Path(file.name)


def kept_keys(folder: Path) -> Keys:
    """The folder's keys, made where there are none. Raises SettingsError for a file that cannot be read."""
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole and then linked into place: of several workers that start at once, one wins and all read the same file.
        written = _written_beside(path, Keys([new_key()], new_key()))
        try:
            os.link(written, path)
        except FileExistsError:
            pass
        finally:
            written.unlink()
    return _read(path)


def change_keys(folder: Path, change: Callable[[list[str]], list[str]]) -> Keys:
    """Replaces the seal keys at once: whoever reads meanwhile finds the old file or the new one, whole. One change after the other."""
    kept_keys(folder)
    path = folder / KEY_FILE
    with (folder / f"{KEY_FILE}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before, keys = path.stat(), _read(path)
        keys = Keys(change(keys.seal), keys.hash)
        written = _written_beside(path, keys)
        with contextlib.suppress(OSError):  # an operator who is not root gives nothing away, and then the file is theirs already
            os.chown(written, before.st_uid, before.st_gid)
        written.replace(path)
    return keys
