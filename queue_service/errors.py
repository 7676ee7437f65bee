"""One tree of errors and one way to render them (RFC 9457), so that every refusal has a status, a code and a sentence.

An error's sentences are for the person in front of the screen; programs read `code`. Refuses to carry stack traces or SQL to a client.
"""

from typing import ClassVar

import msgspec

from queue_service.text import Text, pick


class SettingsError(Exception):
    """The environment or the machine is not as the service needs it; the message says what to do."""


class DomainError(Exception):
    """A business refusal: `status` for HTTP, `code` for programs, `sentence` for the person."""

    status: ClassVar[int] = 409
    code: ClassVar[str] = "conflict"
    sentence: ClassVar[Text] = {"ru": "Действие сейчас невозможно.", "en": "This cannot be done now."}

    def __init__(self, sentence: Text | None = None, *, retry_after: int | None = None, **extra: object) -> None:
        self.text: Text = sentence or self.sentence
        self.retry_after = retry_after
        """Seconds after which a retry makes sense; sent as Retry-After."""
        self.extra = extra
        super().__init__(self.text["ru"])


class Malformed(DomainError):
    status = 400
    code = "malformed_body"
    sentence = {"ru": "Запрос составлен неверно.", "en": "The request is malformed."}


class IdempotencyKeyMissing(DomainError):
    status = 400
    code = "idempotency_key_missing"
    sentence = {"ru": "Нужен заголовок Idempotency-Key.", "en": "The Idempotency-Key header is required."}


class IdempotencyKeyReused(DomainError):
    """The same key with another content: the client mixes up two wishes, so neither is guessed."""

    status = 422
    code = "idempotency_key_reused"
    sentence = {
        "ru": "Этот ключ уже использован для другого запроса.",
        "en": "This key has already been used for another request.",
    }


class BadToken(DomainError):
    status = 401
    code = "bad_token"
    sentence = {
        "ru": "Устройство не подключено к отделению. Обратитесь к администратору.",
        "en": "This device is not paired with an office. Please ask the administrator.",
    }


class NotSignedIn(DomainError):
    status = 401
    code = "not_signed_in"
    sentence = {"ru": "Войдите в систему.", "en": "Please sign in."}


class BadCredentials(DomainError):
    status = 401
    code = "bad_credentials"
    sentence = {"ru": "Неверный логин или пароль.", "en": "Wrong login or password."}


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    sentence = {"ru": "Недостаточно прав для этого действия.", "en": "You are not allowed to do this."}


class AccountUnfinished(DomainError):
    """A right password, but a second factor must be set up before anything else."""

    status = 403
    code = "account_unfinished"
    sentence = {
        "ru": "Сначала завершите настройку входа: откройте «Моя учётная запись».",
        "en": "Please finish setting up your sign-in first: open “My account”.",
    }


class NotFound(DomainError):
    status = 404
    code = "not_found"
    sentence = {"ru": "Не найдено.", "en": "Not found."}


class UnknownService(NotFound):
    code = "unknown_service"
    sentence = {"ru": "Такой услуги в этом отделении нет.", "en": "This office has no such service."}


class UnknownPrivilege(DomainError):
    status = 400
    code = "unknown_privilege"
    sentence = {"ru": "Такой льготной категории нет.", "en": "There is no such priority category."}


class ServiceClosed(DomainError):
    status = 403
    code = "service_closed"
    sentence = {"ru": "Сейчас услуга не оказывается.", "en": "This service is not available now."}


class BookingOnly(DomainError):
    status = 403
    code = "booking_only"
    sentence = {"ru": "Только по предварительной записи.", "en": "By appointment only."}


class DailyLimitReached(DomainError):
    status = 429
    code = "daily_limit_reached"
    sentence = {"ru": "Талоны на сегодня закончились.", "en": "There are no tickets left for today."}


class OfficeClosed(DomainError):
    code = "office_closed"
    sentence = {"ru": "Отделение сейчас закрыто.", "en": "The office is closed now."}


class WrongState(DomainError):
    code = "wrong_state"
    sentence = {
        "ru": "Талон уже в другом состоянии. Обновите экран.",
        "en": "The ticket is already in another state. Please refresh.",
    }


class DeskTaken(DomainError):
    code = "desk_taken"
    sentence = {"ru": "Это окно уже занято другим оператором.", "en": "Another clerk is at this desk."}


class DeskBusy(DomainError):
    code = "desk_busy"
    sentence = {"ru": "Сначала завершите приём текущего талона.", "en": "Finish with the current ticket first."}


class NoCurrentTicket(DomainError):
    code = "no_current_ticket"
    sentence = {"ru": "За окном сейчас нет талона.", "en": "There is no ticket at this desk now."}


class ShiftClosed(DomainError):
    code = "shift_closed"
    sentence = {"ru": "Окно закрыто. Сначала откройте его.", "en": "The desk is closed. Open it first."}


class ShiftPaused(DomainError):
    code = "shift_paused"
    sentence = {"ru": "Идёт перерыв. Сначала завершите его.", "en": "The desk is paused. Resume first."}


class TooEarlyForNoShow(DomainError):
    """Raised before the office's minimum of calls and seconds, so that nobody loses a turn to one quiet call."""

    code = "too_early_for_no_show"


class TooLateToComeBack(DomainError):
    code = "too_late_to_come_back"
    sentence = {
        "ru": "Время, за которое можно вернуться, вышло. Выдайте новый талон.",
        "en": "The time in which a visitor may come back is over. Please issue a new ticket.",
    }


class ReasonNeeded(DomainError):
    status = 422
    code = "reason_needed"
    sentence = {"ru": "Укажите причину: она останется в журнале.", "en": "Please give the reason: it stays in the journal."}


class ResultNeeded(DomainError):
    status = 422
    code = "result_needed"
    sentence = {"ru": "Выберите результат приёма.", "en": "Choose the result of the visit."}


class DeskNotOpen(DomainError):
    code = "desk_not_open"
    sentence = {
        "ru": "Там сейчас никого нет: окно закрыто. Выберите другое.",
        "en": "Nobody is there now: the desk is closed. Choose another one.",
    }


class NobodyServes(DomainError):
    code = "nobody_serves"
    sentence = {"ru": "Эту услугу в отделении не принимает ни одно окно.", "en": "No desk of this office takes this service."}


class TooManyAttempts(DomainError):
    status = 429
    code = "too_many_attempts"

    def __init__(self, retry_after: int) -> None:
        minutes = max(1, -(-retry_after // 60))
        super().__init__(
            {
                "ru": f"Слишком много попыток. Попробуйте через {minutes} мин.",
                "en": f"Too many attempts. Please try again in {minutes} min.",
            },
            retry_after=retry_after,
        )


class Unavailable(DomainError):
    status = 503
    code = "unavailable"
    sentence = {
        "ru": "Система временно недоступна. Попробуйте ещё раз.",
        "en": "The system is temporarily unavailable. Please try again.",
    }


def problem(error: DomainError, language: str) -> bytes:
    """The error as application/problem+json; `detail` is the sentence in the person's language."""
    return msgspec.json.encode(
        {
            "type": "/problems/" + error.code.replace("_", "-"),
            "code": error.code,
            "title": error.code.replace("_", " "),
            "status": error.status,
            "detail": pick(error.text, language),
            **error.extra,
        }
    )
