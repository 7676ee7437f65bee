"""What whoever manages people does with an account. Each act locks its row, checks the rules, and is recorded.

Refuses to know anybody's password: who forgot theirs gets a link.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import and_, or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, difference, record
from queue_service.db import constraint_of
from queue_service.events import access_changed
from queue_service.staff.errors import AccountMoved, FactorMissing, LoginTaken, NoSuchPerson
from queue_service.staff.invitations import latest_kind, make_invitation, void_invitations
from queue_service.staff.models import Account, InvitationKind, Role
from queue_service.staff.rules import (
    Place,
    check_appointed,
    check_managed,
    check_not_last,
    check_not_oneself,
    check_visible,
    clean_login,
    clean_name,
    moved,
)
from queue_service.staff.second_factor import forget
from queue_service.staff.sessions import Identity, end_sessions

LOGIN_CONSTRAINT: Final = "uq_account_login"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who acts, for the rules and for the record."""

    place: Place
    actor: Actor

    @staticmethod
    def of(identity: Identity, actor: Actor) -> "Manager":
        return Manager(Place(identity.account_id, identity.role, identity.office_id), actor)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person's form says."""

    name: str
    role: Role
    office_id: int | None
    login: str = ""
    """Only of a new one."""
    seen: Mapping[str, object] = field(default_factory=dict)
    """Only of a change: what stood there when the form was opened."""


class PersonAct(StrEnum):
    """What is done to an account by one press of a button."""

    INVITE_AGAIN = "invite_again"
    RESET_PASSWORD = "reset_password"  # noqa: S105  a word, not a secret
    RESET_SECOND_FACTOR = "reset_second_factor"
    END_SESSIONS = "end_sessions"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"


def place_of(account: Account) -> Place:
    return Place(account.id, account.role, account.office_id)


def _state(account: Account) -> dict[str, object]:
    return {"name": account.name, "role": str(account.role), "office_id": account.office_id, "active": account.active}


def _recorded(state: Mapping[str, object]) -> dict[str, object]:
    """Of a name only that it changed: the record keeps no names."""
    return {each: "…" if each == "name" else value for each, value in state.items()}


async def invite(db: AsyncSession, manager: Manager, wanted: Wanted, now: datetime) -> tuple[int, str]:
    """A new account and the token of its link. Raises BadPerson, NotYours, LoginTaken."""
    login, name = clean_login(wanted.login), clean_name(wanted.name)
    check_appointed(manager.place, Place(None, wanted.role, wanted.office_id))
    account = Account(login=login, name=name, role=wanted.role, office_id=wanted.office_id)
    try:
        async with db.begin_nested():
            db.add(account)
            await db.flush()
    except IntegrityError as error:
        if constraint_of(error) == LOGIN_CONSTRAINT:
            raise LoginTaken from error
        raise
    assert account.id is not None
    after = {"login": login, "role": str(wanted.role)}
    record(db, manager.actor, Act("account.invited", f"account:{account.id}", wanted.office_id, after=after), now)
    return account.id, await make_invitation(db, account.id, InvitationKind.INVITATION, manager.actor, now)


async def change(db: AsyncSession, manager: Manager, account_id: int, wanted: Wanted, now: datetime) -> None:
    """Name, role, office. Raises AccountMoved where somebody saved something else than was seen."""
    account, administrators = await _locked(db, manager, account_id)
    check_managed(manager.place, place_of(account))
    before = _state(account)
    if changed := moved(wanted.seen, before):
        raise AccountMoved(changed)
    name, place = clean_name(wanted.name), Place(account_id, wanted.role, wanted.office_id)
    if place != place_of(account):
        check_not_oneself(manager.place, place_of(account))
        check_appointed(manager.place, place)
        check_not_last(place_of(account), administrators)
    account.name, account.role, account.office_id = name, wanted.role, wanted.office_id
    left, right = difference(before, _state(account))
    if not right:
        return
    db.add(account)
    await access_changed(db)
    act = Act("account.changed", f"account:{account_id}", account.office_id, _recorded(left), _recorded(right))
    record(db, manager.actor, act, now)


