"""Tables of booking: lanes and their hours, what is taken of them, appointments, the waitlist.

One exclusion constraint keeps every lane to one visit at a time, whoever takes it and by whatever path; it needs no extension because a
lane's id is written as a range. Refuses to store slots: what is free is computed, so a changed schedule is true at once.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint
from sqlmodel import Field, SQLModel

from queue_service.booking.rules import AppointmentState, Channel, TakenBy, WaitlistState
from queue_service.db import Instant, words


def _in(column: str, values: Any) -> str:
    return f"{column} IN ({', '.join(sorted(repr(value.value) for value in values))})"


class Lane(SQLModel, table=True):
    """A unit of appointment capacity: not a person and not a desk."""

    __table_args__ = (
        UniqueConstraint("office_id", "name"),
        UniqueConstraint("office_id", "id"),
        CheckConstraint(_in("channel", Channel), name="channel_known"),
    )

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    name: str
    position: int = 0
    channel: Channel = Field(default=Channel.BOTH, sa_type=words(Channel))
    """Whom it is kept for until the day's quota returns to everybody."""
    active: bool = True


class LaneHours(SQLModel, table=True):
    """One open interval of a weekday, minutes since local midnight; a break is the gap between two."""

    __tablename__ = "lane_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_is_iso"),
        CheckConstraint("opens >= 0 AND opens < closes AND closes <= 1440", name="opens_before_it_closes"),
    )

    lane_id: int = Field(foreign_key="lane.id", primary_key=True)
    weekday: int = Field(primary_key=True, sa_type=SmallInteger)
    opens: int = Field(primary_key=True, sa_type=SmallInteger)
    closes: int = Field(sa_type=SmallInteger)


class LaneException(SQLModel, table=True):
    """A date on which the lane has other hours than its week; without hours it is closed that day."""

    __tablename__ = "lane_exception"
    __table_args__ = (
        CheckConstraint("(opens IS NULL) = (closes IS NULL) AND opens >= 0 AND opens < closes AND closes <= 1440", name="both_or_none"),
        Index("ix_lane_exception_lane", "lane_id", "local_date"),
    )

    id: int | None = Field(default=None, primary_key=True)
    lane_id: int = Field(foreign_key="lane.id")
    local_date: date
    opens: int | None = Field(default=None, sa_type=SmallInteger)
    closes: int | None = Field(default=None, sa_type=SmallInteger)


class LaneService(SQLModel, table=True):
    """Which services a lane takes."""

    __tablename__ = "lane_service"
    __table_args__ = (
        ForeignKeyConstraint(["office_id", "lane_id"], ["lane.office_id", "lane.id"], name="fk_lane_service_lane"),
        ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_lane_service_service"),
    )

    lane_id: int = Field(primary_key=True)
    service_id: int = Field(primary_key=True)
    office_id: int


class BookingPolicy(SQLModel, table=True):
    """How a service is booked; a service without a row is not booked at all."""

    __tablename__ = "booking_policy"
    __table_args__ = (
        # Divisors of an hour, so that offers stand on round minutes of the clock in every zone and after every DST change.
        CheckConstraint("grid_minutes IN (5, 10, 15, 20, 30, 60)", name="grid_divides_the_hour"),
        CheckConstraint("duration_minutes BETWEEN 1 AND 480 AND per_application_minutes BETWEEN 0 AND 120", name="visit_is_short"),
        CheckConstraint("lead_minutes BETWEEN 0 AND 43200 AND horizon_days BETWEEN 1 AND 365", name="near_future"),
    )

    service_id: int = Field(foreign_key="service.id", primary_key=True)
    grid_minutes: int = 15
    duration_minutes: int = 15
    per_application_minutes: int = 0
    """What each further application adds; zero: the form does not ask for their number."""
    lead_minutes: int = 60
    horizon_days: int = 30


