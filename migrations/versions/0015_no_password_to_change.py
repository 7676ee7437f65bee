"""Nobody is told to change their password: a reset goes by a link that chooses a new one, and nothing ever set the mark"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("account", "must_change_password")
