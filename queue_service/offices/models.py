"""Tables of an office's set-up. Rows are switched off rather than deleted, because tickets and the journal point at them.

Refuses to hold anything that a visitor's day changes.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Integer, SmallInteger, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from queue_service import text
from queue_service.db import Instant, words

TICKET_LETTERS = "АВГДЕКЛМНПРСТУФЭ"
"""Letters that are told apart by ear and eye (domain.md); the rest read as digits or as each other."""


def text_column() -> Any:
    return Column(JSONB, nullable=False)


class VisitGoal(StrEnum):
    """Waits are reported per goal (ПП РФ № 1376)."""

    SUBMIT = "submit"
    ASK = "ask"
    COLLECT = "collect"


class Privilege(SQLModel, table=True):
    """A category that is served out of turn; the city's dictionary with its legal basis."""

    __table_args__ = (UniqueConstraint("code"),)

    id: int | None = Field(default=None, primary_key=True)
    code: str
    name: text.Text = Field(sa_column=text_column())
    basis: str
    document: text.Text = Field(sa_column=text_column())
    valid_from: date | None = None
    valid_to: date | None = None
    position: int = 0


class Office(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint(
            "no_show_min_calls >= 1 AND no_show_min_seconds >= 0 AND return_limit_minutes >= 0"
            " AND privilege_head_start_minutes >= 0 AND booked_head_start_minutes >= 0"
            " AND late_grace_minutes >= 0 AND help_out_penalty_minutes >= 0",
            name="policy_not_negative",
        ),
        CheckConstraint("retention_days BETWEEN 1 AND 1095", name="retention_sensible"),
        CheckConstraint("auto_call_seconds >= 1 AND day_ends_minutes >= 0 AND amber_minutes >= 0", name="hall_day_not_negative"),
        CheckConstraint(
            "(latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180", name="on_earth"
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    slug: str
    position: int = 0
    name: text.Text = Field(sa_column=text_column())
    district: text.Text = Field(sa_column=text_column())
    address: text.Text = Field(sa_column=text_column())
    phone: str | None = None
    time_zone: str = "Europe/Moscow"
    latitude: float | None = None
    longitude: float | None = None
    """Degrees, WGS 84: for «ближайшие отделения»."""
    public_holidays: str | None = None
    """The country whose public holidays close the office (ISO 3166-1); null where it works on them."""
    active: bool = Field(default=True, sa_column_kwargs={"server_default": "true"})
    """Shown to citizens: an office that is still being set up is not."""
    retention_days: int = Field(default=30, sa_column_kwargs={"server_default": "30"})
    """So long after the visit names and contacts are kept (152-ФЗ)."""
    ticker: list[text.Text] = Field(sa_column=Column(JSONB, nullable=False))
    no_show_min_calls: int = 2
    no_show_min_seconds: int = 20
    return_limit_minutes: int = 30
    privilege_head_start_minutes: int = 120
    booked_head_start_minutes: int = 60
    late_grace_minutes: int = 15
    help_out_penalty_minutes: int = 10
    accessible_needs: list[str] = Field(
        default_factory=lambda: ["wheelchair"], sa_column=Column(ARRAY(String), nullable=False, server_default="{wheelchair}")
    )
    """Needs that only an accessible desk serves while one is open for the service."""
    auto_call_seconds: int | None = None
    """An idle desk calls the next visitor by itself after this; null: only when the clerk presses."""
    postpone_reasons: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))
    """[{"code", "name": Text}]; the built-in dictionary where it is empty."""
    day_ends_minutes: int = Field(default=60, sa_column_kwargs={"server_default": "60"})
    """So long after closing time the day is ended: whoever still waits is told so, open services end as inaccurate."""
    amber_minutes: int = Field(default=5, sa_column_kwargs={"server_default": "5"})
    """A waiting ticket turns amber so long before its due time, red after it."""


class CitySetup(SQLModel, table=True):
    """What the whole city shares: its name, its time zone and the catalogue of services. One row; the offices' rows are resolved from it.

    An office's own table holds what its visitors meet; this holds what an office that gives a service begins with.
    """

    __tablename__ = "city_setup"
    __table_args__ = (CheckConstraint("id = 1", name="one_city"),)

    id: int = Field(default=1, primary_key=True, sa_type=SmallInteger)
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """{"city", "catalogue"} as the city file has them."""


class Wording(SQLModel, table=True):
    """A sentence of a ticket or a message that the city or an office says in its own words."""

    __table_args__ = (UniqueConstraint("office_id", "code", postgresql_nulls_not_distinct=True),)

    id: int | None = Field(default=None, primary_key=True)
    office_id: int | None = Field(default=None, foreign_key="office.id")
    """Null: the whole city's; an office's own goes before it."""
    code: str
    sentence: text.Text = Field(sa_column=text_column())


class OpeningHours(SQLModel, table=True):
    """One open interval of a weekday in the office's local time; minutes since midnight, so that 24:00 is 1440."""

    __tablename__ = "opening_hours"
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday_is_iso"),
        CheckConstraint("opens >= 0 AND opens < closes AND closes <= 1440", name="opens_before_it_closes"),
    )

    office_id: int = Field(foreign_key="office.id", primary_key=True)
    weekday: int = Field(primary_key=True, sa_type=SmallInteger)
    opens: int = Field(primary_key=True, sa_type=SmallInteger)
    closes: int = Field(sa_type=SmallInteger)


