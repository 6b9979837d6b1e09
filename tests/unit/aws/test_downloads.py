"""Links to exports, signed with a session that can read one export."""

import json
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from daybook.aws import clients
from daybook.aws.downloads import LINK_SECONDS, SESSION_SECONDS, DownloadLinks
from daybook.errors import Throttled

ROLE = "arn:aws-cn:iam::123456789012:role/Download"
SESSION = {"AccessKeyId": "ASIASESSION", "SecretAccessKey": "s", "SessionToken": "the+token"}
PLACES = ["files/acme/1/a.csv", "files/acme/1/a.csv.manifest.json"]


class MemorySts:
    def __init__(self, refusal: Exception | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._refusal = refusal

    def assume_role(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        if self._refusal is not None:
            raise self._refusal
        return {"Credentials": SESSION}


def test_one_session_signs_all_links_of_an_export() -> None:
    """Its policy names these files alone, and the key with which they are encrypted."""
    sts = MemorySts()
    assert len(DownloadLinks(sts, clients.s3, ROLE, "exports").links(PLACES, "01M8")) == 2
    (asked,) = sts.asked
    policy = json.loads(asked.pop("Policy"))
    assert asked == {"RoleArn": ROLE, "RoleSessionName": "01M8", "DurationSeconds": 3_600}
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [f"arn:aws-cn:s3:::exports/{place}" for place in PLACES],
            },
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
        ],
    }


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "eu-south-2"])
def test_a_link_is_of_the_bucket_in_its_region(monkeypatch: pytest.MonkeyPatch, region: str) -> None:
    """Signed by SigV4. S3's global endpoint would send on to another host, whose name the signature does not cover, and
    knows no newer region. It ends before the session that signed it.
    """
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    links = DownloadLinks(MemorySts(), clients.s3, ROLE, "exports").links(PLACES, "01M8")
    for link, place in zip(links, PLACES, strict=True):
        url = httpx.URL(link)
        host = "exports.s3.amazonaws.com" if region == "us-east-1" else f"exports.s3.{region}.amazonaws.com"
        assert (url.scheme, url.host, url.path) == ("https", host, f"/{place}")
        assert (url.params["X-Amz-Algorithm"], url.params["X-Amz-Expires"]) == ("AWS4-HMAC-SHA256", "3590")
        assert url.params["X-Amz-Security-Token"] == "the+token"
        assert url.params["X-Amz-Credential"].startswith("ASIASESSION/")
        assert f"/{region}/s3/aws4_request" in url.params["X-Amz-Credential"]
    assert LINK_SECONDS < SESSION_SECONDS


@pytest.mark.parametrize(
    "failure",
    [
        ClientError({"Error": {"Code": "Throttling"}}, "AssumeRole"),
        ClientError({"Error": {"Code": "ServiceUnavailable"}}, "AssumeRole"),
        ReadTimeoutError(endpoint_url="https://sts"),
    ],
)
def test_without_a_session_there_is_no_link(failure: Exception) -> None:
    with pytest.raises(Throttled):
        DownloadLinks(MemorySts(failure), clients.s3, ROLE, "exports").links(PLACES, "01M8")


def test_a_role_that_may_not_be_assumed_is_an_error_of_ours() -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied"}}, "AssumeRole")
    with pytest.raises(ClientError):
        DownloadLinks(MemorySts(denied), clients.s3, ROLE, "exports").links(PLACES, "01M8")
