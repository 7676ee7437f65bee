"""The hall: offices, staff, devices, tickets, desks"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "office",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("district", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("address", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("ticker", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("no_show_min_calls", sa.Integer(), nullable=False),
        sa.Column("no_show_min_seconds", sa.Integer(), nullable=False),
        sa.Column("return_limit_minutes", sa.Integer(), nullable=False),
        sa.Column("privilege_head_start_minutes", sa.Integer(), nullable=False),
        sa.Column("booked_head_start_minutes", sa.Integer(), nullable=False),
        sa.Column("late_grace_minutes", sa.Integer(), nullable=False),
        sa.Column("help_out_penalty_minutes", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "no_show_min_calls >= 1 AND no_show_min_seconds >= 0 AND return_limit_minutes >= 0"
            " AND privilege_head_start_minutes >= 0 AND booked_head_start_minutes >= 0"
            " AND late_grace_minutes >= 0 AND help_out_penalty_minutes >= 0",
            name=op.f("ck_office_policy_not_negative"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office")),
        sa.UniqueConstraint("slug", name=op.f("uq_office_slug")),
    )
    op.create_table(
        "privilege",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_privilege")),
        sa.UniqueConstraint("code", name=op.f("uq_privilege_code")),
    )
    op.create_table(
        "setup_revision",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_setup_revision")),
    )
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "office_id IS NOT NULL OR role IN ('city_administrator', 'auditor')",
            name=op.f("ck_account_office_people_have_one"),
        ),
        sa.CheckConstraint(
            "role IN ('clerk', 'hall_administrator', 'office_head', 'city_administrator', 'auditor')",
            name=op.f("ck_account_role_known"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_account_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "closure",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("opens", sa.SmallInteger(), nullable=True),
        sa.Column("closes", sa.SmallInteger(), nullable=True),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "(opens IS NULL) = (closes IS NULL) AND opens >= 0 AND opens < closes AND closes <= 1440",
            name=op.f("ck_closure_both_or_none"),
        ),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_closure_office_id")),
        sa.PrimaryKeyConstraint("office_id", "local_date", name=op.f("pk_closure")),
    )
    op.create_table(
        "opening_hours",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("weekday", sa.SmallInteger(), nullable=False),
        sa.Column("opens", sa.SmallInteger(), nullable=False),
        sa.Column("closes", sa.SmallInteger(), nullable=False),
        sa.CheckConstraint("opens >= 0 AND opens < closes AND closes <= 1440", name=op.f("ck_opening_hours_opens_before_it_closes")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_opening_hours_weekday_is_iso")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_opening_hours_office_id")),
        sa.PrimaryKeyConstraint("office_id", "weekday", "opens", name=op.f("pk_opening_hours")),
    )
    op.create_table(
        "service_group",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("letter ~ '^[АВГДЕКЛМНПРСТУФЭ]$'", name=op.f("ck_service_group_letter_is_unmistakable")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_service_group_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_group")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_service_group_office_id_code")),
        sa.UniqueConstraint("office_id", "letter", name=op.f("uq_service_group_office_id_letter")),
    )
    op.create_table(
        "ticket_counter",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_ticket_counter_office_id")),
        sa.PrimaryKeyConstraint("office_id", "local_date", "letter", name=op.f("pk_ticket_counter")),
    )
    op.create_table(
        "zone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_zone_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_zone")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_zone_office_id_code")),
    )
    op.create_table(
        "desk",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("zone_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("place", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("accessible", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("number ~ '^[1-9][0-9]{0,2}$'", name=op.f("ck_desk_number_can_be_spoken")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_desk_office_id")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_desk_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk")),
        sa.UniqueConstraint("office_id", "id", name=op.f("uq_desk_office_id_id")),
        sa.UniqueConstraint("office_id", "number", name=op.f("uq_desk_office_id_number")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("zone_id", sa.Integer(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("settings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("health", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('kiosk', 'display')", name=op.f("ck_device_kind_known")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_device_office_id")),
        sa.ForeignKeyConstraint(["zone_id"], ["zone.id"], name=op.f("fk_device_zone_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    op.create_table(
        "service",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("goal", sa.String(length=32), nullable=False),
        sa.Column("documents", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("typical_minutes", sa.Integer(), nullable=False),
        sa.Column("wait_norm_minutes", sa.Integer(), nullable=False),
        sa.Column("booking_norm_minutes", sa.Integer(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=True),
        sa.Column("walk_in", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.CheckConstraint("goal IN ('submit', 'ask', 'collect')", name=op.f("ck_service_goal_known")),
        sa.CheckConstraint("daily_limit > 0", name=op.f("ck_service_limit_positive")),
        sa.CheckConstraint(
            "typical_minutes > 0 AND wait_norm_minutes > 0 AND booking_norm_minutes > 0",
            name=op.f("ck_service_positive"),
        ),
        sa.ForeignKeyConstraint(["group_id"], ["service_group.id"], name=op.f("fk_service_group_id")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_service_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("office_id", "code", name=op.f("uq_service_office_id_code")),
        sa.UniqueConstraint("office_id", "id", name=op.f("uq_service_office_id_id")),
    )
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_staff_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_staff_session")),
    )
    op.create_index(op.f("ix_staff_session_account_id"), "staff_session", ["account_id"], unique=False)
    op.create_table(
        "desk_service",
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("help_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_desk_service_desk"),
        sa.ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_desk_service_service"),
        sa.PrimaryKeyConstraint("desk_id", "service_id", name=op.f("pk_desk_service")),
    )
    op.create_table(
        "service_day",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_day_service_id")),
        sa.PrimaryKeyConstraint("service_id", "local_date", name=op.f("pk_service_day")),
    )
    op.create_table(
        "shift",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pause_reason", sa.String(), nullable=True),
        sa.Column("pause_note", sa.String(), nullable=True),
        sa.Column("served", sa.Integer(), nullable=False),
        sa.Column("serving_seconds", sa.Integer(), nullable=False),
        sa.Column("last_call_key", sa.String(), nullable=True),
        sa.Column("last_call_ticket_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(paused_at IS NULL) = (pause_reason IS NULL)", name=op.f("ck_shift_pause_has_a_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_shift_account_id")),
        sa.ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_shift_desk"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift")),
    )
    op.create_index("ix_shift_office", "shift", ["office_id", "opened_at"], unique=False)
    op.create_index("uq_shift_open_account", "shift", ["account_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL"))
    op.create_index("uq_shift_open_desk", "shift", ["desk_id"], unique=True, postgresql_where=sa.text("closed_at IS NULL"))
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("letter", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("needs", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("privilege_id", sa.Integer(), nullable=True),
        sa.Column("privilege_state", sa.String(length=32), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("clerk_id", sa.Integer(), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("calls", sa.SmallInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(privilege_id IS NULL) = (privilege_state IS NULL) AND privilege_state IN ('claimed', 'confirmed', 'refused')",
            name=op.f("ck_ticket_privilege_has_a_state"),
        ),
        sa.CheckConstraint("letter ~ '^[АВГДЕКЛМНПРСТУФЭ]$' AND number >= 1", name=op.f("ck_ticket_number_well_formed")),
        sa.CheckConstraint("needs <@ ARRAY['low_vision', 'hearing', 'wheelchair']", name=op.f("ck_ticket_needs_known")),
        sa.CheckConstraint("source IN ('walk_in', 'booked')", name=op.f("ck_ticket_source_known")),
        sa.CheckConstraint(
            "state IN ('waiting', 'called', 'serving', 'postponed', 'no_show', 'served', 'left', 'expired')",
            name=op.f("ck_ticket_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('called', 'serving') OR (desk_id IS NOT NULL AND clerk_id IS NOT NULL)",
            name=op.f("ck_ticket_active_has_a_desk"),
        ),
        sa.CheckConstraint("rank_at <= due_at", name=op.f("ck_ticket_head_start_not_negative")),
        sa.ForeignKeyConstraint(["office_id", "desk_id"], ["desk.office_id", "desk.id"], name="fk_ticket_desk"),
        sa.ForeignKeyConstraint(["office_id", "service_id"], ["service.office_id", "service.id"], name="fk_ticket_service"),
        sa.ForeignKeyConstraint(["privilege_id"], ["privilege.id"], name=op.f("fk_ticket_privilege_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint("office_id", "local_date", "letter", "number", name="uq_ticket_number"),
        sa.UniqueConstraint("secret", name=op.f("uq_ticket_secret")),
    )
    op.create_index(
        "ix_ticket_active",
        "ticket",
        ["office_id"],
        unique=False,
        postgresql_where=sa.text("state IN ('called', 'serving')"),
    )
    op.create_index(
        "ix_ticket_early",
        "ticket",
        ["office_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND rank_from > issued_at"),
    )
    op.create_index(
        "ix_ticket_rank",
        "ticket",
        ["office_id", "rank_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_index(
        "uq_ticket_at_desk",
        "ticket",
        ["desk_id"],
        unique=True,
        postgresql_where=sa.text("state IN ('called', 'serving')"),
    )
    op.create_index(
        "uq_ticket_idempotency_key",
        "ticket",
        ["office_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_table(
        "shift_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("shift_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["shift_id"], ["shift.id"], name=op.f("fk_shift_event_shift_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shift_event")),
    )
    op.create_index(op.f("ix_shift_event_shift_id"), "shift_event", ["shift_id"], unique=False)
    op.create_table(
        "ticket_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("clerk_id", sa.Integer(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_event_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_event")),
    )
    op.create_index(
        "ix_ticket_event_finished",
        "ticket_event",
        ["office_id", "id"],
        unique=False,
        postgresql_where=sa.text("kind = 'finished'"),
    )
    op.create_index("ix_ticket_event_ticket", "ticket_event", ["ticket_id", "id"], unique=False)
    # The journal is appended to; retention deletes whole old rows, nobody rewrites one.
    op.execute("""
        CREATE FUNCTION refuse_journal_update() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'the journal is append-only';
        END $$
    """)
    op.execute("""
        CREATE TRIGGER journal_is_append_only BEFORE UPDATE ON ticket_event
        FOR EACH ROW EXECUTE FUNCTION refuse_journal_update()
    """)
