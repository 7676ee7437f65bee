"""A ring of keys, a mail server and a gateway per test."""

from collections.abc import Iterator

import pytest

from queue_service.sealing import KeyRing
from tests.notifications.scene import Gateway, MailServer, a_gateway, a_mail_server


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing.throwaway()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with a_mail_server() as server:
        yield server


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with a_gateway() as gateway:
        yield gateway
