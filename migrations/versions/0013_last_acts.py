"""A shift remembers the keys of its last acts, so that one that arrives twice is done once"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("shift", sa.Column("last_acts", postgresql.JSONB(), server_default="[]", nullable=False))
