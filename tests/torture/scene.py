"""A hall on paper: writes a log and the tables that a sound service would have left, so that the checker can be tried without one.

It does what it is told, also what no service may: a visitor called out of order, a slot promised twice. Refuses to be a second service: it
knows as little of the rules as the tests need.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tests.torture.dump import Dump
from tests.torture.record import Came, Followed, Heard, History, Line, Linked, Sent, Shown, Struck, history_of

OFFICE, DESKS, PASSPORT, BENEFIT, LANE = 1, (1, 2), 11, 12, 31
CLERKS, ADMINISTRATOR = (101, 102), 103
BEGIN = datetime(2031, 3, 12, 9, 0, tzinfo=UTC)
NOBODY = dict.fromkeys(("desk_id", "clerk_id", "called_at", "started_at", "ended_at", "postponed_until", "postpone_reason"))
AT_A_DESK = ("called", "serving")


class Scene:
    def __init__(self) -> None:
        self.wall = BEGIN.timestamp()
        self.lines: list[Line] = []
        self.serial = 0
        self.call_ids: dict[int, int] = {}
        self.tables: dict[str, list[dict[str, Any]]] = _set_up()
        for number, account in enumerate((*CLERKS, ADMINISTRATOR)):
            name = f"clerk-{number}" if account in CLERKS else "administrator-0"
            self.lines.append(Came(client=name, office=OFFICE, account=account, **self.clocks()))
        for name in ("kiosk-0", "citizen-0", "citizen-1", "phone-0", "display-0"):
            self.lines.append(Came(client=name, office=OFFICE, **self.clocks()))
        self.show()

    # --- clocks and paper ---------------------------------------------------------------------------------------------------

    def clocks(self) -> dict[str, Any]:
        return {"mono": self.wall - 1_000.0, "wall": self.wall}

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall, UTC)

    def passes(self, seconds: float) -> None:
        self.wall += seconds

    def next_id(self) -> int:
        self.serial += 1
        return self.serial

    def row(self, table: str, row_id: int) -> dict[str, Any]:
        return next(row for row in self.tables[table] if row["id"] == row_id)

    def rows_of(self, ticket: int, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.tables["ticket_event"] if event["ticket_id"] == ticket and event["kind"] == kind]

    def asks(self, client: str, act: str, path: str, body: Any = None, key: str | None = None) -> int:
        wish = self.next_id()
        self._sent(client, act, path, body, key, wish, 1)
        self.passes(0.01)
        return wish

    def _sent(self, client: str, act: str, path: str, body: Any, key: str | None, wish: int, attempt: int) -> None:
        self.lines.append(
            Sent(client=client, wish=wish, attempt=attempt, act=act, method="POST", path=path, key=key, body=body, **self.clocks())
        )

    def hears(self, wish: int, status: int | None, body: Any = None, attempt: int = 1) -> None:
        self.passes(0.01)
        self.lines.append(Heard(wish=wish, attempt=attempt, status=status, body=body, **self.clocks()))
        self.passes(0.01)
        self.show()

    def show(self) -> None:
        """The display gets the present board."""
        self.passes(0.01)
        active = {row["id"] for row in self.tables["ticket"] if row["state"] in AT_A_DESK}
        calls = tuple(sorted(call for ticket, call in self.call_ids.items() if ticket in active))
        version = int(self.wall * 1000)
        self.lines.append(Shown(client="display-0", link=1, office=OFFICE, version=version, now=self.now, calls=calls, **self.clocks()))
        self.passes(1.0)

    def journal(self, ticket: int, kind: str, desk: int | None = None, clerk: int | None = None, **details: Any) -> int:
        number = self.next_id()
        event = {"id": number, "ticket_id": ticket, "office_id": OFFICE, "kind": kind, "at": self.now}
        self.tables["ticket_event"].append({**event, "desk_id": desk, "clerk_id": clerk, "details": details})
        return number

    def answer(self, ticket: int) -> dict[str, Any]:
        row = self.row("ticket", ticket)
        return {
            "id": ticket,
            "secret": row["secret"],
            "number": f"{row['letter']}{row['number']:03d}",
            "issued_at": row["issued_at"].isoformat(),
            "due_at": row["due_at"].isoformat(),
            "state": row["state"],
        }

    # --- tickets ------------------------------------------------------------------------------------------------------------

    def issue(self, service: int = PASSPORT, *, privileged: bool = False, lost: bool = False) -> int:
        """`lost`: the first answer does not arrive, and the kiosk asks again."""
        body = {"service": f"service-{service}", "privilege": "veteran" if privileged else None}
        key, asked = f"key-{self.serial}", ("kiosk-0", "issue", "/api/kiosk/tickets", body)
        wish = self.asks(*asked, key)
        ticket = self.put_ticket(service, privileged=privileged, key=key)
        if lost:
            self.hears(wish, None, "ConnectionLost()")
            self._sent(*asked, key, wish, 2)
        self.hears(wish, 201, self.answer(ticket), attempt=2 if lost else 1)
        return ticket

    def put_ticket(self, service: int, *, privileged: bool = False, key: str | None = None, booking: int | None = None) -> int:
        counter = self.tables["ticket_counter"][0]
        counter["last_number"] += 1
        number, ticket = counter["last_number"], self.next_id()
        due = self.now + timedelta(minutes=15)
        booked_for = self.row("appointment", booking)["starts_at"] if booking else None
        if booked_for is not None:
            due = booked_for + timedelta(minutes=15)
        head_start = timedelta(minutes=120 if privileged else 60 if booking else 0)
        row = {
            "id": ticket,
            "secret": f"secret-{ticket}",
            "office_id": OFFICE,
            "local_date": BEGIN.date(),
            "letter": "А",
            "number": number,
            "service_id": service,
            "state": "waiting",
            "source": "booked" if booking else "walk_in",
            "needs": [],
            "late": False,
            "privilege_id": 1 if privileged else None,
            "privilege_state": "claimed" if privileged else None,
            "issued_at": self.now,
            "due_at": due,
            "rank_at": due - head_start,
            "rank_from": booked_for or self.now,
            **NOBODY,
            "calls": 0,
            "idempotency_key": key,
            "appointment_id": booking,
            "booked_for": booked_for,
            "for_desk_id": None,
            "for_clerk_id": None,
            "return_desk_id": None,
            "return_service_id": None,
            "next_services": [],
            "moved_by_hand": False,
            "inaccurate": False,
        }
        self.tables["ticket"].append(row)
        self.journal(ticket, "issued", via="test")
        return ticket

    def call_next(self, clerk: int, ticket: int, rule: str = "due", *, ended_at_once: bool = False) -> None:
        """This very ticket, whoever else waits. `ended_at_once`: the administrator ends the desk before its clerk hears of the call."""
        desk, wish = DESKS[clerk], self.asks(f"clerk-{clerk}", "call-next", "/api/desk/call-next", None, f"call-{self.serial}")
        row = self.row("ticket", ticket)
        key = row["rank_at"] if row["rank_from"] <= self.now else row["due_at"]
        if rule == "help_out":
            key += timedelta(minutes=10)
        row |= {"state": "called", "desk_id": desk, "clerk_id": CLERKS[clerk], "called_at": self.now, "calls": 1}
        details = {"rule": rule, "key": key.isoformat(), "due": row["due_at"].isoformat(), "service": row["service_id"], "waiting": 0}
        self.call_ids[ticket] = self.journal(ticket, "called", desk, CLERKS[clerk], **details)
        answer = self.answer(ticket)
        if ended_at_once:
            self.end(clerk, ticket)
        self.hears(wish, 200, answer)

    def end(self, clerk: int, ticket: int) -> None:
        """The administrator closes the desk over the visitor, who waits again."""
        wish = self.asks("administrator-0", "end", f"/api/desk/hall/desks/{DESKS[clerk]}/end", {"reason": "забыли закрыть"})
        self.row("ticket", ticket).update({**NOBODY, "state": "waiting", "calls": 0})
        self.journal(ticket, "returned", DESKS[clerk], CLERKS[clerk], by="staff", reason="забыли закрыть", account=ADMINISTRATOR)
        self.hears(wish, 204)

    def acts(self, clerk: int, act: str, kind: str, ticket: int, change: dict[str, Any], **details: Any) -> int:
        """What a clerk does with the visitor; the journal row's id."""
        wish = self.asks(f"clerk-{clerk}", act, f"/api/desk/{act}")
        change = {name: self.now if value == "now" else value for name, value in change.items()}
        self.row("ticket", ticket).update(change)
        event = self.journal(ticket, kind, DESKS[clerk], CLERKS[clerk], **details)
        if kind == "recalled":
            self.call_ids[ticket] = event
        self.hears(wish, 200, self.answer(ticket))
        return event

    def recall(self, clerk: int, ticket: int) -> None:
        calls = self.row("ticket", ticket)["calls"] + 1
        self.acts(clerk, "recall", "recalled", ticket, {"calls": calls}, calls=calls)

    def serve(self, clerk: int, ticket: int) -> None:
        self.acts(clerk, "start", "started", ticket, {"state": "serving", "started_at": "now"})
        service = self.row("ticket", ticket)["service_id"]
        self.row("shift", clerk + 1)["served"] += 1
        self.acts(clerk, "finish", "finished", ticket, {"state": "served", "ended_at": "now"}, service=service, seconds=1, occupied=2)

    def send_on(self, clerk: int, ticket: int, service: int) -> None:
        before = self.row("ticket", ticket)["service_id"]
        change = {"state": "waiting", **NOBODY, "calls": 0, "service_id": service}
        details = {"service": before, "to_service": service, "to_desk": None, "to_clerk": None, "come_back": False}
        self.acts(clerk, "transfer", "transferred", ticket, change, **details)

    def put_first(self, ticket: int) -> None:
        wish = self.asks("administrator-0", "first", f"/api/desk/hall/tickets/{ticket}/first")
        row = self.row("ticket", ticket)
        before, after = row["rank_at"], min(other["rank_at"] for other in self.tables["ticket"]) - timedelta(seconds=1)
        row |= {"rank_at": after, "rank_from": min(row["rank_from"], self.now), "moved_by_hand": True}
        self.journal(ticket, "reordered", None, ADMINISTRATOR, reason="да", before=before.isoformat(), after=after.isoformat())
        self.hears(wish, 200, self.answer(ticket))

    def leave(self, ticket: int) -> None:
        wish = self.asks("phone-0", "leave-by-phone", f"/api/public/tickets/{self.row('ticket', ticket)['secret']}/leave")
        self.row("ticket", ticket).update({"state": "left", "ended_at": self.now})
        self.journal(ticket, "left")
        self.hears(wish, 200, self.answer(ticket))

    def follow(self, ticket: int) -> None:
        """The phone gets the present state."""
        row = self.row("ticket", ticket)
        shown: dict[str, Any] = {"secret": row["secret"], "version": int(self.wall * 1000), "now": self.now, "state": row["state"]}
        self.lines.append(Followed(client="phone-0", link=1, **shown, **self.clocks()))
        self.passes(1.0)

    def write_notice(self, sentence: str) -> None:
        wish = self.asks("administrator-0", "notice", "/api/desk/hall/notices", {"ru": sentence})
        self.tables["notice"].append({"id": self.next_id(), "sentence": {"ru": sentence}})
        self.hears(wish, 201, {"id": self.serial})

    # --- bookings -----------------------------------------------------------------------------------------------------------

    def hold(self, starts_at: datetime, citizen: int = 0) -> int:
        key = f"hold-{self.serial}"
        wish = self.asks(f"citizen-{citizen}", "hold", "/api/public/appointments", {"starts_at": starts_at.isoformat()}, key)
        booking, ends_at = self.next_id(), starts_at + timedelta(minutes=15)
        row = {
            "id": booking,
            "secret": f"booking-{booking}",
            "reference": f"{booking:08d}",
            "office_id": OFFICE,
            "service_id": PASSPORT,
            "state": "held",
            "starts_at": starts_at,
            "ends_at": ends_at,
            "hold_expires_at": self.now + timedelta(minutes=5),
            "moves": 0,
            "via": "citizen",
            "idempotency_key": f"citizen {key}",
        }
        self.tables["appointment"].append(row)
        part = {"id": self.next_id(), "lane_id": LANE, "starts_at": starts_at, "ends_at": ends_at, "kind": "hold"}
        self.tables["lane_taken"].append({**part, "appointment_id": booking, "expires_at": row["hold_expires_at"]})
        self.hears(wish, 201, self.booking_answer(booking))
        return booking

    def booking_answer(self, booking: int) -> dict[str, Any]:
        row = self.row("appointment", booking)
        expires = row["hold_expires_at"].isoformat() if row["hold_expires_at"] else None
        told = {name: row[name] for name in ("secret", "reference", "state")}
        return {**told, "starts_at": row["starts_at"].isoformat(), "hold_expires_at": expires}

    def part_of(self, booking: int) -> dict[str, Any]:
        return next(part for part in self.tables["lane_taken"] if part["appointment_id"] == booking)

    def _step(self, booking: int, act: str, body: Any = None) -> int:
        return self.asks("citizen-0", act, f"/api/public/appointments/{self.row('appointment', booking)['secret']}/{act}", body)

    def letter(self, booking: int, kind: str) -> None:
        key = f"appointment-{booking}-{kind}-{self.serial}"
        self.tables["outbox_message"].append({"key": key, "kind": kind, "appointment_id": booking, "state": "sent"})

    def confirm(self, booking: int) -> None:
        wish = self._step(booking, "confirm", {"name": "Анна", "contact": "anna@mail.ru"})
        self.row("appointment", booking).update({"state": "booked", "hold_expires_at": None})
        self.part_of(booking).update({"kind": "booking", "expires_at": None})
        self.letter(booking, "confirmation")
        self.hears(wish, 200, self.booking_answer(booking))

    def move(self, booking: int, starts_at: datetime) -> None:
        wish = self._step(booking, "move", {"starts_at": starts_at.isoformat()})
        times = {"starts_at": starts_at, "ends_at": starts_at + timedelta(minutes=15)}
        self.row("appointment", booking).update({**times, "moves": self.row("appointment", booking)["moves"] + 1})
        self.part_of(booking).update(times)
        self.letter(booking, "change")
        self.hears(wish, 200, self.booking_answer(booking))

    def cancel(self, booking: int) -> None:
        wish = self._step(booking, "cancel")
        self.row("appointment", booking).update({"state": "cancelled"})
        self.tables["lane_taken"].remove(self.part_of(booking))
        self.letter(booking, "cancellation")
        self.hears(wish, 200, self.booking_answer(booking))

    def check_in(self, booking: int) -> int:
        secret = self.row("appointment", booking)["secret"]
        wish = self.asks("kiosk-0", "check-in", "/api/kiosk/check-ins", {"code": secret})
        self.row("appointment", booking).update({"state": "checked_in"})
        ticket = self.put_ticket(PASSPORT, booking=booking)
        self.hears(wish, 201, self.answer(ticket))
        return ticket

    def join(self) -> int:
        wish = self.asks("citizen-1", "join", "/api/public/waitlist", {})
        entry = self.next_id()
        self.tables["waitlist_entry"].append({"id": entry, "secret": f"entry-{entry}", "state": "waiting", "appointment_id": None})
        self.hears(wish, 201, {"secret": f"entry-{entry}"})
        return entry

    def close(self) -> None:
        """The display is switched off."""
        self.lines.append(Linked(client="display-0", link=1, asked=True, **self.clocks()))

    def fault(self) -> None:
        for over in (False, True):
            self.lines.append(Struck(kind="storm", over=over, **self.clocks()))

    # --- what the checker reads ---------------------------------------------------------------------------------------------

    def history(self) -> History:
        return history_of(self.lines)

    def dump(self) -> Dump:
        """Through JSON and back, as a saved one goes."""
        return msgspec.json.decode(msgspec.json.encode(json.loads(msgspec.json.encode(self.tables))), type=Dump)


