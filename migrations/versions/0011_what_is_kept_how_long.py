"""Ways to what is to be destroyed: bookings of a contact whatever their state, free words of staff"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_appointment_contact", table_name="appointment")
    op.create_index("ix_appointment_contact", "appointment", ["contact_hash"], postgresql_where=sa.text("contact_hash IS NOT NULL"))
    op.create_index("ix_ticket_comment", "ticket", ["issued_at"], postgresql_where=sa.text("comment IS NOT NULL"))
    op.create_index("ix_shift_event_note", "shift_event", ["at"], postgresql_where=sa.text("note IS NOT NULL"))
