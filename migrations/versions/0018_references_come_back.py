"""The reference of a destroyed booking is free again, and the bookings that are to come are found without looking at the past"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("uq_appointment_reference", table_name="appointment")
    op.create_index(
        "uq_appointment_reference",
        "appointment",
        ["reference"],
        unique=True,
        postgresql_where=sa.text("state <> 'expired' AND erased_at IS NULL"),
    )
    op.create_index("ix_appointment_booked", "appointment", ["starts_at"], postgresql_where=sa.text("state = 'booked'"))
