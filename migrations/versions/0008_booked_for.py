"""The booked time of a ticket stands beside its rank, which an administrator may change"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("ticket", sa.Column("booked_for", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE ticket SET booked_for = starts_at FROM appointment WHERE appointment.id = appointment_id")
