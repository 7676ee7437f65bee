"""Two providers to sign in at: a real one (npm `oidc-provider`, run by node) and one of our own that can lie."""

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from tests.support.service import PATIENCE_SECONDS, HttpServer, a_free_port

CLIENT_ID, CLIENT_SECRET = "queue", "only:for tests"
PROGRAM = Path(__file__).with_name("provider.mjs")


@contextmanager
def a_real_provider(redirect_uri: str) -> Iterator[str]:
    """Its issuer."""
    node = shutil.which("node", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]))
    assert node, "set-up brings node where the machine has none"
    port = a_free_port()
    command = [node, str(PROGRAM), str(port), CLIENT_ID, CLIENT_SECRET, redirect_uri]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "the provider did not start"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


@dataclass
class Liar:
    """What the provider of our own answers; a test changes what it is about."""

    issuer: str
    key: RSAKey
    claims: dict[str, Any] = field(default_factory=dict)
    token: str | None = None
    """Instead of one made of the claims."""
    discovery: dict[str, Any] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """Path, form and Authorization of each request."""

    def answer(self, path: str) -> bytes:
        contents: dict[str, Any] = {
            "/.well-known/openid-configuration": {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/auth",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                **self.discovery,
            },
            "/keys": KeySet([self.key]).as_dict(private=False),
            "/token": {"access_token": "x", "token_type": "Bearer", "id_token": self.token or self.signed()},
        }
        return self.bodies.get(path) or json.dumps(contents[path]).encode()

    def signed(self, key: RSAKey | None = None) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, self.claims, key or self.key)


@cache
def _key() -> RSAKey:
    return RSAKey.generate_key(2048, auto_kid=True)


@contextmanager
def a_liar() -> Iterator[Liar]:
    port = a_free_port()
    liar = Liar(f"http://127.0.0.1:{port}", _key())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            self._answer({name: values[0] for name, values in parse_qs(sent).items()})

        def _answer(self, form: dict[str, str]) -> None:
            liar.asked.append((self.path, form, self.headers.get("Authorization", "")))
            content = liar.answer(self.path)
            self.send_response(liar.statuses.get(self.path, 200))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = HttpServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield liar
    finally:
        server.shutdown()
        server.server_close()
