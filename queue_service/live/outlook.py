"""People ahead and the wait of a ticket that was issued a moment ago, from the live forecast of its office."""

from queue_service.live.hub import Hub
from queue_service.statistics.forecast import InQueue
from queue_service.tickets.api import WaitOut
from queue_service.tickets.rules import Rank, State
from queue_service.tickets.take import TakenTicket


class LiveOutlook:
    """Answers from the office's present state and enters the ticket into its forecast, so that the next one counts it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def __call__(self, office_id: int, taken: TakenTicket) -> tuple[int, WaitOut | None]:
        feed = self._hub.feed(office_id)
        await feed.soon()
        if taken.state is not State.WAITING:  # a repeated key, and the ticket has moved on
            return 0, None
        rank = Rank(taken.due_at, taken.rank_at, taken.rank_from)
        ahead, wait = feed.enter(InQueue(taken.id, taken.service.id, rank, taken.issued_at))
        return ahead, WaitOut(wait.low, wait.high) if wait else None
