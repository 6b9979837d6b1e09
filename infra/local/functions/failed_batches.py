"""Puts what a function could not handle into its mapping's on-failure destination, an S3 bucket.

Names and contents of the objects follow AWS's "Retain discarded records for a DynamoDB event source in Lambda".
"""

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]


GiveUp = Callable[[str, str, list[Record]], None]
"""Takes a stream's ARN, a shard and the shard's records."""


@dataclass(frozen=True)
class FailedBatches:
    s3: Any
    bucket: str
    mapping_id: str
    function_arn: str

    def put(self, stream_arn: str, shard: str, records: list[Record]) -> None:
        now = datetime.now(UTC)
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"aws/lambda/{self.mapping_id}/{shard}/{now:%Y/%m/%d}/{now:%Y-%m-%dT%H.%M.%S}-{uuid.uuid4()}",
            Body=json.dumps(invocation_record(self.function_arn, stream_arn, shard, records, now)).encode(),
        )


def invocation_record(
    function_arn: str, stream_arn: str, shard: str, records: list[Record], now: datetime
) -> dict[str, Any]:
    inner = [each["dynamodb"] for each in records]
    return {
        "requestContext": {"functionArn": f"{function_arn}:$LATEST", "condition": "RetryAttemptsExhausted"},
        "version": "1.0",
        "timestamp": now.isoformat(),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": inner[0]["SequenceNumber"],
            "endSequenceNumber": inner[-1]["SequenceNumber"],
            "batchSize": len(records),
            "streamArn": stream_arn,
        },
        "payload": json.dumps({"Records": records}),
    }
