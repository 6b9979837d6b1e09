"""An OIDC issuer whose every answer a test decides, served over HTTP. Its tokens are signed with keys of its own."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "daybook"
DISCOVERY = "/.well-known/openid-configuration"
JWKS = "/keys"


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """The same key for the same name."""
    del name
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def jwk(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, key_id: str, **more: Any) -> dict[str, Any]:
    public: Any = key.public_key()
    algorithm = RSAAlgorithm if isinstance(key, rsa.RSAPrivateKey) else ECAlgorithm
    return {**algorithm.to_jwk(public, as_dict=True), "kid": key_id, **more}


@dataclass
class Issuer:
    url: str
    keys: list[dict[str, Any]] = field(default_factory=lambda: [jwk(ec_key("first"), "first", use="sig")])
    documents: dict[str, Any] = field(default_factory=dict)
    """What is answered at a path in place of the usual document."""
    status: int = 200
    location: str = ""
    """Where discovery is said to have moved."""
    delay_seconds: float = 0
    drips: int = 0
    """How many headers come first, ten in a second."""
    asked: list[str] = field(default_factory=list)
    """The paths of all requests."""

    def answer(self, path: str) -> bytes:
        usual = {DISCOVERY: {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}"}, JWKS: {"keys": self.keys}}
        return json.dumps((usual | self.documents)[path]).encode()

    def claims(self, **changed: Any) -> dict[str, Any]:
        """Of an auditor's valid token. A time is in seconds from now; a claim that is changed to None is left out."""
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "248289761001",
            "iat": 0,
            "exp": 300,
            "tenant": "acme",
            "roles": ["auditor"],
            **changed,
        }
        now = {name: int(time.time()) for name in ("iat", "nbf", "exp")}
        return {
            name: now[name] + value if name in now else value for name, value in claims.items() if value is not None
        }

    def token(self, *, key: Any = None, algorithm: str = "ES256", key_id: str | None = "first", **changed: Any) -> str:
        headers = {} if key_id is None else {"kid": key_id}
        signed_by = ec_key("first") if key is None else key
        return jwt.encode(self.claims(**changed), signed_by, algorithm, headers=headers)


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            time.sleep(issuer.delay_seconds)
            is_moved = issuer.location and self.path == DISCOVERY
            with suppress(ConnectionError):  # who asked has lost patience
                self.send_response(302 if is_moved else issuer.status)
                for number in range(issuer.drips):
                    self.send_header("Drip", str(number))
                    self.flush_headers()
                    time.sleep(0.1)
                if is_moved:
                    self.send_header("Location", issuer.location)
                self.end_headers()
                self.wfile.write(issuer.answer(self.path))

        def do_POST(self) -> None:
            """Says what came."""
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"type": self.headers["Content-Type"], "body": body}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
