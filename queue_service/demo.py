"""The demo city: 18 offices, a clerk for each desk, a hall administrator, a head, a kiosk and a display each; one to try it in.

Everything is written through the same code as a real city's. Refuses to run on a database that already holds another city's offices.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.booking.loading import load_city
from queue_service.db import Database
from queue_service.devices.models import Device, DeviceKind
from queue_service.devices.registry import add_device, hash_token
from queue_service.errors import SettingsError
from queue_service.events import access_changed
from queue_service.offices.configuration import Configuration, parse_configuration
from queue_service.offices.configuration import Office as OfficeFile
from queue_service.offices.loading import digest_of, is_loaded
from queue_service.offices.models import Office, Zone
from queue_service.settings import CHECKOUT, Settings
from queue_service.staff.models import Account, Role
from queue_service.staff.passwords import hash_password

HALL_ADMINISTRATOR = "Орлова Екатерина"
OFFICE_HEAD = "Яковлева Людмила"
CITY_ADMINISTRATOR = "Гаврилова Нина"
CITY_FILE = CHECKOUT / "cities" / "st-petersburg.yaml"
PASSWORD = "demo-neva"  # noqa: S105  printed for everybody to see; the demo refuses to be a real installation
NAMES = (
    "Смирнова Анна",
    "Иванов Пётр",
    "Кузнецова Мария",
    "Соколов Дмитрий",
    "Попова Ольга",
    "Лебедев Андрей",
    "Козлова Елена",
    "Новиков Сергей",
    "Морозова Татьяна",
    "Волков Игорь",
    "Павлова Наталья",
    "Семёнов Алексей",
    "Голубева Ирина",
    "Виноградов Никита",
    "Богданова Юлия",
    "Воробьёв Максим",
    "Фёдорова Светлана",
    "Михайлов Артём",
    "Беляева Вера",
    "Тарасов Роман",
)


@dataclass(frozen=True, slots=True)
class DemoCity:
    """What `.data/demo.json` says; also what the console prints."""

    content: dict[str, Any]

    @property
    def office(self) -> str:
        return str(self.content["office"])


async def prepare_demo(database: Database, settings: Settings, now: datetime) -> DemoCity:
    """Loads the city where it is new or changed, makes accounts and devices, writes `demo.json`."""
    text = CITY_FILE.read_text(encoding="utf-8")
    digest = digest_of(text)
    configuration: Configuration | None = None
    async with database.session() as db:
        if not await is_loaded(db, CITY_FILE.name, digest):
            configuration = parse_configuration(text)
            await _refuse_another_city(db, configuration)
            await load_city(db, configuration, CITY_FILE.name, digest, now)
    path = settings.data_dir / "demo.json"
    known = _read(path)
    async with database.session() as db:
        if configuration is None and known is not None and await _still_true(db, known):
            content = known
        else:
            content = await _people_and_devices(db, configuration or parse_configuration(text))
    base_url = f"http://localhost:{settings.port}"
    content = {"base_url": base_url, **{name: value for name, value in content.items() if name != "base_url"}}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    return DemoCity(content)


async def _refuse_another_city(db: AsyncSession, configuration: Configuration) -> None:
    """SettingsError where the database holds offices that are not the demo's: its accounts have a printed password."""
    foreign = set((await db.exec(select(Office.slug))).all()) - {office.slug for office in configuration.offices}
    if foreign:
        raise SettingsError(
            f"В базе уже есть другие отделения ({', '.join(sorted(foreign)[:3])}): демонстрационный город туда не загружается. "
            "Задайте другую базу в QUEUE_DATABASE_URL или другую папку в QUEUE_DATA_DIR."
        )


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and "offices" in content else None


async def _still_true(db: AsyncSession, known: dict[str, Any]) -> bool:
    """Whether the database still has the devices whose tokens the file holds (it may be another database by now).

    A file from before hall administrators is not enough: nobody could print their account.
    """
    if not all("hall" in each and "head" in each for each in (known, *known["offices"].values())):
        return False
    hashes = [hash_token(token) for each in known["offices"].values() for token in (each["kiosk_token"], each["display_token"])]
    found = await db.exec(select(Device.id).where(col(Device.token_hash).in_(hashes), col(Device.revoked_at).is_(None)))
    return len(found.all()) == len(hashes)


