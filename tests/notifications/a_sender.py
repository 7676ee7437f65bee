"""A sender as a process of its own, to be killed: `python -m tests.notifications.a_sender`, told everything by the environment.

Its clock is set to the tests' year: a service that runs beside in the present leaves these messages alone.
"""

import asyncio
import os
from datetime import datetime

from queue_service.db import opened
from queue_service.notifications.contacts import Channel
from queue_service.notifications.sender import Sender
from queue_service.notifications.smtp import SmtpChannel
from queue_service.observability import configure_logging
from queue_service.sealing import KeyRing
from queue_service.timing import clock


async def main() -> None:
    ring = KeyRing.made_of((os.environ["SEAL_KEY"],), os.environ["HASH_KEY"])
    ahead = datetime.fromisoformat(os.environ["NOW"]) - clock()
    async with opened(os.environ["DATABASE_URL"]) as database:
        channel = SmtpChannel(os.environ["SMTP_URL"], "queue@example.ru")
        await Sender(database, ring, {Channel.EMAIL: channel}, now=lambda: clock() + ahead).run()


if __name__ == "__main__":
    configure_logging("debug")
    asyncio.run(main())
