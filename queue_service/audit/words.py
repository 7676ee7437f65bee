"""Every act that the record knows, as a sentence: who reads it is a person, and `device.replay_settled` tells them nothing.

A word without a sentence is shown as it is, so an old record stays readable whatever became of its word; that today's words all have one
is a test (`tests/audit/test_words.py`). Refuses to know what an act means for anybody but the reader.
"""

from collections.abc import Mapping
from typing import Final

from queue_service.text import Text, pick

SENTENCES: Final[Mapping[str, Text]] = {
    # People and their sign-in
    "account.invited": {"ru": "Приглашён сотрудник", "en": "A person was invited"},
    "account.created": {"ru": "Создана учётная запись", "en": "An account was made"},
    "account.changed": {"ru": "Изменена учётная запись", "en": "An account was changed"},
    "account.switched_off": {"ru": "Учётная запись отключена", "en": "An account was switched off"},
    "account.switched_on": {"ru": "Учётная запись снова включена", "en": "An account was switched on again"},
    "account.password_reset": {"ru": "Сброшен пароль сотрудника", "en": "A person's password was reset"},
    "account.password_changed": {"ru": "Сотрудник сменил свой пароль", "en": "A person changed their password"},
    "account.password_chosen": {"ru": "Сотрудник задал пароль по ссылке", "en": "A person chose a password by a link"},
    "account.second_factor_set_up": {"ru": "Включён второй фактор", "en": "A second factor was set up"},
    "account.second_factor_switched_off": {"ru": "Второй фактор отключён", "en": "A second factor was switched off"},
    "account.second_factor_reset": {"ru": "Сброшен второй фактор сотрудника", "en": "A person's second factor was reset"},
    "account.recovery_codes_reissued": {"ru": "Выданы новые резервные коды", "en": "New recovery codes were issued"},
    "account.session_ended": {"ru": "Завершён сеанс", "en": "A session was ended"},
    "account.sessions_revoked": {"ru": "Завершены сеансы сотрудника", "en": "A person's sessions were ended"},
    "account.oidc_linked": {"ru": "Привязана внешняя система входа", "en": "A sign-in provider was linked"},
    "account.oidc_unlinked": {"ru": "Внешняя система входа отвязана", "en": "A sign-in provider was unlinked"},
    "session.opened": {"ru": "Вход в систему", "en": "Signed in"},
    "session.refused": {"ru": "Вход временно закрыт после неверных попыток", "en": "Sign-in was stopped after wrong attempts"},
    # Devices
    "device.paired": {"ru": "Подключено устройство", "en": "A device was paired"},
    "device.replaced": {"ru": "Устройство заменено", "en": "A device was replaced"},
    "device.changed": {"ru": "Изменены настройки устройства", "en": "A device was changed"},
    "device.revoked": {"ru": "Устройство отключено", "en": "A device was revoked"},
    "device.renewal_ordered": {"ru": "Назначена смена ключа устройства", "en": "A device was told to renew its token"},
    "device.replay_settled": {
        "ru": "Разобрано использование старого ключа устройства",
        "en": "The use of a device's old token was looked into",
    },
    "device.pairing_refused": {"ru": "Отклонён код подключения устройства", "en": "A pairing code was refused"},
    # Set-up
    "setup.changed": {"ru": "Изменены настройки", "en": "The set-up was changed"},
    "setup.imported": {"ru": "Загружен файл настроек", "en": "A configuration file was imported"},
    "setup.exported": {"ru": "Выгружен файл настроек", "en": "The configuration was exported"},
    "policy.changed": {"ru": "Изменены правила очереди", "en": "The rules of the queue were changed"},
    "notice.written": {"ru": "Добавлено объявление", "en": "A notice was written"},
    "notice.removed": {"ru": "Объявление снято", "en": "A notice was removed"},
    # The hall, out of order
    "ticket.reordered": {"ru": "Талон поставлен первым", "en": "A ticket was put first"},
    "ticket.called_out_of_order": {"ru": "Талон вызван вне порядка", "en": "A ticket was called out of order"},
    "ticket.privilege_changed": {"ru": "Изменена льгота талона", "en": "A ticket's priority was changed"},
    "ticket.privilege_confirmed": {"ru": "Льгота подтверждена", "en": "A priority was confirmed"},
    "ticket.privilege_refused": {"ru": "Льгота не подтверждена", "en": "A priority was not confirmed"},
    "ticket.needs_changed": {"ru": "Изменены особые потребности", "en": "Special needs were changed"},
    "ticket.postponed": {"ru": "Ожидающий талон отложен", "en": "A waiting ticket was set aside"},
    "ticket.resumed": {"ru": "Талон возвращён в очередь", "en": "A ticket was returned to the queue"},
    "ticket.brought_back": {"ru": "Талон восстановлен после неявки", "en": "A ticket was brought back after a no-show"},
    "ticket.sent_away": {"ru": "Талон снят с очереди", "en": "A ticket was taken out of the queue"},
    "ticket.marked_inaccurate": {"ru": "Время талона отмечено как неточное", "en": "A ticket's times were marked as inaccurate"},
    "desk.ended": {"ru": "Окно закрыто за сотрудника", "en": "A desk was closed for its clerk"},
    "service.closed_for_today": {"ru": "Услуга закрыта на сегодня", "en": "A service was closed for today"},
    "service.reopened": {"ru": "Услуга снова открыта", "en": "A service was opened again"},
    # Personal data
    "visitor.name_seen": {"ru": "Показано имя посетителя", "en": "A visitor's name was shown"},
    "visitor.searched_by_name": {"ru": "Поиск посетителя по имени", "en": "A visitor was searched by name"},
    "booking.entered": {"ru": "Запись внесена сотрудником", "en": "A booking was entered by staff"},
    "audit.exported": {"ru": "Выгружен журнал действий", "en": "The audit record was exported"},
    "keys.rotated": {"ru": "Сменён ключ персональных данных", "en": "The key of personal data was rotated"},
    "keys.dropped": {"ru": "Убраны прежние ключи персональных данных", "en": "Old keys of personal data were dropped"},
    "destruction.exported": {"ru": "Выгружены сведения об уничтожении", "en": "The evidence of destruction was exported"},
}
SUBJECTS: Final[Mapping[str, Text]] = {
    "account": {"ru": "учётная запись", "en": "account"},
    "booking": {"ru": "запись", "en": "booking"},
    "desk": {"ru": "окно", "en": "desk"},
    "device": {"ru": "устройство", "en": "device"},
    "notice": {"ru": "объявление", "en": "notice"},
    "office": {"ru": "отделение", "en": "office"},
    "service": {"ru": "услуга", "en": "service"},
    "session": {"ru": "сеанс", "en": "session"},
    "ticket": {"ru": "талон", "en": "ticket"},
}
"""Kinds of subjects; others are shown as they are."""

