"""Who we are allowed to be: the demo's tokens and accounts, read from the file that the demo writes.

Refuses to guess: a missing file, another office or a half-written file each get a sentence that says what to do.
"""

from pathlib import Path

import msgspec

from queue_service.errors import SettingsError

KEPT_FREE = 2
"""The first two accounts are printed for people to try; we take their desks last."""


class ClerkAccess(msgspec.Struct, frozen=True):
    login: str
    password: str
    desk: str


class OfficeAccess(msgspec.Struct, frozen=True):
    kiosk_token: str
    display_token: str
    clerks: list[ClerkAccess]

    def team(self, size: int | None) -> list[ClerkAccess]:
        """The clerks that we play; by default everybody except those kept free for people, where enough are left."""
        ordered = self.clerks[KEPT_FREE:] + self.clerks[:KEPT_FREE]
        if size is None:
            size = len(self.clerks) - KEPT_FREE if len(self.clerks) >= 2 * KEPT_FREE else len(self.clerks)
        if size > len(self.clerks):
            raise SettingsError(f"операторов в отделении {len(self.clerks)}, а задано --clerks {size}.")
        return ordered[:size]


class _DemoFile(msgspec.Struct, frozen=True):
    base_url: str
    office: str
    kiosk_token: str
    display_token: str
    clerks: list[ClerkAccess]
    offices: dict[str, OfficeAccess] = {}


class Access(msgspec.Struct, frozen=True):
    base_url: str
    office: str
    of: OfficeAccess


def read_access(path: Path, office: str | None) -> Access:
    """The access to `office`, or to the office that the demo prints. Raises SettingsError."""
    try:
        demo = msgspec.json.decode(path.read_bytes(), type=_DemoFile)
    except FileNotFoundError as error:
        raise SettingsError(
            f"нет файла {path}. Сначала запустите демонстрацию (make demo) и не останавливайте её; "
            "если её данные в другой папке, задайте QUEUE_DATA_DIR или --demo-json."
        ) from error
    except OSError as error:
        raise SettingsError(f"файл {path} не читается ({error.strerror}).") from error
    except msgspec.DecodeError as error:
        raise SettingsError(f"файл {path} испорчен или от другой версии ({error}). Запустите make demo ещё раз.") from error
    offices = {**demo.offices, demo.office: OfficeAccess(demo.kiosk_token, demo.display_token, demo.clerks)}
    slug = office or demo.office
    if slug not in offices:
        raise SettingsError(f"отделения {slug} в демонстрации нет. Есть: {', '.join(sorted(offices))}.")
    if not offices[slug].clerks:
        raise SettingsError(f"у отделения {slug} в демонстрации нет операторов.")
    return Access(demo.base_url.rstrip("/"), slug, offices[slug])
