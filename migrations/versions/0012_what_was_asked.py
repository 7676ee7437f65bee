"""What a ticket was asked for stands beside what it is now: a repeated key is compared with the wish, whatever became of the ticket"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("asked", sa.BigInteger(), nullable=True))