class OfficeBooking(SQLModel, table=True):
    """An office's own rules of booking; an office without a row has the defaults."""

    __tablename__ = "office_booking"
    __table_args__ = (
        CheckConstraint(
            "hold_minutes BETWEEN 1 AND 60 AND check_in_opens_minutes BETWEEN 0 AND 720 AND active_limit BETWEEN 1 AND 100"
            " AND moves_limit BETWEEN 0 AND 100 AND freed_delay_minutes BETWEEN 0 AND 1440 AND offer_minutes BETWEEN 5 AND 1440"
            " AND quota_returns_minutes BETWEEN -1440 AND 20160",
            name="sensible",
        ),
    )

    office_id: int = Field(foreign_key="office.id", primary_key=True)
    hold_minutes: int = 5
    check_in_opens_minutes: int = 30
    verify_contact: bool = False
    active_limit: int = 3
    """Active bookings per contact, across the city."""
    moves_limit: int = 2
    freed_delay_minutes: int = 10
    """A freed slot returns after a random time of up to this: whoever sells slots cannot hand one over."""
    offer_minutes: int = 30
    """How long a slot is kept for the person on the waitlist to whom it was offered."""
    quota_returns_minutes: int | None = None
    """So long before its day begins a lane's quota returns to everybody (720: at noon of the day before); null: never."""


KEEPS_REFERENCE = "state <> 'expired' AND erased_at IS NULL"
"""Whose reference nobody else may have, in SQL: as long as somebody can still ask for the booking by it."""


class Appointment(SQLModel, table=True):
    """A visit that a citizen wants to make. Name and contact are sealed; the contact is compared by its keyed hash."""

    __table_args__ = (
        UniqueConstraint("secret"),
        ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_appointment_service"),
        CheckConstraint(_in("state", AppointmentState), name="state_known"),
        CheckConstraint("applications BETWEEN 1 AND 5", name="applications_few"),
        CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
        CheckConstraint("(state IN ('held', 'offered', 'unverified')) <= (hold_expires_at IS NOT NULL)", name="holds_expire"),
        # Seven digits and a check digit last for a city for ever: lapsed holds and destroyed bookings give theirs back.
        Index("uq_appointment_reference", "reference", unique=True, postgresql_where=text(KEEPS_REFERENCE)),
        # A retried hold meets this index and gives its part of the lane back.
        Index("uq_appointment_key", "idempotency_key", unique=True, postgresql_where=text("idempotency_key IS NOT NULL")),
        # Bookings of a contact across the city.
        Index("ix_appointment_contact", "contact_hash", postgresql_where=text("contact_hash IS NOT NULL")),
        # An office's day.
        Index("ix_appointment_day", "office_id", "starts_at"),
        # Whom the housekeeping declares missed: found among those to come, however many came before.
        Index("ix_appointment_booked", "starts_at", postgresql_where=text("state = 'booked'")),
        # What is still to be destroyed when its days are over.
        Index("ix_appointment_kept", "starts_at", postgresql_where=text("name_sealed IS NOT NULL")),
        # Holds that are over.
        Index("ix_appointment_hold", "hold_expires_at", postgresql_where=text("state IN ('held', 'offered', 'unverified')")),
        # One person is in one place at a time.
        ExcludeConstraint(
            (text("int8range(person, person, '[]')"), "&&"),
            (text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            where=text("state = 'booked' AND person IS NOT NULL"),
            name="ex_appointment_one_place",
        ),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    secret: str
    """Opens the appointment's page; the day and 96 random bits (`dated.new_secret`)."""
    reference: str
    """Eight digits that are nobody else's while KEEPS_REFERENCE is true."""
    office_id: int
    service_id: int
    state: AppointmentState = Field(sa_type=words(AppointmentState))
    starts_at: datetime = Field(sa_type=Instant)
    ends_at: datetime = Field(sa_type=Instant)
    applications: int = Field(default=1, sa_type=SmallInteger)
    language: str = "ru"
    name_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    contact_sealed: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    contact_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary))
    person: int | None = Field(default=None, sa_type=BigInteger)
    """Keyed hash of name and contact as a number, for the exclusion constraint."""
    created_at: datetime = Field(sa_type=Instant)
    hold_expires_at: datetime | None = Field(default=None, sa_type=Instant)
    extended: bool = False
    moves: int = Field(default=0, sa_type=SmallInteger)
    sequence: int = 0
    """Grows with every change that a calendar must learn of (RFC 5545, SEQUENCE)."""
    code_attempts: int = Field(default=0, sa_type=SmallInteger)
    displaced_at: datetime | None = Field(default=None, sa_type=Instant)
    """A change of the schedule left the booking without hours: its person was offered new times, and moving costs no move."""
    erased_at: datetime | None = Field(default=None, sa_type=Instant)
    """Name and contact were destroyed, by age or by the citizen's wish."""
    via: str = "citizen"
    """By which path it was taken: citizen, staff, waitlist."""
    idempotency_key: str | None = None


