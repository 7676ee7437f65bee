"""Messages: the outbox"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox_message",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("recipient", sa.LargeBinary(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("appointment_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.CheckConstraint("(state = 'sending') = (claimed_until IS NOT NULL)", name=op.f("ck_outbox_message_claimed_while_sending")),
        sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_message_sent_has_a_time")),
        sa.CheckConstraint(
            "(state IN ('pending', 'sending')) = (recipient IS NOT NULL AND payload IS NOT NULL)",
            name=op.f("ck_outbox_message_content_only_while_needed"),
        ),
        sa.CheckConstraint("channel IN ('email', 'sms')", name=op.f("ck_outbox_message_channel_known")),
        sa.CheckConstraint(
            "kind IN ('confirmation', 'change', 'cancellation', 'reminder_early', 'reminder_day', 'offer', 'code', 'links')",
            name=op.f("ck_outbox_message_kind_known"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'failed', 'withdrawn', 'unconfirmed')", name=op.f("ck_outbox_message_state_known")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_outbox_message")),
    )
    op.create_index(
        "ix_outbox_message_appointment",
        "outbox_message",
        ["appointment_id"],
        unique=False,
        postgresql_where=sa.text("appointment_id IS NOT NULL"),
    )
    op.create_index(
        "ix_outbox_message_claimed", "outbox_message", ["claimed_until"], unique=False, postgresql_where=sa.text("state = 'sending'")
    )
    op.create_index(
        "ix_outbox_message_due", "outbox_message", ["channel", "due_at"], unique=False, postgresql_where=sa.text("state = 'pending'")
    )
