"""Where messages go while no mail server or gateway is configured: one JSON line each in a file, for a person who tries the demo.

Refuses to be the service's log: this file holds addresses, codes and links, so only its owner may read it.
"""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import msgspec

from queue_service.db import utc
from queue_service.notifications.calendar import ics
from queue_service.notifications.channels import HandOver, Outgoing
from queue_service.notifications.contacts import Channel

FILE_NAME = "messages.log"


class LogChannel:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, message: Outgoing, hand_over: HandOver) -> None:
        await hand_over()
        await asyncio.to_thread(self._append, _line(message, message.at))

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # Several workers append; one write of a whole line at the end of the file is not torn.
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line)
        finally:
            os.close(file)

    async def close(self) -> None:
        """Nothing is kept open."""


def _line(message: Outgoing, at: datetime) -> bytes:
    mail = message.contact.channel is Channel.EMAIL
    record = {
        "time": utc(at),
        "channel": message.contact.channel,
        "kind": message.kind,
        "to": message.contact.address,
        "subject": message.wording.subject if mail else "",
        "text": message.wording.text if mail else message.wording.short,
        "ics": ics(message.calendar).decode() if mail and message.calendar is not None else "",
    }
    return msgspec.json.encode(record) + b"\n"
