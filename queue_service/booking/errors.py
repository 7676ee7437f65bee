"""What booking refuses, with the sentence for the person."""

from collections.abc import Sequence
from datetime import datetime

from queue_service.errors import DomainError, NotFound, UnknownService


class SlotTaken(DomainError):
    """Carries `alternatives`, the nearest free slots, where the caller knows them."""

    code = "slot_taken"
    sentence = {"ru": "Это время уже заняли. Выберите другое.", "en": "This time has just been taken. Please choose another."}

    def __init__(self, alternatives: Sequence[object] = ()) -> None:
        super().__init__(alternatives=list(alternatives))
        self.alternatives = alternatives


class SlotNotOffered(SlotTaken):
    """Off the grid, outside the hours, too soon or too far: nobody could have it."""

    code = "slot_not_offered"
    sentence = {"ru": "На это время записи нет. Выберите другое.", "en": "This time is not offered. Please choose another."}


class NotBookable(UnknownService):
    code = "not_bookable"
    sentence = {"ru": "На эту услугу в этом отделении нет записи.", "en": "This service cannot be booked in this office."}


class NoSuchBooking(NotFound):
    code = "unknown_booking"
    sentence = {"ru": "Такой записи нет.", "en": "There is no such booking."}


class BookingErased(NoSuchBooking):
    """The link of a booking whose data is destroyed, by age or by the citizen's wish."""

    code = "booking_erased"
    sentence = {"ru": "Данные этой записи удалены.", "en": "The data of this booking has been erased."}


class HoldExpired(DomainError):
    code = "hold_expired"
    sentence = {
        "ru": "Время, на которое мы держали место, вышло. Выберите время ещё раз: ответы сохранены.",
        "en": "The time for which we kept the place is over. Please choose again: your answers are kept.",
    }

    def __init__(self, alternatives: Sequence[object] = ()) -> None:
        super().__init__(alternatives=list(alternatives))
        self.alternatives = alternatives


class AlreadyExtended(DomainError):
    code = "already_extended"
    sentence = {"ru": "Время уже продлевали.", "en": "The time has already been extended once."}


class BadName(DomainError):
    status = 422
    code = "bad_name"
    sentence = {"ru": "Введите имя, как к вам обращаться.", "en": "Enter your name."}


class TooManyActive(DomainError):
    """`limit` bookings of this contact are still to come; links to them were sent to the contact."""

    code = "too_many_bookings"

    def __init__(self, limit: int) -> None:
        super().__init__(
            {
                "ru": f"На этот контакт уже оформлено записей: {limit}, больше нельзя. "
                "Мы отправили на него ссылки: перенесите или отмените одну из них.",
                "en": f"This contact already has {limit} bookings, which is the most there can be. "
                "We have sent links to it: move or cancel one of them.",
            },
            limit=limit,
        )


class SamePersonTwice(DomainError):
    code = "same_person_twice"
    sentence = {
        "ru": "На это время вы уже записаны. Выберите другое время или отмените ту запись.",
        "en": "You already have a booking at this time. Choose another time or cancel the other booking.",
    }


class NotChangeable(DomainError):
    """Cancelled, over, or already in the hall."""

    code = "not_changeable"
    sentence = {"ru": "Эту запись уже нельзя изменить.", "en": "This booking can no longer be changed."}


class NoMovesLeft(DomainError):
    code = "no_moves_left"
    sentence = {
        "ru": "Запись уже переносили столько раз, сколько можно. Отмените её и запишитесь заново.",
        "en": "The booking has been moved as often as it can be. Cancel it and book again.",
    }


class WrongCode(DomainError):
    status = 422
    code = "wrong_code"
    sentence = {"ru": "Код не подошёл. Проверьте цифры.", "en": "The code is not right. Please check the digits."}


class ProofNeeded(DomainError):
    """The load looks automatic: solve the puzzle of /api/public/challenge and send it along as `altcha`."""

    status = 403
    code = "proof_needed"

    def __init__(self) -> None:
        super().__init__(
            {
                "ru": "Сейчас очень много обращений. Подтвердите, что вы не программа.",
                "en": "There are very many requests now. Please confirm that you are not a program.",
            },
            challenge="/api/public/challenge",
        )


class AlreadyWaiting(DomainError):
    code = "already_waiting"
    sentence = {
        "ru": "Вы уже в листе ожидания на эту услугу в этом отделении.",
        "en": "You are already on the waitlist for this service in this office.",
    }


class CheckInRefused(DomainError):
    """A booking that cannot become a ticket here and now; each subclass says why."""


class CheckInTooEarly(CheckInRefused):
    code = "check_in_too_early"

    def __init__(self, opens: str, opens_at: datetime, starts_at: datetime) -> None:
        super().__init__(
            {"ru": f"Отметиться можно с {opens}.", "en": f"You can check in from {opens}."}, opens_at=opens_at, starts_at=starts_at
        )


class OtherDay(CheckInRefused):
    code = "other_day"


class OtherOffice(CheckInRefused):
    code = "other_office"


class AppointmentCancelled(CheckInRefused):
    code = "appointment_cancelled"
    sentence = {
        "ru": "Эта запись отменена. Возьмите талон в общую очередь.",
        "en": "This booking was cancelled. Please take a ticket for the common queue.",
    }


class AppointmentPast(CheckInRefused):
    code = "appointment_past"
    sentence = {
        "ru": "День записи прошёл. Возьмите талон в общую очередь.",
        "en": "The day of this booking is over. Please take a ticket for the common queue.",
    }


class UnknownReference(NotFound):
    code = "unknown_reference"
    sentence = {
        "ru": "Запись с таким кодом не найдена. Проверьте цифры или обратитесь к администратору зала.",
        "en": "No booking has this code. Check the digits or ask the hall administrator.",
    }
