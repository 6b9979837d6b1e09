"""KMS as Daybook calls it, and as the laptop plays it."""

import json
import stat
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.test import Client
from werkzeug.wrappers import Response

from daybook.aws.signing_keys import KmsKey
from daybook.errors import Throttled
from infra.local.aws.signing_keys import ALGORITHMS, MAX_BYTES, SPEC, PlayedKms, SigningKey, signing_keys
from infra.local.template import Templates


class PlayedClient:
    """A KMS client of the laptop's KMS, without a network between them."""

    def __init__(self, keys: dict[str, SigningKey]) -> None:
        self._http = Client(PlayedKms(Response("moto's", status=200), keys.values()))
        self._model = botocore.session.get_session().get_service_model("kms")

    def __getattr__(self, method: str) -> Any:
        operation = "".join(part.title() for part in method.split("_"))

        def call(**arguments: Any) -> Any:
            from base64 import b64encode  # noqa: PLC0415

            body = {
                name: b64encode(each).decode() if isinstance(each, bytes) else each for name, each in arguments.items()
            }
            answer = self._http.post("/", json=body, headers={"X-Amz-Target": f"TrentService.{operation}"})
            if answer.text == "moto's":
                return answer.text
            found = json.loads(answer.text)
            if answer.status_code != 200:
                raise ClientError({"Error": {"Code": found["__type"], "Message": found["message"]}}, operation)
            members = self._model.operation_model(operation).output_shape.members
            return {
                name: b64decode(each) if members[name].type_name == "blob" else each for name, each in found.items()
            }

        return call


def _written(value: Any) -> Any:
    return b64encode(value).decode() if isinstance(value, bytes) else value


@pytest.fixture
def keys(tmp_path: Path, synthesised: Templates) -> dict[str, SigningKey]:
    return signing_keys(synthesised, tmp_path)


def test_kms_knows_what_is_asked_of_it() -> None:
    """The names are those of AWS's own model of KMS, which botocore has."""
    model = botocore.session.get_session().get_service_model("kms")
    assert SPEC in model.shape_for("KeySpec").enum
    assert set(ALGORITHMS) <= set(model.shape_for("SigningAlgorithmSpec").enum)
    message = model.operation_model("Sign").input_shape.members["Message"]
    assert message.metadata["max"] == MAX_BYTES


def test_a_signature_verifies_with_the_published_key(keys: dict[str, SigningKey]) -> None:
    """As RFC 8032 has it: over the message itself."""
    client = PlayedClient(keys)
    assert sorted(name[:8] for name in keys) == ["HeadKey1", "TimeKey1"]
    for played in keys.values():
        key = KmsKey(client, played.arn)
        for message in (b"x", b"y" * MAX_BYTES):
            Ed25519PublicKey.from_public_bytes(key.public).verify(key.sign(message), message)
        assert played.arn.endswith(f":key/{key.id}")
        with pytest.raises(ClientError, match="ValidationException"):
            key.sign(b"z" * (MAX_BYTES + 1))


def test_other_algorithms_types_and_keys_are_not_played(keys: dict[str, SigningKey]) -> None:
    """An algorithm with the other's type of message is refused, as KMS does. Other keys are moto's."""
    client, arn = PlayedClient(keys), next(iter(keys.values())).arn
    asked = {"KeyId": arn, "Message": b"x", "MessageType": "RAW", "SigningAlgorithm": "ED25519_SHA_512"}
    assert client.sign(**asked)["SigningAlgorithm"] == "ED25519_SHA_512"
    for wrong in ({"MessageType": "DIGEST"}, {"SigningAlgorithm": "ED25519_PH_SHA_512"}):
        with pytest.raises(ClientError, match="InvalidKeyUsageException"):
            client.sign(**{**asked, **wrong})
    with pytest.raises(ClientError, match="ValidationException"):
        client.sign(**{**asked, "SigningAlgorithm": "ECDSA_SHA_256"})
    assert client.sign(**{**asked, "KeyId": f"{arn}0"}) == "moto's"
    assert client.describe_key(KeyId=arn) == "moto's"


def test_a_private_key_stays_and_only_its_owner_reads_it(tmp_path: Path, synthesised: Templates) -> None:
    """What was signed before a restart verifies after it. A key that is lost is another key, with another id."""
    first, again = (signing_keys(synthesised, tmp_path) for _ in range(2))
    assert {name: key.arn for name, key in first.items()} == {name: key.arn for name, key in again.items()}
    files = list(tmp_path.iterdir())
    assert [stat.S_IMODE(file.stat().st_mode) for file in files] == [0o600, 0o600]
    for file in files:
        file.unlink()
    assert not {key.arn for key in signing_keys(synthesised, tmp_path).values()} & {key.arn for key in first.values()}


class Failing:
    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    def sign(self, **_call: Any) -> Any:
        raise self._failure


@pytest.mark.parametrize("code", ["ThrottlingException", "KMSInternalException", "DependencyTimeoutException"])
def test_what_another_try_may_overcome_is_throttled(code: str) -> None:
    """Anything else escapes: a key that is disabled, say."""
    with pytest.raises(Throttled):
        KmsKey(Failing(ClientError({"Error": {"Code": code}}, "Sign")), "arn").sign(b"x")
    with pytest.raises(Throttled):
        KmsKey(Failing(EndpointConnectionError(endpoint_url="x")), "arn").sign(b"x")
    with pytest.raises(ClientError, match="DisabledException"):
        KmsKey(Failing(ClientError({"Error": {"Code": "DisabledException"}}, "Sign")), "arn").sign(b"x")


def test_a_key_of_another_spec_is_refused() -> None:
    """Before anything is signed with it."""
    public = generate_private_key(SECP256R1()).public_key()

    class Other:
        def get_public_key(self, **_call: Any) -> Any:
            return {"PublicKey": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)}

    with pytest.raises(ValueError, match="no Ed25519 key"):
        _ = KmsKey(Other(), "arn").public
