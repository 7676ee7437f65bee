"""The whole day of a hall: postponing, transfers, chains, closures, notices, alarms, the end of a day"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("sentence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_notice_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_office", "notice", ["office_id", "until"], unique=False)
    op.create_table(
        "office_day",
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_office_day_office_id")),
        sa.PrimaryKeyConstraint("office_id", "local_date", name=op.f("pk_office_day")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("raised_by", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.Integer(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["acknowledged_by"], ["account.id"], name=op.f("fk_alarm_acknowledged_by")),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_alarm_office_id")),
        sa.ForeignKeyConstraint(["raised_by"], ["account.id"], name=op.f("fk_alarm_raised_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index("ix_alarm_office", "alarm", ["office_id"], unique=False, postgresql_where=sa.text("acknowledged_at IS NULL"))
    op.create_table(
        "hall_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("desk_id", sa.Integer(), nullable=True),
        sa.Column("sent_by", sa.Integer(), nullable=False),
        sa.Column("sentence", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_by", sa.Integer(), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_hall_message_office_id")),
        sa.ForeignKeyConstraint(["read_by"], ["account.id"], name=op.f("fk_hall_message_read_by")),
        sa.ForeignKeyConstraint(["sent_by"], ["account.id"], name=op.f("fk_hall_message_sent_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hall_message")),
    )
    op.create_index("ix_hall_message_office", "hall_message", ["office_id"], unique=False, postgresql_where=sa.text("read_at IS NULL"))
    op.create_table(
        "service_closure",
        sa.Column("service_id", sa.Integer(), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("reason", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["service_id"], ["service.id"], name=op.f("fk_service_closure_service_id")),
        sa.PrimaryKeyConstraint("service_id", "local_date", name=op.f("pk_service_closure")),
    )
    op.add_column("office", sa.Column("accessible_needs", postgresql.ARRAY(sa.String()), server_default="{wheelchair}", nullable=False))
    op.add_column("office", sa.Column("auto_call_seconds", sa.Integer(), nullable=True))
    op.add_column("office", sa.Column("postpone_reasons", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False))
    op.add_column("office", sa.Column("day_ends_minutes", sa.Integer(), server_default="60", nullable=False))
    op.add_column("office", sa.Column("amber_minutes", sa.Integer(), server_default="5", nullable=False))
    op.add_column("service", sa.Column("result_codes", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False))
    op.add_column("service", sa.Column("counts_applications", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("shift", sa.Column("pause_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("for_desk_id", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("for_clerk_id", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("return_desk_id", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("return_service_id", sa.Integer(), nullable=True))
    op.add_column("ticket", sa.Column("next_services", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False))
    op.add_column("ticket", sa.Column("comment", sa.String(), nullable=True))
    op.add_column("ticket", sa.Column("postponed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("ticket", sa.Column("postpone_reason", sa.String(), nullable=True))
    op.create_index("ix_shift_open", "shift", ["office_id"], unique=False, postgresql_where=sa.text("closed_at IS NULL"))
    op.add_column("ticket", sa.Column("moved_by_hand", sa.Boolean(), server_default="false", nullable=False))
    op.add_column("ticket", sa.Column("inaccurate", sa.Boolean(), server_default="false", nullable=False))
    op.create_index(
        "ix_ticket_directed",
        "ticket",
        ["office_id", "rank_at", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting' AND (for_desk_id IS NOT NULL OR for_clerk_id IS NOT NULL)"),
    )
    op.create_index("ix_ticket_missed", "ticket", ["office_id", "ended_at"], unique=False, postgresql_where=sa.text("state = 'no_show'"))
    op.create_index(
        "ix_ticket_postponed", "ticket", ["office_id", "postponed_until"], unique=False, postgresql_where=sa.text("state = 'postponed'")
    )
    op.create_foreign_key(op.f("fk_ticket_for_clerk_id"), "ticket", "account", ["for_clerk_id"], ["id"])
    op.create_foreign_key("fk_ticket_for_desk", "ticket", "desk", ["office_id", "for_desk_id"], ["office_id", "id"])
    op.create_foreign_key("fk_ticket_return_desk", "ticket", "desk", ["office_id", "return_desk_id"], ["office_id", "id"])
    op.create_check_constraint(op.f("ck_ticket_returns_for_a_service"), "ticket", "(return_desk_id IS NULL) = (return_service_id IS NULL)")
    op.create_check_constraint(op.f("ck_ticket_only_postponed_has_a_term"), "ticket", "state = 'postponed' OR postponed_until IS NULL")
