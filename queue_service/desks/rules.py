"""The dictionary of breaks. Refuses to hold per-office reasons; those are an administrator's matter and will be data."""

from enum import StrEnum
from typing import Final

from queue_service.text import Text


class PauseReason(StrEnum):
    LUNCH = "lunch"
    BREAK = "break"
    TECHNICAL = "technical"
    PAPERWORK = "paperwork"
    TRAINING = "training"


PAUSE_NAMES: Final[dict[PauseReason, Text]] = {
    PauseReason.LUNCH: {"ru": "Обед", "en": "Lunch"},
    PauseReason.BREAK: {"ru": "Короткий перерыв", "en": "Short break"},
    PauseReason.TECHNICAL: {"ru": "Технический перерыв", "en": "Technical break"},
    PauseReason.PAPERWORK: {"ru": "Работа с документами", "en": "Paperwork"},
    PauseReason.TRAINING: {"ru": "Совещание или учёба", "en": "Meeting or training"},
}
