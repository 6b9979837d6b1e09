"""Links by which anybody can fetch an export's files for an hour."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from daybook.aws.calls import STS_TRANSIENT, ask

SESSION_SECONDS = 60 * 60
"""The longest session that AWS gives a role which assumes another one (IAM User Guide, "Role chaining")."""

LINK_SECONDS = SESSION_SECONDS - 10
"""A link stops working when the credentials end that signed it (S3 User Guide, "Sharing objects with presigned URLs").
They begin a moment before it does.
"""

MakeS3Client = Callable[[dict[str, str]], Any]
"""Makes a low-level S3 client with these credentials."""


class DownloadLinks:
    """Signs links with sessions of a role that can read exports and nothing else.

    A function's own credentials may end at any time, and a link that they signed would end with them.
    """

    def __init__(self, sts: Any, make_s3: MakeS3Client, role_arn: str, bucket: str) -> None:
        self._sts = sts
        self._make_s3 = make_s3
        self._role_arn = role_arn
        self._bucket = bucket

    def links(self, places: Sequence[str], session: str) -> list[str]:
        """A link to each of the places, by one session that can read these places alone.

        `session`: its name, for CloudTrail; 2 to 64 letters, digits and `+=,.@-`. Raises `Throttled`.
        """
        given = ask(
            self._sts.assume_role,
            STS_TRANSIENT,
            RoleArn=self._role_arn,
            RoleSessionName=session,
            DurationSeconds=SESSION_SECONDS,
            Policy=self._only(places),
        )["Credentials"]
        s3 = self._make_s3(
            {
                "aws_access_key_id": given["AccessKeyId"],
                "aws_secret_access_key": given["SecretAccessKey"],
                "aws_session_token": given["SessionToken"],
            }
        )
        return [
            s3.generate_presigned_url(
                "get_object", Params={"Bucket": self._bucket, "Key": place}, ExpiresIn=LINK_SECONDS
            )
            for place in places
        ]

    def _only(self, places: Sequence[str]) -> str:
        """The session's policy. The session can do what both this and the role allow, so it has to name the key."""
        partition = self._role_arn.split(":")[1]
        files = [f"arn:{partition}:s3:::{self._bucket}/{place}" for place in places]
        statements = [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": files},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
        ]
        return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()
