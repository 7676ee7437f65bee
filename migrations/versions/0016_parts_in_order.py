"""A lane's parts stand in the order of time beside the constraint's index, which finds what overlaps and knows no order"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_lane_taken_in_order", "lane_taken", ["lane_id", "during"], postgresql_include=["expires_at", "kind", "appointment_id"]
    )
