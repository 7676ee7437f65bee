"""The keys of one moment lie together in their index, whatever the office: sixty offices write to its last page and not to sixty pages"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_ticket_idempotency_key", table_name="ticket")
    op.create_index(
        "uq_ticket_idempotency_key",
        "ticket",
        ["idempotency_key", "office_id"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