def _set_up() -> dict[str, list[dict[str, Any]]]:
    tables: dict[str, list[dict[str, Any]]] = {name: [] for name in Dump.__struct_fields__}
    policy = {"privilege_head_start_minutes": 120, "booked_head_start_minutes": 60, "help_out_penalty_minutes": 10}
    tables["office"] = [{"id": OFFICE, "time_zone": "Europe/Moscow", **policy, "accessible_needs": ["wheelchair"]}]
    norms: dict[str, Any] = {"wait_norm_minutes": 15, "booking_norm_minutes": 15, "daily_limit": None, "chain": []}
    tables["service"] = [{"id": number, "office_id": OFFICE, "code": f"service-{number}", **norms} for number in (PASSPORT, BENEFIT)]
    tables["desk"] = [{"id": number, "office_id": OFFICE, "accessible": False} for number in DESKS]
    tables["desk_service"] = [{"desk_id": desk, "service_id": PASSPORT, "help_out": False} for desk in DESKS]
    tables["desk_service"] += [{"desk_id": desk, "service_id": BENEFIT, "help_out": desk == 1} for desk in DESKS]
    tables["privilege"] = [{"id": 1, "code": "veteran"}]
    tables["ticket_counter"] = [{"office_id": OFFICE, "local_date": BEGIN.date(), "letter": "А", "last_number": 0}]
    for number, (desk, account) in enumerate(zip(DESKS, CLERKS, strict=True), 1):
        who = {"id": number, "office_id": OFFICE, "desk_id": desk, "account_id": account}
        tables["shift"].append({**who, "opened_at": BEGIN, "closed_at": None, "served": 0})
    tables["lane"] = [{"id": LANE, "office_id": OFFICE}]
    tables["lane_hours"] = [{"lane_id": LANE, "weekday": day, "opens": 540, "closes": 1080} for day in range(1, 8)]
    tables["lane_service"] = [{"lane_id": LANE, "service_id": PASSPORT}]
    return tables
