"""The ticker's notices with their ids, for whoever may take one away; displays read the bare sentences from the catalogue."""

from datetime import datetime

import msgspec

from queue_service.db import Pool
from queue_service.text import Text

_NOTICES = """
SELECT notice.id, sentence, until, account.name                    -- ix_notice_office
  FROM notice LEFT JOIN account ON account.id = written_by
 WHERE notice.office_id = $1 AND until > $2 ORDER BY notice.id DESC
"""


class NoticeRow(msgspec.Struct, frozen=True):
    id: int
    sentence: Text
    until: datetime
    by: str | None


async def notices_now(pool: Pool, office_id: int, now: datetime) -> list[NoticeRow]:
    """Newest first, as the ticker shows them."""
    return [NoticeRow(*row) for row in await pool.fetch(_NOTICES, office_id, now)]
