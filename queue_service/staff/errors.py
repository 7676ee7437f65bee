"""What can be refused about an account, in sentences for the person at the screen."""

from typing import Any

from queue_service.errors import DomainError, NotFound
from queue_service.text import Text


class WeakPassword(DomainError):
    """The sentence says what is wrong with this one."""

    status = 422
    code = "weak_password"
    sentence = {"ru": "Такой пароль легко подобрать.", "en": "This password is easy to guess."}


class WrongPassword(DomainError):
    """One's own, asked again before something that matters."""

    status = 422
    code = "wrong_password"
    sentence = {"ru": "Это не ваш нынешний пароль.", "en": "This is not your present password."}


class OtpNeeded(DomainError):
    """A right password of an account with a second factor."""

    status = 401
    code = "otp_needed"
    sentence = {
        "ru": "Введите код из приложения или один из резервных кодов.",
        "en": "Enter the code from the app or one of your recovery codes.",
    }


class WrongOtp(DomainError):
    status = 401
    code = "wrong_otp"
    sentence = {
        "ru": "Код не подошёл. Дождитесь следующего кода в приложении и введите его.",
        "en": "The code did not match. Wait for the app's next code and enter that one.",
    }


class WrongCode(DomainError):
    """The same for somebody who is signed in already."""

    status = 422
    code = "wrong_second_factor"
    sentence = WrongOtp.sentence


class SignInExpired(DomainError):
    """The five minutes between password and code are over, or the password was changed meanwhile."""

    status = 409
    code = "sign_in_expired"
    sentence = {"ru": "Прошло слишком много времени. Войдите заново.", "en": "Too much time has passed. Please sign in again."}


class SignInBlocked(DomainError):
    """Says the same whether or not there is such a login."""

    status = 429
    code = "sign_in_blocked"

    def __init__(self, seconds: int) -> None:
        super().__init__(_wait(seconds), retry_after=seconds)


def _wait(seconds: int) -> Text:
    if seconds <= 60:
        return {
            "ru": f"Слишком много неудачных попыток. Повторите через {seconds} с.",
            "en": f"Too many failed attempts. Try again in {seconds} s.",
        }
    minutes = -(-seconds // 60)
    return {
        "ru": f"Слишком много неудачных попыток. Повторите через {minutes} мин.",
        "en": f"Too many failed attempts. Try again in {minutes} min.",
    }


class InvitationOver(NotFound):
    code = "invitation_over"
    sentence = {
        "ru": "Эта ссылка больше не действует. Попросите администратора прислать новую.",
        "en": "This link is no longer valid. Ask the administrator for a new one.",
    }


class FactorKnown(DomainError):
    code = "factor_known"
    sentence = {"ru": "Второй фактор уже подключён.", "en": "A second factor is set up already."}


class FactorMissing(DomainError):
    code = "factor_missing"
    sentence = {"ru": "Второй фактор не подключён.", "en": "There is no second factor."}


class FactorRequired(DomainError):
    code = "factor_required"
    sentence = {"ru": "Для вашей роли второй фактор обязателен.", "en": "Your role needs a second factor."}


class EnrolmentExpired(DomainError):
    code = "enrolment_expired"
    sentence = {
        "ru": "Страница устарела. Отсканируйте новый код на этой странице.",
        "en": "The page has expired. Scan the new code on this page.",
    }


class BadPerson(DomainError):
    """A field of a person's form; `field` names it."""

    status = 422
    code = "bad_person"

    def __init__(self, field: str, sentence: Text) -> None:
        super().__init__(sentence, field=field)
        self.field = field


class LoginTaken(DomainError):
    code = "login_taken"
    sentence = {"ru": "Такой логин уже есть.", "en": "This login is taken."}


class NoSuchPerson(NotFound):
    sentence = {"ru": "Такой учётной записи нет.", "en": "There is no such account."}


class NotYours(DomainError):
    """Not `Forbidden`: the person may manage people, but not this one or not so."""

    code = "not_yours"
    sentence = {
        "ru": "Руководитель отделения управляет только операторами и администраторами зала своего отделения.",
        "en": "The head of an office manages only its clerks and hall administrators.",
    }


class OwnAccount(DomainError):
    code = "own_account"
    sentence = {
        "ru": "Свою учётную запись так изменить нельзя: это делает другой администратор.",
        "en": "You cannot do this to your own account: another administrator does it.",
    }


class LastAdministrator(DomainError):
    code = "last_administrator"
    sentence = {
        "ru": "Это последний действующий администратор города. Сначала назначьте другого.",
        "en": "This is the last active administrator of the city. Appoint another one first.",
    }


class AccountMoved(DomainError):
    """Somebody saved the same account meanwhile; `changed` is field -> (seen, present)."""

    code = "account_moved"
    sentence = {
        "ru": "Пока вы смотрели, учётную запись изменили. Проверьте и сохраните ещё раз.",
        "en": "Somebody changed the account meanwhile. Check and save again.",
    }

    def __init__(self, changed: dict[str, tuple[Any, Any]]) -> None:
        super().__init__(changed={field: {"seen": seen, "now": now} for field, (seen, now) in changed.items()})
        self.changed = changed