async def _people_and_devices(db: AsyncSession, configuration: Configuration) -> dict[str, Any]:
    password_hash = hash_password(PASSWORD)
    offices = {}
    for office in configuration.offices:
        offices[office.slug] = await _one_office(db, office, password_hash)
    await _account(db, "admin", CITY_ADMINISTRATOR, Role.CITY_ADMINISTRATOR, None, password_hash)
    await access_changed(db)
    first = configuration.offices[0].slug
    return {
        "office": first,
        **offices[first],
        "admin": {"login": "admin", "password": PASSWORD},
        "offices": offices,
    }


async def _one_office(db: AsyncSession, office: OfficeFile, password_hash: str) -> dict[str, Any]:
    office_id = (await db.exec(select(Office.id).where(col(Office.slug) == office.slug))).one()
    assert office_id is not None
    clerks = []
    for index, desk in enumerate(office.desks):
        login = f"{office.slug}-{desk.number}"
        await _account(db, login, NAMES[index % len(NAMES)], Role.CLERK, office_id, password_hash)
        clerks.append({"login": login, "password": PASSWORD, "desk": desk.number})
    hall = f"{office.slug}-hall"
    await _account(db, hall, HALL_ADMINISTRATOR, Role.HALL_ADMINISTRATOR, office_id, password_hash)
    head = f"{office.slug}-head"
    await _account(db, head, OFFICE_HEAD, Role.OFFICE_HEAD, office_id, password_hash)
    zones = {zone.code: zone.id for zone in (await db.exec(select(Zone).where(col(Zone.office_id) == office_id))).all()}
    kiosks = [await add_device(db, office_id, DeviceKind.KIOSK, f"Терминал {number}") for number in range(1, office.kiosks + 1)]
    displays = [
        await add_device(db, office_id, DeviceKind.DISPLAY, display.name, zones[display.zone] if display.zone else None)
        for display in office.displays
    ]
    if not displays:
        displays = [await add_device(db, office_id, DeviceKind.DISPLAY, "Табло")]
    return {
        "kiosk_token": kiosks[0] if kiosks else await add_device(db, office_id, DeviceKind.KIOSK, "Терминал 1"),
        "display_token": displays[0],
        "clerks": clerks,
        "hall": {"login": hall, "password": PASSWORD},
        "head": {"login": head, "password": PASSWORD},
    }


async def _account(db: AsyncSession, login: str, name: str, role: Role, office_id: int | None, password_hash: str) -> None:
    found = (await db.exec(select(Account).where(col(Account.login) == login))).one_or_none()
    account = found or Account(login=login, name=name, password_hash=password_hash, role=role, office_id=office_id)
    account.password_hash = password_hash
    db.add(account)


def table_of_links(city: DemoCity) -> str:
    """What a newcomer sees when the demo is ready."""
    content, base = city.content, city.content["base_url"]
    clerk, other, hall, head = content["clerks"][0], content["clerks"][1], content["hall"], content["head"]
    rows = [
        ("Отделения города", f"{base}/"),
        ("Запись на приём", f"{base}/book"),
        ("Терминал", f"{base}/kiosk/?token={content['kiosk_token']}"),
        ("Табло", f"{base}/display/?office={city.office}&token={content['display_token']}"),
        ("Рабочее место", f"{base}/desk"),
        ("   оператор", f"{clerk['login']} / {clerk['password']} (окно {clerk['desk']})"),
        ("   ещё один", f"{other['login']} / {other['password']} (окно {other['desk']})"),
        ("   администратор зала", f"{hall['login']} / {hall['password']} (зал: {base}/desk/hall)"),
        ("   руководитель", f"{head['login']} / {head['password']} (правила очереди: {base}/desk/policy)"),
        ("Состояние", f"{base}/health/ready"),
        ("Описание API", f"{base}/schema"),
    ]
    width = max(len(name) for name, _ in rows) + 2
    return "\n".join(f"  {name.ljust(width)}{value}" for name, value in rows)
