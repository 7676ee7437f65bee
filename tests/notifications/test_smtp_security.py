"""Signing in and TLS, as the URL of the mail server says: what must be hidden is never sent in the clear."""

import ipaddress
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from queue_service.db import Database
from queue_service.notifications.contacts import Channel
from queue_service.notifications.sender import Sender
from queue_service.notifications.smtp import SmtpChannel
from queue_service.sealing import KeyRing
from queue_service.timing import clock
from tests.notifications.scene import NOON, MailServer, a_mail_server, a_message, put_away, row_of


async def send(database: Database, ring: KeyRing, url: str) -> str:
    """The state and the error of the one message that is due."""
    await put_away(database, ring, a_message())
    await Sender(database, ring, {Channel.EMAIL: SmtpChannel(url, "queue@example.ru")}, now=lambda: NOON).send_due()
    row = await row_of(database)
    return row["error"] or str(row["state"])


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Of 127.0.0.1, made for this test; this process trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock() - timedelta(days=1))
        .not_valid_after(clock() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "certificate.pem"
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    return context


def secure(server: MailServer, query: str = "") -> str:
    return f"smtps://127.0.0.1:{server.port}{query}"


async def test_name_and_password_come_from_the_url(database: Database, ring: KeyRing, certificate: ssl.SSLContext) -> None:
    heard: list[object] = []

    def authenticate(_server: object, _session: object, _envelope: object, _mechanism: str, said: object) -> AuthResult:
        heard.append(said)
        return AuthResult(success=said == LoginPassword(b"queue@example.ru", b"p@ss:word"), handled=False)

    with a_mail_server(tls_context=certificate, require_starttls=True, auth_required=True, authenticator=authenticate) as server:
        right = f"smtp://queue%40example.ru:p%40ss%3Aword@127.0.0.1:{server.port}?starttls=required"
        assert await send(database, ring, right.replace("ss%3Aword", "ss")) == "smtp_535"
        await database.hot.execute("DELETE FROM outbox_message")
        assert await send(database, ring, right) == "sent"
        assert len(server.box) == 1
    assert heard


async def test_smtps_speaks_tls_from_the_first_byte(database: Database, ring: KeyRing, certificate: ssl.SSLContext) -> None:
    with a_mail_server(ssl_context=certificate) as server:
        assert await send(database, ring, secure(server)) == "sent"


async def test_a_certificate_that_nobody_vouches_for_gets_nothing(
    database: Database, ring: KeyRing, certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_mail_server(ssl_context=certificate) as server:
        monkeypatch.delenv("SSL_CERT_FILE")
        assert await send(database, ring, secure(server)) == "SMTPConnectError"
        assert (await row_of(database))["state"] == "pending"
        assert not server.box


@pytest.mark.parametrize("query", ["?starttls=required", ""])
async def test_starttls_is_used_where_it_is_offered(database: Database, ring: KeyRing, certificate: ssl.SSLContext, query: str) -> None:
    # The server takes no mail in the clear.
    with a_mail_server(tls_context=certificate, require_starttls=True) as server:
        assert await send(database, ring, server.url + query) == "sent"


async def test_required_starttls_that_is_not_offered_sends_nothing(database: Database, ring: KeyRing, mail_server: MailServer) -> None:
    assert await send(database, ring, mail_server.url + "?starttls=required") == "SMTPException"
    assert (await row_of(database))["state"] == "pending"
    assert not mail_server.box
