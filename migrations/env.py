"""How alembic reaches the database: through the connection that `queue_service.schema` hands over, inside its transaction."""

from alembic import context
from sqlmodel import SQLModel

from queue_service.schema import load_tables

load_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    compare_server_default=True,
    transaction_per_migration=False,
)
context.run_migrations()
