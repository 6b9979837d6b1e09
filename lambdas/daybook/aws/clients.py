"""The AWS clients of a function. Its wiring makes each of them once."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

from daybook.aws import call_credentials, shared_kinesis
from daybook.aws.read_meter import ReadMeter

_CONNECTIONS = 64
"""The fan-out's threads. A connection beyond the pool's would be made anew for each call, with a TLS handshake."""

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,  # functions have 10 s or more: enough for a second attempt and an answer
    retries={
        "mode": "standard",
        "total_max_attempts": 2,
    },  # callers retry throttled calls: they know what is left to do
    max_pool_connections=_CONNECTIONS,
    tcp_keepalive=True,
    parameter_validation=False,  # requests are validated before; this check takes half of a write call's CPU
)

_S3_CONFIG = _CONFIG.merge(
    Config(
        signature_version="s3v4",
        read_timeout=60,  # a part of 8 MiB may take long
        # URLs name the region's own endpoint: the signature covers the host, and S3's global endpoint redirects.
        s3={"addressing_style": "virtual"},
        # A checksum costs one pass over each part; TLS and the signature already protect it.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
)

_COUNTERS_CONFIG = _CONFIG.merge(
    Config(connect_timeout=0.5, read_timeout=0.5, retries={"mode": "standard", "total_max_attempts": 1})
)

# STS must not delay a batch of other customers' events.
_IMPATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=_CONNECTIONS,
    tcp_keepalive=True,
    parameter_validation=False,
)


@cache
def _session() -> Any:
    """One session for all clients: reading botocore's data files is the most expensive part of making a client."""
    session = botocore.session.get_session()
    read_meter().watch(session)
    return session


@cache
def read_meter() -> ReadMeter:
    """Counts what the reads of all DynamoDB clients of this module consume, whatever their credentials."""
    return ReadMeter()


@cache
def dynamodb_for_counters() -> Any:
    """A low-level DynamoDB client for counters, which no call may wait for long. It tries once: an addition whose
    answer was lost would count twice.
    """
    return _session().create_client("dynamodb", config=_COUNTERS_CONFIG)


def dynamodb() -> Any:
    """A low-level DynamoDB client, safe to share between threads. botocore imports 90 ms faster than boto3."""
    return _session().create_client("dynamodb", config=_CONFIG)


def dynamodb_for_sessions() -> Any:
    """Like `dynamodb`, for a function that reads with tenants' sessions: a call may have credentials of its own."""
    session = call_credentials.session_of_calls(_session().get_component("data_loader"), _session().get_credentials())
    read_meter().watch(session)
    return session.create_client("dynamodb", config=_CONFIG)


def sqs() -> Any:
    """A low-level SQS client."""
    return _session().create_client("sqs", config=_CONFIG)


def s3(credentials: Mapping[str, str] | None = None) -> Any:
    """A low-level S3 client. It signs URLs with version 4, which all regions accept.

    Without `credentials` it has the function's own. A further client costs 5 ms.
    """
    return _session().create_client("s3", config=_S3_CONFIG, **(credentials or {}))


def kms() -> Any:
    """A low-level KMS client."""
    return _session().create_client("kms", config=_CONFIG)


def sts() -> Any:
    """A low-level STS client for customers' roles."""
    return _session().create_client("sts", config=_IMPATIENT)


def own_sts() -> Any:
    """A low-level STS client for a role of Daybook's own."""
    return _session().create_client("sts", config=_CONFIG)


def kinesis(region: str, answer_seconds: float) -> shared_kinesis.KinesisClient:
    """A Kinesis client for customers' streams. It tries once; its caller retries."""
    config = _IMPATIENT.merge(Config(read_timeout=answer_seconds))
    return shared_kinesis.make_client(_for_customers(), region, config)


@cache
def _for_customers() -> Any:
    return call_credentials.session_of_calls(_session().get_component("data_loader"))


def secret_value(arn: str) -> bytes:
    """What Secrets Manager keeps under this ARN. Raises botocore's ClientError when it is not readable.

    A client of its own costs 8.5 ms of a start of 370 ms on 2 cores. A request signed by hand would cost 1.1 ms, which
    is not worth a second way to call AWS.
    """
    client = _session().create_client("secretsmanager", config=_CONFIG)
    answer = client.get_secret_value(SecretId=arn, VersionStage="AWSCURRENT")  # moto's own default does not follow it
    secret: bytes = answer["SecretString"].encode() if "SecretString" in answer else answer["SecretBinary"]
    return secret
