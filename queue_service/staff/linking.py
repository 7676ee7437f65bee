"""Which of our accounts somebody is who signed in at a provider: the one tied to that issuer and subject, by its owner or by an invitation.

Never by e-mail or name, which a provider may let people choose. Refuses to make accounts: an administrator invites.
"""

from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from queue_service.audit.journal import Act, Actor, record
from queue_service.db import constraint_of
from queue_service.errors import DomainError
from queue_service.staff.errors import InvitationOver
from queue_service.staff.invitations import look_at_invitation
from queue_service.staff.models import Account, Invitation, InvitationKind
from queue_service.staff.oidc import Subject
from queue_service.staff.sessions import hash_token


class UnknownPerson(DomainError):
    status = 403
    code = "unknown_person"
    sentence = {
        "ru": "Этот вход не привязан ни к одной учётной записи. Войдите по паролю и привяжите его на странице «Моя учётная запись» "
        "или попросите у администратора приглашение.",
        "en": "This sign-in belongs to no account. Sign in with your password and link it on the page “My account”, "
        "or ask the administrator for an invitation.",
    }


class SubjectTaken(DomainError):
    code = "subject_taken"
    sentence = {
        "ru": "Этот вход уже привязан к другой учётной записи.",
        "en": "This sign-in is linked to another account already.",
    }


class LinkedAlready(DomainError):
    code = "linked_already"
    sentence = {
        "ru": "К этой учётной записи уже привязан другой вход. Сначала отвяжите его.",
        "en": "Another sign-in is linked to this account. Unlink it first.",
    }


class OnlyWayIn(DomainError):
    code = "only_way_in"
    sentence = {
        "ru": "Сначала задайте пароль: без него войти будет нечем.",
        "en": "Choose a password first: without one there would be no way in.",
    }


async def account_of(db: AsyncSession, subject: Subject) -> Account:
    """Raises UnknownPerson, for a switched-off account too."""
    found = (await db.exec(select(Account).where(*_is(subject), col(Account.active)))).one_or_none()
    if found is None:
        raise UnknownPerson
    return found


async def link(db: AsyncSession, by: Actor, subject: Subject, now: datetime) -> Account:
    """To one's own account. Raises SubjectTaken, LinkedAlready."""
    account = (await db.exec(select(Account).where(col(Account.id) == by.account_id).with_for_update())).one()
    await _tie(db, account, subject)
    record(db, by, Act("account.oidc_linked", f"account:{account.id}", account.office_id, after={"issuer": subject.issuer}), now)
    return account


async def accept_invitation_with(db: AsyncSession, token: str, subject: Subject, address: str | None, now: datetime) -> Account:
    """Instead of choosing a password. Raises InvitationOver (a reset is for a password only), SubjectTaken, LinkedAlready."""
    invited = await look_at_invitation(db, token, now)
    if invited.kind is not InvitationKind.INVITATION:
        raise InvitationOver
    account = (await db.exec(select(Account).where(col(Account.id) == invited.account.id).with_for_update())).one()
    await _tie(db, account, subject)
    mine = (col(Invitation.token_hash) == hash_token(token), col(Invitation.used_at).is_(None))
    used = await db.exec(update(Invitation).where(*mine).values(used_at=now).returning(col(Invitation.account_id)))
    if used.one_or_none() is None:
        raise InvitationOver
    linked = Act("account.oidc_linked", f"account:{account.id}", account.office_id, after={"issuer": subject.issuer}, reason="invitation")
    record(db, Actor(account.login, account.id, address), linked, now)
    return account


async def unlink(db: AsyncSession, by: Actor, now: datetime) -> None:
    """Raises OnlyWayIn. Sessions that were opened so go on: it is the same person."""
    account = (await db.exec(select(Account).where(col(Account.id) == by.account_id).with_for_update())).one()
    if account.oidc_issuer is None:
        return
    if account.password_hash is None:
        raise OnlyWayIn
    act = Act("account.oidc_unlinked", f"account:{account.id}", account.office_id, before={"issuer": account.oidc_issuer})
    account.oidc_issuer = account.oidc_subject = None
    db.add(account)
    record(db, by, act, now)


async def _tie(db: AsyncSession, account: Account, subject: Subject) -> None:
    """Of two who tie the same subject at once the unique constraint lets one."""
    if (account.oidc_issuer, account.oidc_subject) == (subject.issuer, subject.id):
        return
    if account.oidc_issuer is not None:
        raise LinkedAlready
    if (await db.exec(select(Account.id).where(*_is(subject)))).one_or_none() is not None:
        raise SubjectTaken
    account.oidc_issuer, account.oidc_subject = subject.issuer, subject.id
    db.add(account)
    try:
        await db.flush()
    except IntegrityError as error:
        if constraint_of(error) == "uq_account_oidc":
            raise SubjectTaken from None
        raise


def _is(subject: Subject) -> tuple[bool, bool]:
    return col(Account.oidc_issuer) == subject.issuer, col(Account.oidc_subject) == subject.id  # type: ignore[return-value]
