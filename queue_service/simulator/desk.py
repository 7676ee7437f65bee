"""What a clerk's browser sends: signing in, the shift, and the commands on the current ticket.

Adds to the plain client that a refusal is an exception, that an expired session is renewed once, and that a command whose first
answer was lost counts as obeyed when its repeat is told "already". Refuses to decide what to do next.
"""

import uuid

from queue_service.simulator.access import ClerkAccess
from queue_service.simulator.remote import Answer, BrokenPromise, Service
from queue_service.simulator.wire import DeskSnapshot, DeskTicket, SessionOpened

ALREADY = frozenset({"wrong_state", "no_current_ticket"})


class Refused(Exception):
    """The service will not do this now, and says why."""

    def __init__(self, command: str, answer: Answer) -> None:
        super().__init__(f"{command}: {answer.status} {answer.problem.code}")
        self.code = answer.problem.code
        self.retry_after = answer.retry_after


class Desk:
    def __init__(self, service: Service, access: ClerkAccess) -> None:
        self._service = service
        self._access = access
        self.token: str | None = None

    @property
    def number(self) -> str:
        return self._access.desk

    @property
    def login(self) -> str:
        return self._access.login

    async def sign_in(self) -> None:
        wish = {"login": self._access.login, "password": self._access.password, "otp": None}
        answer = await self._service.send("POST", "/api/staff/sessions", body=wish)
        if answer.status != 201:
            raise Refused("вход", answer)
        self.token = answer.read(SessionOpened).token

    async def sign_out(self) -> None:
        await self._send("DELETE", "/api/staff/sessions")
        self.token = None

    async def snapshot(self) -> DeskSnapshot:
        return (await self._expect("GET", "/api/desk/queue")).read(DeskSnapshot)

    async def open(self) -> None:
        await self._expect("PUT", "/api/desk/shift", {"desk": self.number})

    async def close(self) -> None:
        await self._expect("DELETE", "/api/desk/shift", status=204)

    async def pause(self, reason: str) -> None:
        await self._expect("POST", "/api/desk/shift/pause", {"reason": reason, "note": None})

    async def resume(self) -> None:
        await self._expect("POST", "/api/desk/shift/resume")

    async def call_next(self) -> DeskTicket | None:
        """The called ticket; None when nobody waits for this desk. A lost answer is asked for again with the same key."""
        answer = await self._send("POST", "/api/desk/call-next", key=str(uuid.uuid4()))
        if answer.status == 204:
            return None
        if answer.status != 200:
            raise Refused("вызов", answer)
        return answer.read(DeskTicket)

    async def finish(self) -> DeskTicket | None:
        """Ends the visit, or its first part; where the service wants to know how it ended, the first result of its list is chosen."""
        try:
            return await self.command("finish")
        except Refused as refused:
            if refused.code != "result_needed":
                raise
            current = (await self.snapshot()).current
            if current is None or not current.results:
                raise
            return await self.command("finish", {"result": current.results[0].code})

    async def command(self, name: str, body: object = None) -> DeskTicket | None:
        """`recall`, `start`, `finish`, `no-show` or `return` on the current ticket; None where a lost answer had done it already."""
        answer = await self._send("POST", f"/api/desk/{name}", body)
        if answer.status == 200:
            return answer.read(DeskTicket)
        if not (answer.retried and answer.problem.code in ALREADY):
            raise Refused(name, answer)
        return None

    async def _expect(self, method: str, path: str, body: object = None, *, status: int = 200) -> Answer:
        answer = await self._send(method, path, body)
        if answer.status != status:
            if answer.status < 400:
                raise BrokenPromise(f"{method} {path}: ответ {answer.status} вместо {status}.")
            raise Refused(f"{method} {path}", answer)
        return answer

    async def _send(self, method: str, path: str, body: object = None, key: str | None = None) -> Answer:
        answer = await self._service.send(method, path, token=self.token, body=body, key=key)
        if answer.status == 401:  # the session is over: twelve hours, or another database after a restart
            await self.sign_in()
            answer = await self._service.send(method, path, token=self.token, body=body, key=key)
        return answer