class Closure(SQLModel, table=True):
    """A date that overrides the week: closed all day, or open only from `opens` to `closes`."""

    __table_args__ = (
        CheckConstraint(
            "(opens IS NULL) = (closes IS NULL) AND opens >= 0 AND opens < closes AND closes <= 1440",
            name="both_or_none",
        ),
    )

    office_id: int = Field(foreign_key="office.id", primary_key=True)
    local_date: date = Field(primary_key=True)
    opens: int | None = Field(default=None, sa_type=SmallInteger)
    closes: int | None = Field(default=None, sa_type=SmallInteger)
    reason: text.Text = Field(sa_column=text_column())


class Zone(SQLModel, table=True):
    """A part of the hall with displays of its own."""

    __table_args__ = (UniqueConstraint("office_id", "code"),)

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    code: str
    name: text.Text = Field(sa_column=text_column())


class ServiceGroup(SQLModel, table=True):
    """Services that share a button on the kiosk and a ticket letter."""

    __tablename__ = "service_group"
    __table_args__ = (
        UniqueConstraint("office_id", "code"),
        UniqueConstraint("office_id", "letter"),
        CheckConstraint(f"letter ~ '^[{TICKET_LETTERS}]$'", name="letter_is_unmistakable"),
    )

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    code: str
    letter: str
    name: text.Text = Field(sa_column=text_column())
    position: int = 0


class Service(SQLModel, table=True):
    __table_args__ = (
        UniqueConstraint("office_id", "code"),
        UniqueConstraint("office_id", "id"),
        CheckConstraint("typical_minutes > 0 AND wait_norm_minutes > 0 AND booking_norm_minutes > 0", name="positive"),
        CheckConstraint("daily_limit > 0", name="limit_positive"),
        CheckConstraint("goal IN ('submit', 'ask', 'collect')", name="goal_known"),
    )

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    group_id: int = Field(foreign_key="service_group.id")
    code: str
    name: text.Text = Field(sa_column=text_column())
    goal: VisitGoal = Field(sa_type=words(VisitGoal))
    documents: list[text.Text] = Field(sa_column=Column(JSONB, nullable=False))
    typical_minutes: int
    wait_norm_minutes: int = 15
    booking_norm_minutes: int = 15
    daily_limit: int | None = None
    walk_in: bool = True
    active: bool = True
    position: int = 0
    result_codes: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))
    """[{"code", "name": Text}]: one of them must be chosen when a visit ends; none: nothing is asked."""
    chain: list[str] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]"))
    """Codes of the services that follow it in the same visit, on the same ticket (комплексная услуга)."""
    counts_applications: bool = Field(default=False, sa_column_kwargs={"server_default": "false"})
    """Whether the clerk says how many applications were really handled."""


class Desk(SQLModel, table=True):
    """A window. `number` is what visitors see and hear, so it is digits."""

    __table_args__ = (
        UniqueConstraint("office_id", "number"),
        UniqueConstraint("office_id", "id"),
        CheckConstraint("number ~ '^[1-9][0-9]{0,2}$'", name="number_can_be_spoken"),
    )

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    zone_id: int | None = Field(default=None, foreign_key="zone.id")
    number: str
    place: text.Text | None = Field(default=None, sa_column=Column(JSONB(none_as_null=True)))
    accessible: bool = False
    active: bool = True


class DeskService(SQLModel, table=True):
    """Which services a desk takes; `help_out` ones only after the office's penalty (design §4)."""

    __tablename__ = "desk_service"
    __table_args__ = (
        ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_desk_service_desk"),
        ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_desk_service_service"),
    )

    desk_id: int = Field(primary_key=True)
    service_id: int = Field(primary_key=True)
    office_id: int = Field(sa_type=Integer)
    help_out: bool = False


class ServiceClosure(SQLModel, table=True):
    """A service that is not given any more on one local day, by a decision of the hall."""

    __tablename__ = "service_closure"

    service_id: int = Field(foreign_key="service.id", primary_key=True)
    local_date: date = Field(primary_key=True)
    reason: text.Text = Field(sa_column=text_column())
    closed_at: datetime = Field(sa_type=Instant)
    closed_by: int
    """Account; without a foreign key, because accounts stand beside offices."""


class Notice(SQLModel, table=True):
    """A line of the ticker that the hall administrator wrote, until it is taken away or its time is over."""

    __table_args__ = (Index("ix_notice_office", "office_id", "until"),)

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    sentence: text.Text = Field(sa_column=text_column())
    until: datetime = Field(sa_type=Instant)
    written_by: int


class OfficeDay(SQLModel, table=True):
    """A local day of an office that was ended; the row makes it happen once."""

    __tablename__ = "office_day"

    office_id: int = Field(foreign_key="office.id", primary_key=True)
    local_date: date = Field(primary_key=True)
    ended_at: datetime = Field(sa_type=Instant)


class PolicyChange(SQLModel, table=True):
    """Who changed which rules of an office, from what to what; a trigger refuses updates."""

    __tablename__ = "policy_change"
    __table_args__ = (Index("ix_policy_change_office", "office_id", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    office_id: int = Field(foreign_key="office.id")
    account_id: int
    """Without a foreign key, because accounts stand beside offices."""
    at: datetime = Field(sa_type=Instant)
    before: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """{name: value} of what was changed, as `offices.policy` names it."""
    after: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class SetupRevision(SQLModel, table=True):
    """When a configuration file was last loaded, and which: so that a second start does not load it again."""

    __tablename__ = "setup_revision"

    source: str = Field(primary_key=True)
    digest: str
    loaded_at: datetime = Field(sa_type=Instant)