FIELDS: Final[Mapping[str, Text]] = {
    "value": {"ru": "значение", "en": "value"},
    "number": {"ru": "номер талона", "en": "number"},
    "rule": {"ru": "основание вызова", "en": "rule of the call"},
    "until": {"ru": "до", "en": "until"},
    "service": {"ru": "услуга", "en": "service"},
    "sentence": {"ru": "текст", "en": "text"},
    "searched": {"ru": "просмотрено имён", "en": "names looked through"},
    "found": {"ru": "найдено", "en": "found"},
    "resealed": {"ru": "зашифровано заново", "en": "sealed anew"},
    "unreadable": {"ru": "не открывается", "en": "unreadable"},
    "left": {"ru": "осталось", "en": "left"},
    "account": {"ru": "учётная запись", "en": "account"},
    "role": {"ru": "роль", "en": "role"},
    "office": {"ru": "отделение", "en": "office"},
    "name": {"ru": "название", "en": "name"},
}
"""Names of what stood before and after; others are shown as the set-up calls them."""


def sentence(word: str, language: str) -> str:
    return pick(SENTENCES[word], language) if word in SENTENCES else word


def field_in_words(name: str, language: str) -> str:
    return pick(FIELDS[name], language) if name in FIELDS else name


def subject_in_words(subject: str, language: str) -> str:
    """`ticket:17` is «талон 17»."""
    kind, colon, name = subject.partition(":")
    return f"{pick(SUBJECTS[kind], language)} {name}" if colon and kind in SUBJECTS else subject
