"""Who changed which rules of an office; the rules of a hall's day are not negative"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "policy_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("office_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["office_id"], ["office.id"], name=op.f("fk_policy_change_office_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_change")),
    )
    op.create_index("ix_policy_change_office", "policy_change", ["office_id", "id"], unique=False)
    # What was decided stays said.
    op.execute("""
        CREATE TRIGGER policy_change_is_append_only BEFORE UPDATE ON policy_change
        FOR EACH ROW EXECUTE FUNCTION refuse_journal_update()
    """)
    op.create_check_constraint(
        op.f("ck_office_hall_day_not_negative"), "office", "auto_call_seconds >= 1 AND day_ends_minutes >= 0 AND amber_minutes >= 0"
    )