class LaneTaken(SQLModel, table=True):
    """A part of a lane that is not free."""

    __tablename__ = "lane_taken"
    __table_args__ = (
        # No lane has two visits at one time. Every path of booking ends here.
        ExcludeConstraint((text("int8range(lane_id, lane_id, '[]')"), "&&"), ("during", "&&"), using="gist", name="ex_lane_taken_once"),
        CheckConstraint(_in("kind", TakenBy), name="kind_known"),
        CheckConstraint("(kind IN ('hold', 'freed')) = (expires_at IS NOT NULL)", name="holds_expire"),
        CheckConstraint("NOT isempty(during)", name="takes_time"),
        # An appointment has one part of one lane; a move puts the new one beside the old one for a moment within its transaction.
        Index("ix_lane_taken_appointment", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
        # A lane's parts in the order of time, with all that says whether they count: what is free is read from here and nowhere else.
        Index("ix_lane_taken_in_order", "lane_id", "during", postgresql_include=["expires_at", "kind", "appointment_id"]),
        # Freed parts, for the waitlist and the sweep.
        Index("ix_lane_taken_expires", "expires_at", postgresql_where=text("expires_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    lane_id: int = Field(foreign_key="lane.id", sa_type=BigInteger)
    during: Any = Field(sa_column=Column(TSTZRANGE, nullable=False))
    kind: TakenBy = Field(sa_type=words(TakenBy))
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id", sa_type=BigInteger)
    expires_at: datetime | None = Field(default=None, sa_type=Instant)


class BookingContact(SQLModel, table=True):
    """One row per contact: locked while its bookings are counted, so that two at once cannot both be the last one."""

    __tablename__ = "booking_contact"

    contact_hash: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    seen_at: datetime = Field(sa_type=Instant)


class ContactCode(SQLModel, table=True):
    """A code that was sent to prove a contact; a resent one does not end the one before."""

    __tablename__ = "contact_code"
    __table_args__ = (Index("ix_contact_code_appointment", "appointment_id"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    appointment_id: int = Field(foreign_key="appointment.id", sa_type=BigInteger)
    code_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    expires_at: datetime = Field(sa_type=Instant)


class WaitlistEntry(SQLModel, table=True):
    """A person who wants to hear of a freed slot."""

    __tablename__ = "waitlist_entry"
    __table_args__ = (
        UniqueConstraint("secret"),
        ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_waitlist_entry_service"),
        CheckConstraint(_in("state", WaitlistState), name="state_known"),
        CheckConstraint("from_date <= to_date", name="from_before_to"),
        CheckConstraint("applications BETWEEN 1 AND 5", name="applications_few"),
        # In their order, per office and service.
        Index("ix_waitlist_entry_waiting", "office_id", "service_id", "id", postgresql_where=text("state = 'waiting'")),
        Index(
            "uq_waitlist_entry_contact",
            "contact_hash",
            "office_id",
            "service_id",
            unique=True,
            postgresql_where=text("state IN ('waiting', 'offered')"),
        ),
        Index("ix_waitlist_entry_appointment", "appointment_id", postgresql_where=text("appointment_id IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    secret: str
    office_id: int
    service_id: int
    applications: int = Field(default=1, sa_type=SmallInteger)
    from_date: date
    to_date: date
    language: str = "ru"
    name_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    contact_sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    contact_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    person: int = Field(sa_type=BigInteger)
    state: WaitlistState = Field(sa_type=words(WaitlistState))
    created_at: datetime = Field(sa_type=Instant)
    offers: int = Field(default=0, sa_type=SmallInteger)
    appointment_id: int | None = Field(default=None, foreign_key="appointment.id", sa_type=BigInteger)
    """The slot that is offered now, or was accepted."""


class Destruction(SQLModel, table=True):
    """Evidence of personal data that was destroyed (приказ Роскомнадзора № 179 от 28.10.2022): what, how much, why, when, never whose.

    The service's database role may add to it and read it, and nothing else.
    """

    __table_args__ = (
        CheckConstraint("reason IN ('retention', 'citizen', 'administrator')", name="reason_known"),
        CheckConstraint("count > 0", name="something_was_destroyed"),
        Index("ix_destruction_office", "office_id", "id"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    at: datetime = Field(sa_type=Instant)
    office_id: int | None = Field(default=None, foreign_key="office.id")
    category: str
    """appointment, waitlist, message, contact."""
    count: int
    reason: str
    actor: str
    """`system`, `citizen` or a login."""
