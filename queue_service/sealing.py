"""Personal data at rest: sealed with a ring of keys, compared by a keyed hash that never rotates.

The first key of the ring seals, all of them open, so a new key is put in front and the old one stays until nothing needs it. Where the
environment names no keys, they are made once in the data folder. Refuses to log, to compare in clear and to work with a key that is
not one.
"""

import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from queue_service.errors import SettingsError
from queue_service.settings import Settings

KEY_FILE = "keys.json"


class _Keys(msgspec.Struct):
    """What stands in the file."""

    seal: list[str]
    hash: str


class UnreadableError(Exception):
    """No key of the ring opens it: another installation's data, or a key that was thrown away on purpose."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    _seals: MultiFernet
    _hash_key: bytes

    @staticmethod
    def of(settings: Settings) -> "KeyRing":
        """The keys that the environment names, else those of the data folder. Raises SettingsError for unusable ones."""
        if settings.seal_keys and settings.hash_key:
            return KeyRing.made_of(settings.seal_keys, settings.hash_key)
        if settings.seal_keys or settings.hash_key:
            raise SettingsError("QUEUE_SEAL_KEYS и QUEUE_HASH_KEY задаются вместе: без одного из них данные не прочесть.")
        keys = _kept_keys(settings.data_dir)
        return KeyRing.made_of(tuple(keys.seal), keys.hash)

    @staticmethod
    def made_of(seal_keys: tuple[str, ...], hash_key: str) -> "KeyRing":
        try:
            seals = MultiFernet([Fernet(key) for key in seal_keys])
            raw = base64.urlsafe_b64decode(hash_key)
        except ValueError as error:
            raise SettingsError("QUEUE_SEAL_KEYS и QUEUE_HASH_KEY: нужны ключи из 32 байт в base64 (urlsafe).") from error
        if len(raw) < 32:
            raise SettingsError("QUEUE_HASH_KEY: нужен ключ не короче 32 байт в base64 (urlsafe).")
        return KeyRing(seals, raw)

    @staticmethod
    def throwaway() -> "KeyRing":
        """Keys that nobody else has."""
        return KeyRing.made_of((_new_key(),), _new_key())

    def seal(self, text: str) -> bytes:
        return self._seals.encrypt(text.encode())

    def unseal(self, sealed: bytes) -> str:
        """Raises UnreadableError."""
        try:
            return self._seals.decrypt(sealed).decode()
        except InvalidToken as error:
            raise UnreadableError from error

    def fingerprint(self, text: str) -> bytes:
        """32 bytes, the same for the same text, and no way back without the key."""
        return hmac.digest(self._hash_key, text.encode(), hashlib.sha256)

    def number(self, text: str) -> int:
        """The fingerprint as a number below 2^63, for constraints over ranges."""
        return int.from_bytes(self.fingerprint(text)[:8], "big") >> 1


def _new_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _kept_keys(folder: Path) -> _Keys:
    path = folder / KEY_FILE
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # Written whole and then linked into place: of several workers that start at once, one wins and all read the same file.
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix=KEY_FILE, delete=False) as file:
            file.write(msgspec.json.encode(_Keys([_new_key()], _new_key())).decode())
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(file.name, path)
        except FileExistsError:
            pass
        finally:
            Path(file.name).unlink()
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Keys)
    except msgspec.MsgspecError as error:
        raise SettingsError(f"Файл ключей {path} не читается: восстановите его из резервной копии.") from error
