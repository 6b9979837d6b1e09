"""One partition of DynamoDB with its limits. Its clock moves only when somebody waits or calls."""

import re
import threading
from typing import Any

from tests.support.calls import Context
from tests.support.faulty_clients import THROTTLED, failing

WRITES_A_SECOND = 1_000
READS_A_SECOND = 3_000
CALL_SECONDS = 0.001

_NAMES = re.compile(r"'(\w+)': \?")


class Allowance:
    """Capacity units of at most one second. They refill as time passes."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._left = float(rate)

    def pass_by(self, seconds: float) -> None:
        self._left = min(self._rate, self._left + seconds * self._rate)

    def take(self) -> bool:
        allowed = self._left >= 1
        self._left -= allowed
        return allowed


class LimitedClient:
    """Items of less than 1 KB under one partition key. Queries have one page."""

    def __init__(self, context: Context) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self.context = context
        self.reads = 0
        self._writing, self._reading = Allowance(WRITES_A_SECOND), Allowance(READS_A_SECOND)
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._pass_by(seconds)

    def _pass_by(self, seconds: float) -> None:
        self.context.sleep(seconds)
        self._writing.pass_by(seconds)
        self._reading.pass_by(seconds)

    def batch_execute_statement(self, Statements: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803  botocore's
        with self._lock:
            self._pass_by(CALL_SECONDS)
            return {"Responses": [self._inserted(each) for each in Statements]}

    def _inserted(self, statement: dict[str, Any]) -> dict[str, Any]:
        item = dict(zip(_NAMES.findall(statement["Statement"]), statement["Parameters"], strict=True))
        if not self._writing.take():
            return THROTTLED
        if self.rows.setdefault(item["sk"]["S"], item) is not item:
            return {"Error": {"Code": "DuplicateItem"}}
        return {}

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  botocore's
        ((table, wanted),) = RequestItems.items()
        found, left = [], []
        with self._lock:
            self._pass_by(CALL_SECONDS)
            for key in wanted["Keys"]:
                if not self._read():
                    left.append(key)
                elif key["sk"]["S"] in self.rows:
                    found.append(self.rows[key["sk"]["S"]])
        return {"Responses": {table: found}, "UnprocessedKeys": {table: {**wanted, "Keys": left}} if left else {}}

    def query(self, **asked: Any) -> dict[str, Any]:
        values = {name: value["S"] for name, value in asked["ExpressionAttributeValues"].items()}
        low = values.get(":low", values.get(":prefix", ""))
        high = values.get(":high", f"{low}\U0010ffff")
        with self._lock:
            self._pass_by(CALL_SECONDS)
            if not self._read():
                raise failing("ProvisionedThroughputExceededException", "Query")
            keys = sorted(key for key in self.rows if low <= key <= high)
            page = keys[: asked.get("Limit", len(keys))]
            more = {"LastEvaluatedKey": {"sk": {"S": page[-1]}}} if len(page) < len(keys) else {}
            return {"Items": [self.rows[key] for key in page], **more}

    def _read(self) -> bool:
        allowed = self._reading.take()
        self.reads += allowed
        return allowed
