"""What must be true of a hall whatever has happened in it: the journal tells the tables' state, step by admitted step, and nobody is in
two places."""

from queue_service.db import Database
from tests.tickets.test_rules import DESIGN

LEADS_TO = {
    "called": "called",
    "started": "serving",
    "no_show": "no_show",
    "returned": "waiting",
    "postponed": "postponed",
    "resumed": "waiting",
    "came_back": "waiting",
    "transferred": "waiting",
    "left": "left",
    "expired": "expired",
}
"""Journal kinds that are transitions; `finished` leads on to a further service or to the end, the rest change no state."""
BESIDE = frozenset(
    {
        "recalled",
        "undirected",
        "service_added",
        "privilege_confirmed",
        "privilege_refused",
        "privilege_changed",
        "needs_changed",
        "reordered",
        "inaccurate",
    }
)


def replayed(kinds: list[tuple[str, bool]]) -> str:
    """The state to which the journal leads; `kinds` are (kind, whether a further service follows)."""
    (first, _), *rest = kinds
    assert first == "issued"
    state = "waiting"
    for kind, further in rest:
        if kind in BESIDE:
            continue
        to = ("waiting" if further else "served") if kind == "finished" else LEADS_TO[kind]
        assert to in DESIGN[state], f"{kind} leads from {state} to {to}: {kinds}"
        state = to
    return state


async def check_sound(database: Database, office_id: int) -> None:
    """Reads everything in one statement each; the hall must be quiet meanwhile."""
    tickets = await database.hot.fetch("SELECT * FROM ticket WHERE office_id = $1", office_id)
    events = await database.hot.fetch(
        "SELECT ticket_id, kind, details ? 'then' AS further FROM ticket_event WHERE office_id = $1 ORDER BY id", office_id
    )
    shifts = await database.hot.fetch("SELECT desk_id, account_id FROM shift WHERE office_id = $1 AND closed_at IS NULL", office_id)
    stories: dict[int, list[tuple[str, bool]]] = {}
    for event in events:
        stories.setdefault(event["ticket_id"], []).append((event["kind"], event["further"]))
    assert set(stories) == {row["id"] for row in tickets}, "every ticket has a story, and no story is of nobody"
    open_desks = {row["desk_id"]: row["account_id"] for row in shifts}
    assert len(open_desks) == len(shifts) == len(set(open_desks.values())), "one clerk at a desk, one desk of a clerk"
    taken = set()
    for row in tickets:
        assert replayed(stories[row["id"]]) == row["state"], stories[row["id"]]
        if row["state"] in ("called", "serving"):
            assert row["desk_id"] not in taken, "two visitors at one desk"
            taken.add(row["desk_id"])
            assert open_desks.get(row["desk_id"]) == row["clerk_id"], "a visitor is stuck at a closed desk"
            assert row["called_at"] is not None
            assert row["calls"] >= 1
            assert (row["started_at"] is not None) == (row["state"] == "serving")
        if row["state"] == "waiting":
            assert (row["desk_id"], row["clerk_id"], row["called_at"], row["started_at"], row["ended_at"], row["calls"]) == (None,) * 5 + (
                0,
            )
        assert (row["ended_at"] is not None) == (row["state"] in ("no_show", "served", "left", "expired"))
        assert (row["postpone_reason"] is not None) == (row["state"] == "postponed")


async def deadlocks(database: Database) -> int:
    """As PostgreSQL has counted them in this database."""
    await database.hot.execute("SELECT pg_stat_clear_snapshot()")
    counted: int = await database.hot.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return counted
