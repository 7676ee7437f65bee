"""Reads what the journal tells of a ticket."""

import asyncpg

from queue_service.db import Database


async def story(database: Database, ticket_id: int) -> list[asyncpg.Record]:
    """The ticket's journal rows in the order in which they were written."""
    return await database.hot.fetch("SELECT * FROM ticket_event WHERE ticket_id = $1 ORDER BY id", ticket_id)
