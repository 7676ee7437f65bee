"""What is done to somebody's account, and what it means for the desk where they sit: both, or neither.

A clerk who is switched off, moved or given a role without a desk leaves it at once: whoever was called waits again with their place, a
visit under way ends as inaccurate. Refuses to be held up by a visitor: an account is also switched off because somebody stole it.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act as Audited
from queue_service.audit.journal import record
from queue_service.desks.hall import end_shift_of_gone
from queue_service.staff import people
from queue_service.staff.models import Account
from queue_service.staff.people import Manager, PersonAct, Wanted
from queue_service.tickets.commands import Act


async def change(db: AsyncSession, manager: Manager, account_id: int, wanted: Wanted, now: datetime) -> None:
    """`staff.people.change`, and the end of a shift that it leaves behind."""
    await people.change(db, manager, account_id, wanted, now)
    await _leave_desk(db, manager, account_id, now)


async def act_on(db: AsyncSession, manager: Manager, account_id: int, act: PersonAct, now: datetime) -> str | None:
    """`staff.people.act_on`, and the end of a shift that it leaves behind."""
    token = await people.act_on(db, manager, account_id, act, now)
    if act is PersonAct.SWITCH_OFF:
        await _leave_desk(db, manager, account_id, now)
    return token


async def _leave_desk(db: AsyncSession, manager: Manager, account_id: int, now: datetime) -> None:
    account = await db.get_one(Account, account_id)
    ended = await end_shift_of_gone(db, account, Act(at=now, clerk_id=manager.actor.account_id))
    if ended is not None:
        desk, what = ended
        record(db, manager.actor, Audited("desk.ended", f"desk:{desk.number}", desk.office_id, after=what), now)
