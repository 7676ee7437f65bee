"""A message for whom the office's new hours leave without the booked time"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint("ck_outbox_message_kind_known", "outbox_message")
    op.create_check_constraint(
        op.f("ck_outbox_message_kind_known"),
        "outbox_message",
        "kind IN ('confirmation', 'change', 'cancellation', 'reminder_early', 'reminder_day', 'offer', 'code', 'links', 'displaced')",
    )
