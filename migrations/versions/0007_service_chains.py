"""Services that follow each other in one visit"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("chain", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False))
