"""Those who book by program: counted by all workers together, asked for a proof of work, and refused beyond all reason."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import httpx
import pytest

import queue_service.app
from queue_service.booking.guard import CITY_ASKED_AFTER, CITY_WINDOW
from queue_service.db import Database
from queue_service.limits.limiter import Limiter
from queue_service.settings import Settings
from tests.booking.scene import RING, a_booked_office, outbox
from tests.support.booking import booked, free_slots
from tests.support.factories import FAR_FROM_MIDNIGHT, AnOffice, a_kiosk
from tests.support.service import HASH_KEY, SEAL_KEY, NoSender, Service, ServiceProcess, bearer, running
from tests.support.wire import Wire


@pytest.fixture(scope="module")
async def strict_service(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """A service that counts, as in the city."""
    settings = Settings(
        database_url=database_url,
        rate_limits=True,
        log_level="error",
        data_dir=tmp_path_factory.mktemp("strict"),
        seal_keys=(SEAL_KEY,),
        hash_key=HASH_KEY,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_service.app, "Sender", NoSender)
        with running(settings) as (base_url, app, settings):
            async with Service(base_url, app, settings) as service:
                yield service


@dataclass
class Program:
    """Everything from one address."""

    service: Service
    office: AnOffice
    slots: list[str]

    async def holds(self, proof: str | None = None) -> httpx.Response:
        body: dict[str, Any] = {"office": self.office.slug, "service": "passport", "starts_at": self.slots.pop()}
        return await self.service.http.post("/api/public/appointments", json=body | ({"altcha": proof} if proof else {}))

    async def act(self, secret: str, act: str, **body: Any) -> httpx.Response:
        return await self.service.http.post(f"/api/public/appointments/{secret}/{act}", json=body or None)

    async def puzzle(self) -> altcha.Challenge:
        answer = await self.service.http.get("/api/public/challenge")
        assert answer.status_code == 200
        return altcha.Challenge.from_dict(answer.json())


@pytest.fixture
async def program(strict_service: Service, database: Database) -> Program:
    office = await a_booked_office(database, time_zone=FAR_FROM_MIDNIGHT, verify_contact=True)
    return Program(strict_service, office, await free_slots(strict_service, office))


async def solved(puzzle: altcha.Challenge) -> str:
    """In a thread, as the widget has a worker: a second of computing."""
    solution = await asyncio.to_thread(altcha.solve_challenge, puzzle)
    assert solution is not None
    return altcha.Payload(puzzle, solution).to_base64()


async def counted(database: Database, key: str, times: int, window: timedelta) -> None:
    """As if the key had been hit so often just now."""
    fingerprint = RING.fingerprint(key)
    until = datetime.now(UTC) + window
    await database.hot.execute("INSERT INTO rate_count (key, until, hits) VALUES ($1, $2, $3)", fingerprint, until, times)


async def test_after_six_holds_an_address_is_asked_for_a_proof_that_counts_once(program: Program) -> None:
    assert [(await program.holds()).status_code for _ in range(6)] == [201] * 6
    asked = await program.holds()
    assert (asked.status_code, asked.json()["code"], asked.json()["challenge"]) == (403, "proof_needed", "/api/public/challenge")
    proof = await solved(await program.puzzle())
    assert (await program.holds(proof)).status_code == 201
    used = await program.holds(proof)
    assert (used.status_code, used.json()["code"]) == (403, "proof_needed")
    respelt = json.loads(base64.b64decode(proof))
    respelt["solution"]["time"] = 1
    assert (await program.holds(base64.b64encode(json.dumps(respelt, indent=1).encode()).decode())).status_code == 403


async def test_forged_and_expired_proofs_are_none(program: Program, database: Database) -> None:
    await counted(database, "hold 127.0.0.1", 6, timedelta(minutes=10))
    own = altcha.create_challenge("PBKDF2/SHA-256", 1, expires_at=datetime.now(UTC) + timedelta(minutes=5), hmac_secret=b"a guess")
    expired = program.service.app.state.booking.guard.challenge(datetime.now(UTC) - timedelta(minutes=11))
    puzzle = await program.puzzle()
    easier = puzzle.to_dict()
    easier["parameters"]["cost"] = 1
    prolonged = puzzle.to_dict()
    prolonged["parameters"]["expiresAt"] = int((datetime.now(UTC) + timedelta(days=1)).timestamp())
    guessed = altcha.Payload(puzzle, altcha.Solution(counter=1, derived_key="00" * 32)).to_base64()
    forged = [
        await solved(own),
        await solved(altcha.Challenge.from_dict(expired)),
        await solved(altcha.Challenge.from_dict(easier)),
        await solved(altcha.Challenge.from_dict(prolonged)),
        guessed,
    ]
    for proof in forged:
        refused = await program.holds(proof)
        assert (refused.status_code, refused.json()["code"]) == (403, "proof_needed")


def as_proof(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


SIGNED = {"algorithm": "PBKDF2/SHA-256", "nonce": "00", "salt": "00", "cost": 1}
RUBBISH = [
    "x",
    "ы" * 20,
    "=" * 7_999,
    "A" * 9_000,
    as_proof(None),
    as_proof([]),
    as_proof({"challenge": [], "solution": []}),
    as_proof({"challenge": "x", "solution": "x"}),
    as_proof({"challenge": {"parameters": []}, "solution": {}}),
    as_proof({"challenge": {"parameters": "x", "signature": 5}, "solution": {"counter": "x", "derivedKey": 7}}),
    as_proof({"challenge": {"parameters": SIGNED, "signature": ["x"]}, "solution": {"counter": 1, "derivedKey": None}}),
    as_proof({"challenge": {"parameters": {**SIGNED, "expiresAt": "soon"}, "signature": "ы"}, "solution": {"counter": 1}}),
    base64.b64encode(b"[" * 5_000).decode(),
    "waited.",
    "waited.x.y.z",
    f"waited.{10**30}.00.00",
    "waited.1.2.ы",
]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=range(len(RUBBISH)))
async def test_rubbish_instead_of_a_proof_is_no_proof_and_no_error(program: Program, database: Database, rubbish: str) -> None:
    await counted(database, "hold 127.0.0.1", 6, timedelta(minutes=10))
    refused = await program.holds(rubbish)
    assert (refused.status_code, refused.json()["code"]) == (403, "proof_needed"), refused.text


async def test_beyond_sixty_holds_a_proof_helps_no_more(program: Program, database: Database) -> None:
    await counted(database, "hold 127.0.0.1", 59, timedelta(minutes=10))
    assert (await program.holds(await solved(await program.puzzle()))).status_code == 201
    refused = await program.holds(await solved(await program.puzzle()))
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert 0 < int(refused.headers["Retry-After"]) <= 600


async def test_when_the_whole_city_is_stormed_everybody_is_asked(program: Program, database: Database) -> None:
    await counted(database, "hold", CITY_ASKED_AFTER, 60 * CITY_WINDOW)
    assert (await program.holds()).json()["code"] == "proof_needed"
    assert (await program.holds(await solved(await program.puzzle()))).status_code == 201


async def test_choosing_another_time_for_a_form_counts_like_a_hold(program: Program, database: Database) -> None:
    form = (await program.holds()).json()
    await counted_up_to(database, 6)
    asked = await program.act(form["secret"], "move", starts_at=program.slots[-5])
    assert (asked.status_code, asked.json()["code"]) == (403, "proof_needed")
    proof = await solved(await program.puzzle())
    assert (await program.act(form["secret"], "move", starts_at=program.slots[-5], altcha=proof)).status_code == 200


async def counted_up_to(database: Database, times: int) -> None:
    await database.hot.execute("UPDATE rate_count SET hits = $1 WHERE key = $2", times, RING.fingerprint("hold 127.0.0.1"))


async def test_two_workers_have_one_count(database: Database, service_process: Callable[..., Awaitable[ServiceProcess]]) -> None:
    office = await a_booked_office(database, time_zone=FAR_FROM_MIDNIGHT)
    service = await service_process(workers=2, QUEUE_RATE_LIMITS="on")
    slots = await free_slots(service, office)
    answers = []
    for worker in service.worker_pids():
        with service.only_awake(worker):
            async with Wire(service.base_url, "nobody") as wire:
                for _ in range(4):
                    body = {"office": office.slug, "service": "passport", "starts_at": slots.pop()}
                    answers.append((await wire.post("/api/public/appointments", body=body)).status)
    assert answers == [201] * 6 + [403] * 2


async def test_the_count_begins_anew_after_its_window(database: Database) -> None:
    limiter, now = Limiter(database.hot, RING), datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
    window = timedelta(minutes=10)
    first = [await limiter.hit("somebody", 2, window, now + timedelta(minutes=minute)) for minute in (0, 4, 9)]
    assert first == [None, None, 60]
    assert await limiter.hit("somebody", 2, window, now + window) is None
    assert await limiter.hit("somebody else", 2, window, now) is None


async def test_an_address_tries_so_many_codes(program: Program, database: Database) -> None:
    answers: list[int] = []
    for _ in range(5):
        form = (await program.holds()).json()
        await program.act(form["secret"], "confirm", name="Анна", contact=f"anna-{len(answers)}@mail.ru")
        answers += [(await program.act(form["secret"], "verify", code="1")).status_code for _ in range(5)]
    assert answers == [422] * 20 + [429] * 5


async def test_a_contact_is_sent_so_many_codes_from_whatever_address(program: Program, database: Database) -> None:
    form = (await program.holds()).json()
    await program.act(form["secret"], "confirm", name="Анна", contact="anna@mail.ru")
    await counted(database, "code anna@mail.ru", 5, timedelta(hours=1))
    refused = await program.act(form["secret"], "resend")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert len(await outbox(database, "code")) == 1


async def test_a_contact_is_confirmed_so_often_from_whatever_address(program: Program, database: Database) -> None:
    await counted(database, "confirm anna@mail.ru", 12, timedelta(hours=1))
    form = (await program.holds()).json()
    refused = await program.act(form["secret"], "confirm", name="Анна", contact="ANNA@mail.ru")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_attempts")
    assert int(refused.headers["Retry-After"]) > 3000
    assert (await program.act(form["secret"], "confirm", name="Анна", contact="other@mail.ru")).status_code == 202


async def test_a_contact_and_an_address_join_waitlists_so_often(program: Program, database: Database) -> None:
    day = program.slots[-1][:10]
    body = {"office": program.office.slug, "service": "passport", "name": "Анна", "from": day, "to": day}
    await counted(database, "waitlist anna@mail.ru", 10, timedelta(hours=1))
    refused = await program.service.http.post("/api/public/waitlist", json={**body, "contact": "anna@mail.ru"})
    assert refused.status_code == 429
    joined = [await program.service.http.post("/api/public/waitlist", json={**body, "contact": f"{n}@mail.ru"}) for n in range(10)]
    assert [answer.status_code for answer in joined] == [201] * 9 + [429]


async def test_a_kiosk_guesses_so_many_references(program: Program, database: Database) -> None:
    kiosk = await a_kiosk(database, program.office)
    plain = await a_booked_office(database, time_zone=FAR_FROM_MIDNIGHT, check_in_opens_minutes=720)
    their_kiosk = await a_kiosk(database, plain)
    known = await booked(program.service, plain, (await free_slots(program.service, plain))[2])

    async def scan(token: str, code: str) -> httpx.Response:
        return await program.service.http.post("/api/kiosk/check-ins", json={"code": code}, headers=bearer(token))

    guesses = [await scan(their_kiosk, f"{number:08d}") for number in range(22)]
    assert [guess.status_code for guess in guesses] == [404] * 20 + [429] * 2
    assert int(guesses[-1].headers["Retry-After"]) > 0
    assert (await scan(kiosk, "00000001")).status_code == 404, "another kiosk has a count of its own"
    assert (await scan(their_kiosk, known["reference"])).status_code == 201, "who has a booking is not locked out by a child's play"
