"""Booking: lanes, what is taken of them, appointments, the waitlist; counts of the limits"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "booking_contact",
        sa.Column("contact_hash", sa.LargeBinary(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("contact_hash", name=op.f("pk_booking_contact")),
    )
    op.create_table(
        "rate_count",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_count")),
        prefixes=["UNLOGGED"],
    )
    op.create_index("ix_rate_count_until", "rate_count", ["until"], unique=False)
    op.create_table(
        "lane",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("channel IN ('both', 'hall', 'online')", name=op.f("ck_lane_channel_known")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_lane_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("office_id", "id", name=op.f("uq_lane_office_id_id")),
        sa.UniqueConstraint("office_id", "name", name=op.f("uq_lane_office_id_name")),
    )
    op.create_table(
        "office_booking",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("hold_minutes", sa.Integer(), nullable=False),
        sa.Column("check_in_opens_minutes", sa.Integer(), nullable=False),
        sa.Column("verify_contact", sa.Boolean(), nullable=False),
        sa.Column("active_limit", sa.Integer(), nullable=False),
        sa.Column("moves_limit", sa.Integer(), nullable=False),
        sa.Column("freed_delay_minutes", sa.Integer(), nullable=False),
        sa.Column("offer_minutes", sa.Integer(), nullable=False),
        sa.Column("quota_returns_minutes", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "hold_minutes BETWEEN 1 AND 60 AND check_in_opens_minutes BETWEEN 0 AND 720 AND active_limit BETWEEN 1 AND 100"
            " AND moves_limit BETWEEN 0 AND 100 AND freed_delay_minutes BETWEEN 0 AND 1440 AND offer_minutes BETWEEN 5 AND 1440"
            " AND quota_returns_minutes BETWEEN -1440 AND 20160",
            name=op.f("ck_office_booking_sensible"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_office_booking_office_id")),
        sa.PrimaryKeyConstraint("office_id", name=op.f("pk_office_booking")),
    )
    op.create_table(
        "lane_exception",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("opens", sa.SmallInteger(), nullable=True),
        sa.Column("closes", sa.SmallInteger(), nullable=True),
        sa.CheckConstraint(
            "(opens IS NULL) = (closes IS NULL) AND opens >= 0 AND opens < closes AND closes <= 1440",
            name=op.f("ck_lane_exception_both_or_none"),
        ),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_lane_exception_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane_exception")),
    )
    op.create_index("ix_lane_exception_lane", "lane_exception", ["lane_id", "local_date"], unique=False)
    op.create_table(
        "lane_hours",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("opens", sa.SmallInteger(), nullable=False),
        sa.Column("closes", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("opens >= 0 AND opens < closes AND closes <= 1440", name=op.f("ck_lane_hours_opens_before_it_closes")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_lane_hours_weekday_is_iso")),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_lane_hours_lane_id")),
        sa.PrimaryKeyConstraint("lane_id", "weekday", "opens", name=op.f("pk_lane_hours")),
    )
    op.create_table(
        "appointment",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applications", sa.SmallInteger(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("contact_hash", sa.LargeBinary(), nullable=True),
        sa.Column("person", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hold_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("extended", sa.Boolean(), nullable=False),
        sa.Column("moves", sa.SmallInteger(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("code_attempts", sa.SmallInteger(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(person, person, '[]')"), "&&"),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("state = 'booked' AND person IS NOT NULL"),
            using="gist",
            name="ex_appointment_one_place",
        ),
        sa.CheckConstraint(
            "(state IN ('held', 'offered', 'unverified')) <= (hold_expires_at IS NOT NULL)", name=op.f("ck_appointment_holds_expire")
        ),
        sa.CheckConstraint(
            "state IN ('booked', 'cancelled', 'checked_in', 'expired', 'held', 'missed', 'offered', 'unverified')",
            name=op.f("ck_appointment_state_known"),
        ),
        sa.CheckConstraint("applications BETWEEN 1 AND 5", name=op.f("ck_appointment_applications_few")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_appointment_ends_after_it_starts")),
        sa.ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_appointment_service"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment")),
        sa.UniqueConstraint("secret", name=op.f("uq_appointment_secret")),
    )
    op.create_index("ix_appointment_contact", "appointment", ["contact_hash"], unique=False, postgresql_where=sa.text("state = 'booked'"))
    op.create_index("ix_appointment_day", "appointment", ["office_id", "starts_at"], unique=False)
    op.create_index(
        "ix_appointment_hold",
        "appointment",
        ["hold_expires_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('held', 'offered', 'unverified')"),
    )
    op.create_index(
        "uq_appointment_key", "appointment", ["idempotency_key"], unique=True, postgresql_where=sa.text("idempotency_key IS NOT NULL")
    )
    op.create_index(
        "uq_appointment_reference",
        "appointment",
        ["reference"],
        unique=True,
        postgresql_where=sa.text("state <> 'expired'"),
    )
    op.create_table(
        "booking_policy",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("grid_minutes", sa.Integer(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("per_application_minutes", sa.Integer(), nullable=False),
        sa.Column("lead_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 480 AND per_application_minutes BETWEEN 0 AND 120",
            name=op.f("ck_booking_policy_visit_is_short"),
        ),
        sa.CheckConstraint("grid_minutes IN (5, 10, 15, 20, 30, 60)", name=op.f("ck_booking_policy_grid_divides_the_hour")),
        sa.CheckConstraint(
            "lead_minutes BETWEEN 0 AND 43200 AND horizon_days BETWEEN 1 AND 365", name=op.f("ck_booking_policy_near_future")
        ),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_booking_policy_service_id")),
        sa.PrimaryKeyConstraint("service_id", name=op.f("pk_booking_policy")),
    )
    op.create_table(
        "lane_service",
        sa.Column("lane_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id", "lane_id"], ["lane.office_id", "lane.id"], name="fk_lane_service_lane"),
        sa.ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_lane_service_service"),
        sa.PrimaryKeyConstraint("lane_id", "service_id", name=op.f("pk_lane_service")),
    )
    op.create_table(
        "contact_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_contact_code_appointment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_code")),
    )
    op.create_index("ix_contact_code_appointment", "contact_code", ["appointment_id"], unique=False)
    op.create_table(
        "lane_taken",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("lane_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        postgresql.ExcludeConstraint(
            (sa.text("int8range(lane_id, lane_id, '[]')"), "&&"), (sa.column("during"), "&&"), using="gist", name="ex_lane_taken_once"
        ),
        sa.CheckConstraint("(kind IN ('hold', 'freed')) = (expires_at IS NOT NULL)", name=op.f("ck_lane_taken_holds_expire")),
        sa.CheckConstraint("kind IN ('block', 'booking', 'freed', 'hold')", name=op.f("ck_lane_taken_kind_known")),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_lane_taken_takes_time")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_lane_taken_appointment_id")),
        sa.ForeignKeyConstraint(["lane_id"], ["lane.id"], name=op.f("fk_lane_taken_lane_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane_taken")),
    )
    op.create_index(
        "ix_lane_taken_appointment", "lane_taken", ["appointment_id"], unique=False, postgresql_where=sa.text("appointment_id IS NOT NULL")
    )
    op.create_index("ix_lane_taken_expires", "lane_taken", ["expires_at"], unique=False, postgresql_where=sa.text("expires_at IS NOT NULL"))
    op.create_table(
        "waitlist_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("applications", sa.SmallInteger(), nullable=False),
        sa.Column("from_date", sa.Date(), nullable=False),
        sa.Column("to_date", sa.Date(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("contact_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offers", sa.SmallInteger(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('accepted', 'expired', 'left', 'offered', 'waiting')", name=op.f("ck_waitlist_entry_state_known")),
        sa.CheckConstraint("applications BETWEEN 1 AND 5", name=op.f("ck_waitlist_entry_applications_few")),
        sa.CheckConstraint("from_date <= to_date", name=op.f("ck_waitlist_entry_from_before_to")),
        sa.ForeignKeyConstraint(["appointment_id"], ["appointment.id"], name=op.f("fk_waitlist_entry_appointment_id")),
        sa.ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_waitlist_entry_service"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waitlist_entry")),
        sa.UniqueConstraint("secret", name=op.f("uq_waitlist_entry_secret")),
    )
    op.create_index(
        "ix_waitlist_entry_appointment",
        "waitlist_entry",
        ["appointment_id"],
        unique=False,
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_waitlist_entry_waiting",
        "waitlist_entry",
        ["office_id", "service_id", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_waitlist_entry_contact",
        "waitlist_entry",
        ["contact_hash", "office_id", "service_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('waiting', 'offered')"),
    )
    op.add_column("office", sa.Column("latitude", sa.Float(), nullable=True))
    op.add_column("office", sa.Column("longitude", sa.Float(), nullable=True))
    op.add_column("office", sa.Column("public_holidays", sa.String(), nullable=True))
    # Offices that exist were loaded from a file that will be loaded anew; until then they keep the days they kept.
    op.create_check_constraint(
        op.f("ck_office_on_earth"),
        "office",
        "(latitude IS NULL) = (longitude IS NULL) AND latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180",
    )
    op.add_column("ticket", sa.Column("appointment_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_ticket_appointment", "ticket", ["appointment_id"], unique=True, postgresql_where=sa.text("appointment_id IS NOT NULL")
    )
    op.create_foreign_key(op.f("fk_ticket_appointment_id"), "ticket", "appointment", ["appointment_id"], ["id"])
