"""A code on the screen of a new device knows the network that asked for it, so that open codes are shared out among networks"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("device_pairing", sa.Column("network", sa.LargeBinary(), nullable=True))
