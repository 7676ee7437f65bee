"""A sender as a process of its own, to be killed: `python -m tests.notifications.a_sender`, told everything by the environment."""

import asyncio
import os

from queue_service.db import opened
from queue_service.notifications.contacts import Channel
from queue_service.notifications.sender import Sender
from queue_service.notifications.smtp import SmtpChannel
from queue_service.observability import configure_logging
from queue_service.sealing import KeyRing


async def main() -> None:
    ring = KeyRing.made_of((os.environ["SEAL_KEY"],), os.environ["HASH_KEY"])
    async with opened(os.environ["DATABASE_URL"]) as database:
        await Sender(database, ring, {Channel.EMAIL: SmtpChannel(os.environ["SMTP_URL"], "queue@example.ru")}).run()


if __name__ == "__main__":
    configure_logging("debug")
    asyncio.run(main())
