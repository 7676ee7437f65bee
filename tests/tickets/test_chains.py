"""A service that is several windows in order (комплексная услуга): one ticket goes through all of them."""

from datetime import timedelta

from queue_service.db import Database
from queue_service.desks.call_next import call_next
from queue_service.desks.serving import Result, finish, start_serving
from queue_service.tickets.queries import ticket_by_id
from queue_service.tickets.take import Taking, Wish
from tests.support.factories import LATER, a_clerk_at, a_desk, a_service, an_office

MINUTE = timedelta(minutes=1)


async def test_a_visitor_goes_through_the_windows_of_a_chain_on_one_ticket(database: Database) -> None:
    services = (a_service("certificate", chain=["card", "gone", "photo"]), a_service("card", "В"), a_service("photo", "В"))
    gone = a_service("gone", "В", active=False)
    desks = [a_desk("1", ["certificate"]), a_desk("2", ["card"]), a_desk("3", ["photo"])]
    office = await an_office(database, *services, gone, desks=desks)
    catalogue = await office.catalogue(database)
    clerks = [await a_clerk_at(database, office, number) for number in ("1", "2", "3")]
    taken = await Taking(database.hot).take(catalogue, Wish("certificate", None, (), "ru", "key"), ("kiosk", 1), LATER)
    went = []
    for clerk in clerks:
        called = await call_next(database.hot, catalogue, clerk.account_id, None, LATER + MINUTE)
        assert called is not None
        went.append((called[0].label, called[0].due_at))
        await start_serving(database.hot, clerk.account_id, None, LATER + 2 * MINUTE)
        await finish(database.hot, catalogue, clerk.account_id, Result(), None, LATER + 3 * MINUTE)
    assert went == [(taken.number, taken.due_at)] * 3, (
        "the same number and the same promise at each window; a service that is gone is left out"
    )
    assert (await ticket_by_id(database.hot, taken.id)).state == "served"
