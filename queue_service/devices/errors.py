"""What can go wrong with a device, each with a sentence for the person who reads it."""

from collections.abc import Mapping
from typing import Any

from queue_service.errors import DomainError, NotFound
from queue_service.text import Text


class UnknownCode(DomainError):
    """Mistyped, expired or used: which of them is nobody's business who does not stand before the screen."""

    status = 422
    code = "unknown_code"
    sentence = {
        "ru": "Код не подходит: он введён неверно, устарел или уже использован. Посмотрите на экран устройства, какой код там сейчас.",
        "en": "The code does not fit: it was mistyped, has expired or is used already. Please look which code the device shows now.",
    }


class PairingOver(NotFound):
    code = "pairing_over"
    sentence = {
        "ru": "Время подключения вышло. Запросите новый код.",
        "en": "The time for pairing is over. Please ask for a new code.",
    }


class UnknownDevice(NotFound):
    code = "unknown_device"
    sentence = {"ru": "Такого устройства нет.", "en": "There is no such device."}


class OtherKind(DomainError):
    status = 422
    code = "other_kind"
    sentence = {
        "ru": "Терминал может заменить только терминал, а табло только табло.",
        "en": "A kiosk can only replace a kiosk, and a display a display.",
    }


class UnknownZone(DomainError):
    status = 422
    code = "unknown_zone"
    sentence = {"ru": "Такой зоны в отделении нет.", "en": "This office has no such zone."}


class OfficeNeeded(DomainError):
    status = 422
    code = "office_needed"
    sentence = {"ru": "Выберите отделение.", "en": "Please choose the office."}


class NameNeeded(DomainError):
    status = 422
    code = "name_needed"
    sentence = {
        "ru": "Дайте устройству имя до 80 знаков, по которому его найдут в зале.",
        "en": "Please give the device a name of up to 80 characters by which it is found in the hall.",
    }


class BadSettings(DomainError):
    """With a sentence for each setting that cannot be."""

    status = 422
    code = "bad_settings"
    sentence = {"ru": "Проверьте настройки: есть ошибки.", "en": "Please check the settings: some cannot be."}

    def __init__(self, places: Mapping[str, Text]) -> None:
        super().__init__(places=dict(places))
        self.places = places


class DeviceMoved(DomainError):
    """Somebody else changed the device meanwhile; nothing is saved."""

    code = "device_changed_meanwhile"
    sentence = {
        "ru": "Пока вы меняли настройки, их изменил кто-то другой.",
        "en": "While you were changing the settings, somebody else changed them.",
    }

    def __init__(self, changed: Mapping[str, tuple[Any, Any]]) -> None:
        super().__init__(changed=sorted(changed))
        self.changed = changed
        """What was seen and what stands now."""


class KioskClosed(DomainError):
    """The kiosk shows «закрыто»; its page has no button, and an older page gets this."""

    code = "kiosk_closed"
