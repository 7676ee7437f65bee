"""What is over goes: links that nobody can use any more, counts of failures.

Refuses to touch the record, and sessions: where somebody signed in from is destroyed with evidence (`booking.retention`), and an expired
session opens nothing until then.
"""

from datetime import datetime, timedelta
from typing import Final

from queue_service.db import Pool
from queue_service.staff.lockout import FORGOTTEN

KEPT: Final = timedelta(days=30)
"""Of a used or expired link: the answer to «I never got one» is still there when the person asks."""


async def keep_accounts(pool: Pool, now: datetime) -> None:
    await pool.execute("DELETE FROM sign_in_failure WHERE last_at < $1", now - FORGOTTEN)
    await pool.execute("DELETE FROM invitation WHERE expires_at < $1", now - KEPT)
