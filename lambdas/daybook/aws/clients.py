"""The AWS clients of a function, made once by its composition root."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

_CONFIG = Config(
    connect_timeout=2,
    read_timeout=4,  # a function's own deadline is 10 s and more: room for the second attempt and an honest answer
    retries={"mode": "standard", "total_max_attempts": 2},  # throttling is retried by who knows what is still to do
    max_pool_connections=32,
    tcp_keepalive=True,
    parameter_validation=False,  # what we send has been validated; this alone is half of a write call's CPU
)

_S3_CONFIG = _CONFIG.merge(
    Config(
        signature_version="s3v4",
        read_timeout=60,  # a part of 8 MiB may take its time
        # The region's own endpoint, also in URLs: a signature is of the host, and S3's global one sends on to another.
        s3={"addressing_style": "virtual"},
        # A part's checksum costs a pass over it, and TLS and the signature guard it already.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
)

# For what is not ours, and may be slow or broken: Kinesis answers in tens of milliseconds.
_IMPATIENT = Config(
    connect_timeout=1,
    read_timeout=2,
    retries={"mode": "standard", "total_max_attempts": 1},
    max_pool_connections=10,
    tcp_keepalive=True,
    parameter_validation=False,
)


@cache
def _session() -> Any:
    """One session: it reads botocore's own data files, the dearest part of a client, once for all clients."""
    return botocore.session.get_session()


def dynamodb() -> Any:
    """A low-level DynamoDB client, safe to share between threads. botocore and not boto3: 90 ms less of imports."""
    return _session().create_client("dynamodb", config=_CONFIG)


def sqs() -> Any:
    """A low-level SQS client."""
    return _session().create_client("sqs", config=_CONFIG)


def s3() -> Any:
    """A low-level S3 client, which signs URLs by the version that all regions take."""
    return _session().create_client("s3", config=_S3_CONFIG)


def sts() -> Any:
    """For customers' roles: one that does not answer must not hold others up."""
    return _session().create_client("sts", config=_IMPATIENT)


def kinesis(region: str, credentials: dict[str, str]) -> Any:
    """For a customer's stream, as a session of the customer's role. It tries once: who calls it tries again."""
    return _session().create_client("kinesis", region_name=region, config=_IMPATIENT, **credentials)


def deployment_secret(arn: str) -> bytes:
    """The deployment's secret, the root of every derived key. Raises botocore's ClientError where it is not readable.

    By an ordinary client: beside the DynamoDB client it costs 8.5 ms, a request signed by hand 1.1 ms, of the 370 ms
    that a start takes on 2 cores; not worth a second way of talking to AWS.
    """
    answer = _session().create_client("secretsmanager", config=_CONFIG).get_secret_value(SecretId=arn)
    secret: bytes = answer["SecretString"].encode() if "SecretString" in answer else answer["SecretBinary"]
    return secret
