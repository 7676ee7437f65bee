"""All pages of one's own account."""

from queue_service.pages.account.handlers import HANDLERS as ACCOUNT
from queue_service.pages.account.invitation import HANDLERS as INVITATION
from queue_service.pages.account.oidc import HANDLERS as OIDC
from queue_service.pages.account.second_factor import HANDLERS as SECOND_FACTOR

HANDLERS = [*ACCOUNT, *SECOND_FACTOR, *INVITATION, *OIDC]
