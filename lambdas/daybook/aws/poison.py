"""Records of the events table's stream that can't be read, in the bucket of failed batches, as they came."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FOLDER = "poison/"


class PoisonBucket:
    """Uses a low-level S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep(self, record: Mapping[str, Any]) -> None:
        """Under a name that its content gives, so that a record that comes again is kept once. Raises botocore's
        errors.
        """
        body = json.dumps(record, sort_keys=True).encode()
        name = f"{FOLDER}{hashlib.sha256(body).hexdigest()}.json"
        self._client.put_object(Bucket=self._bucket, Key=name, Body=body, ContentType="application/json")
