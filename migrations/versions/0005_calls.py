"""An office's calls in order: whoever asks why another number was called walks the latest of them"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_ticket_event_called", "ticket_event", ["office_id", "id"], unique=False, postgresql_where=sa.text("kind = 'called'")
    )
