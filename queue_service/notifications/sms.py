"""SMS through an HTTP gateway: any provider, or a small bridge in front of one, that speaks the following.

    POST {QUEUE_SMS_URL}
    Authorization: Bearer {QUEUE_SMS_TOKEN}
    Content-Type: application/json
    {"id": "…", "to": "+79211234567", "text": "…"}

    2xx                  accepted
    409                  this id was accepted before: nothing is sent again, and for us it is sent
    429, 5xx, no answer  tried again later with the same id
    401, 403             our token is wrong: tried again later, since that is not the recipient's fault
    other 4xx            this message will never be accepted

The gateway must remember ids for at least a day (the attempts end within one) and send one message per id. That makes repeating
safe, so unlike mail an SMS is simply sent again after a crash and needs no hand-over. The id is a hash of the outbox key. Refuses to follow
redirects: a telephone number goes to the configured address and nowhere else.
"""

import httpx

from queue_service.errors import SettingsError
from queue_service.notifications.channels import Delayed, HandOver, Outgoing, Refused, stable_id

ANSWER_SECONDS = 20.0
"""Gateways answer when they have queued the message, which takes well under a second."""
_ACCEPTED_BEFORE = 409
_TRY_AGAIN = frozenset({401, 403, 408, 425, 429})


class SmsChannel:
    def __init__(self, url: str, token: str | None) -> None:
        if not url.startswith(("http://", "https://")):
            raise SettingsError("QUEUE_SMS_URL: нужен адрес вида https://узел/путь")
        self._url = url
        self._token = token
        self._client: httpx.AsyncClient | None = None

    async def send(self, message: Outgoing, hand_over: HandOver) -> None:
        body = {"id": stable_id(message.key), "to": message.contact.address, "text": message.wording.short}
        if self._client is None:
            headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            self._client = httpx.AsyncClient(headers=headers, timeout=ANSWER_SECONDS, trust_env=False)
        status = (await self._client.post(self._url, json=body)).status_code
        if 200 <= status < 300 or status == _ACCEPTED_BEFORE:
            return
        if 400 <= status < 500 and status not in _TRY_AGAIN:
            raise Refused(f"http_{status}")
        raise Delayed(f"http_{status}")

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None
