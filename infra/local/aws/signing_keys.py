"""Plays the template's Ed25519 keys, which moto 5.2.5 does not know: `CreateKey` refuses their spec.

A key's private half lies in a file that only its owner may read, so that what was signed before a restart still
verifies after it. It answers `Sign` and `GetPublicKey` in the form and with the limits of the KMS API Reference. Every
other call, and one about another key, is moto's.
"""

import base64
import hashlib
import io
import json
import secrets
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.wrappers import Response

from infra.local.aws.persistence import read_or_create
from infra.local.gateway.api import ACCOUNT, REGION
from infra.local.template import Templates, of_type

SPEC = "ECC_NIST_EDWARDS25519"
ALGORITHMS = {"ED25519_SHA_512": "RAW", "ED25519_PH_SHA_512": "DIGEST"}
"""Each takes one type of message. The second is not played."""
MAX_BYTES = 4_096


@dataclass(frozen=True)
class SigningKey:
    private: Ed25519PrivateKey

    @cached_property
    def public(self) -> bytes:
        """In the form of RFC 8410."""
        return self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @cached_property
    def arn(self) -> str:
        """Made of the key: another key has another id."""
        return f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{uuid.UUID(bytes=hashlib.sha256(self.public).digest()[:16])}"


def signing_keys(stacks: Templates, folder: Path) -> dict[str, SigningKey]:
    """The keys of the template by their logical ids. One without a file is made."""
    return {
        logical_id: SigningKey(
            Ed25519PrivateKey.from_private_bytes(
                bytes.fromhex(read_or_create(folder / f"{logical_id}.key", secrets.token_hex(32)))
            )
        )
        for logical_id, properties in of_type(stacks, "AWS::KMS::Key").items()
        if properties.get("KeySpec") == SPEC
    }


class PlayedKms:
    """A WSGI application in front of moto's KMS."""

    def __init__(self, moto: Any, keys: Iterable[SigningKey]) -> None:
        self._moto = moto
        self._keys = {key.arn: key for key in keys}

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        operation = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        call = json.loads(body or b"{}")
        key = self._keys.get(call.get("KeyId", ""))
        respond = self._moto
        if key is not None and operation == "Sign":
            respond = _signed(key, call)
        elif key is not None and operation == "GetPublicKey":
            respond = _answer(
                {
                    "KeyId": key.arn,
                    "KeySpec": SPEC,
                    "KeyUsage": "SIGN_VERIFY",
                    "PublicKey": base64.b64encode(key.public).decode(),
                    "SigningAlgorithms": [*ALGORITHMS],
                }
            )
        answer: Iterable[bytes] = respond(environ, start_response)
        return answer


def _signed(key: SigningKey, call: Mapping[str, Any]) -> Response:
    message = base64.b64decode(call.get("Message", ""))
    algorithm = call.get("SigningAlgorithm", "")
    if not message or len(message) > MAX_BYTES or algorithm not in ALGORITHMS:
        return _answer({"__type": "ValidationException", "message": f"{len(message)} bytes, {algorithm}"}, 400)
    if call.get("MessageType", "RAW") != ALGORITHMS[algorithm] or algorithm != "ED25519_SHA_512":
        return _answer({"__type": "InvalidKeyUsageException", "message": f"{algorithm} is not played here"}, 400)
    signature = base64.b64encode(key.private.sign(message)).decode()
    return _answer({"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": algorithm})


def _answer(content: Mapping[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(content), status=status, content_type="application/x-amz-json-1.1")