async def act_on(db: AsyncSession, manager: Manager, account_id: int, act: PersonAct, now: datetime) -> str | None:
    """One press of a button; the token of a link where the act makes one."""
    account, administrators = await _locked(db, manager, account_id)
    check_managed(manager.place, place_of(account))
    if act is not PersonAct.END_SESSIONS:
        check_not_oneself(manager.place, place_of(account))
    if act is PersonAct.RESET_PASSWORD or act is PersonAct.INVITE_AGAIN:
        return await _reset_password(db, manager, account, now)
    if act is PersonAct.RESET_SECOND_FACTOR:
        await _reset_second_factor(db, manager, account, now)
    elif act is PersonAct.END_SESSIONS:
        ended = await end_sessions(db, account_id)
        record(db, manager.actor, _on(account, "account.sessions_revoked", {"sessions_ended": ended}), now)
    elif account.active is (act is PersonAct.SWITCH_OFF):
        check_not_last(place_of(account), administrators)
        await _switch(db, manager, account, now)
    return None


def _never_let_in(account: Account) -> bool:
    """Nothing that signs in is left; a link may then be an invitation again, if the last one was."""
    return account.password_hash is None and account.oidc_subject is None and account.totp_sealed is None


async def _reset_password(db: AsyncSession, manager: Manager, account: Account, now: datetime) -> str:
    """The old password stops at once; a person who never had one is invited again."""
    assert account.id is not None
    kind = await latest_kind(db, account.id) if _never_let_in(account) else InvitationKind.RESET
    account.password_hash = None
    # Whoever tied a sign-in of their own to it must be out as well.
    issuer, account.oidc_issuer, account.oidc_subject = account.oidc_issuer, None, None
    db.add(account)
    await end_sessions(db, account.id)
    word = "account.password_reset" if kind is InvitationKind.RESET else "account.invited"
    record(db, manager.actor, _on(account, word, before={"issuer": issuer} if issuer else None), now)
    return await make_invitation(db, account.id, kind, manager.actor, now)


async def _reset_second_factor(db: AsyncSession, manager: Manager, account: Account, now: datetime) -> None:
    """Whoever is signed in with it is out: a thief of the telephone, perhaps."""
    assert account.id is not None
    if account.totp_sealed is None:
        raise FactorMissing
    await forget(db, account)
    await end_sessions(db, account.id)
    record(db, manager.actor, _on(account, "account.second_factor_reset"), now)


async def _switch(db: AsyncSession, manager: Manager, account: Account, now: datetime) -> None:
    assert account.id is not None
    if account.active:
        await end_sessions(db, account.id)
        await void_invitations(db, account.id)
    account.active = not account.active
    db.add(account)
    record(db, manager.actor, _on(account, "account.switched_on" if account.active else "account.switched_off"), now)


async def _locked(db: AsyncSession, manager: Manager, account_id: int) -> tuple[Account, frozenset[int]]:
    """The account, and who can administer the city.

    All of them are locked, in the order of id: of two who switch each other off at once, the second finds what the first did.
    Not against those who only refer to them: a clerk at work writes tickets that do.
    """
    of_city = col(Account.role) == Role.CITY_ADMINISTRATOR
    able = or_(col(Account.password_hash).is_not(None), col(Account.oidc_subject).is_not(None))
    administrator = and_(of_city, col(Account.active), col(Account.office_id).is_(None), able)
    rows = await db.exec(
        select(Account).where(or_(col(Account.id) == account_id, administrator)).order_by(col(Account.id)).with_for_update(key_share=True)
    )
    found = {row.id: row for row in rows.all() if row.id is not None}
    account = found.get(account_id)
    if account is None:
        raise NoSuchPerson
    check_visible(manager.place, place_of(account))
    return account, frozenset(
        number
        for number, row in found.items()
        if row.role is Role.CITY_ADMINISTRATOR
        and row.active
        and row.office_id is None
        and (row.password_hash is not None or row.oidc_subject is not None)
    )


def _on(account: Account, word: str, after: Mapping[str, object] | None = None, *, before: Mapping[str, object] | None = None) -> Act:
    return Act(word, f"account:{account.id}", account.office_id, before=before, after=after)
