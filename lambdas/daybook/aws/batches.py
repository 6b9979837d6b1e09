"""DynamoDB's two batch calls: INSERT of many items, and reads of many keys.

Items are written only with PartiQL INSERT: it cannot overwrite, and it has its own IAM action.
"""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from daybook.batching import batched
from daybook.errors import ANSWER_SECONDS, Throttled
from daybook.events.store import Append

STATEMENTS_A_CALL = 25  # BatchExecuteStatement's own limit
KEYS_A_CALL = 100  # BatchGetItem's own limit
CALLS_AT_ONCE = 8

FIRST_WAIT_SECONDS = 0.05
MAX_WAIT_SECONDS = 2.0
MAX_CALL_SECONDS = 12.5  # the client makes two attempts with a pause; each takes up to 2 s to connect and 4 s to answer
_READ_TRIES = 6
_INSERT_TRIES = 6
TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingError",
        "ThrottlingException",
        "TransactionConflict",
    }
)


def insert(client: Any, statements: list[dict[str, Any]]) -> list[Append]:
    """Makes one BatchExecuteStatement call of at most 25 INSERTs with different keys; the answers keep their order.

    Errors hide inside HTTP 200 and may lack the table's name, so they are matched by position. An error that is not
    transient, such as a statement that DynamoDB refuses, escapes as botocore's ClientError.
    """
    try:
        responses = client.batch_execute_statement(Statements=statements)["Responses"]
    except ClientError as error:
        if error.response["Error"]["Code"] in TRANSIENT:
            return [Append.THROTTLED] * len(statements)
        raise
    except BotoCoreError:
        # There was no answer in time. The items may have been written; the next try will tell.
        return [Append.THROTTLED] * len(statements)
    return [_outcome(response.get("Error"), responses) for response in responses]


def _outcome(error: Mapping[str, Any] | None, responses: Any) -> Append:
    if error is None:
        return Append.STORED
    if error["Code"] == "DuplicateItem":
        return Append.DUPLICATE
    if error["Code"] in TRANSIENT:
        return Append.THROTTLED
    raise ClientError({"Error": dict(error), "Responses": responses}, "BatchExecuteStatement")


@dataclass(frozen=True)
class Patience:
    """How often a call is tried, and how the waits between tries are spent and spread. Tests use their own."""

    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    remaining_seconds: Callable[[], float] | None = None
    """The request's remaining time, until which calls are tried. None: a few tries."""

    def wait(self, seconds: float) -> None:
        self.sleep(seconds * self.jitter())

    def tries(self, usual: int) -> Iterator[None]:
        """Yields once for each try. Before all but the first it waits, with doubling waits and full jitter."""
        yield
        wait = FIRST_WAIT_SECONDS
        made = 1
        while made < usual if self.remaining_seconds is None else self.remaining_seconds() > wait + ANSWER_SECONDS:
            self.wait(wait)
            yield
            wait = min(2 * wait, MAX_WAIT_SECONDS)
            made += 1


PATIENCE = Patience()


def get_items(  # noqa: PLR0913  what is read, and how
    client: Any,
    table: str,
    keys: Sequence[Mapping[str, Any]],
    projection: Sequence[str] = (),
    patience: Patience = PATIENCE,
    *,
    consistent: bool = True,
) -> list[dict[str, Any]]:
    """The items that exist under these keys, which must differ, in no order, calls in parallel.

    Strongly consistent, unless half the price is worth more: then what was written last may be missing or be as before.
    Raises `Throttled` when DynamoDB leaves keys unprocessed for too long.
    """
    calls = [keys[start : start + KEYS_A_CALL] for start in range(0, len(keys), KEYS_A_CALL)]

    def call(some: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return _get_some(client, table, some, projection, patience, consistent=consistent)

    answers = map(call, calls) if len(calls) < 2 else workers().map(call, calls)
    return [item for answer in answers for item in answer]


def _get_some(  # noqa: PLR0913  what is read, and how
    client: Any,
    table: str,
    keys: Sequence[Mapping[str, Any]],
    projection: Sequence[str],
    patience: Patience,
    *,
    consistent: bool,
) -> list[dict[str, Any]]:
    wanted: dict[str, Any] = {"Keys": list(keys), "ConsistentRead": consistent}
    if projection:
        wanted["ProjectionExpression"] = ",".join(f"#{name}" for name in projection)
        wanted["ExpressionAttributeNames"] = {f"#{name}": name for name in projection}
    found: list[dict[str, Any]] = []
    request = {table: wanted}
    for _ in patience.tries(_READ_TRIES):
        try:
            answer = client.batch_get_item(RequestItems=request)
        except ClientError as error:
            if error.response["Error"]["Code"] not in TRANSIENT:
                raise
        except BotoCoreError:
            pass
        else:
            found += answer["Responses"].get(table, [])
            request = answer.get("UnprocessedKeys") or {}
            if not request:
                return found
    raise Throttled


@cache
def workers() -> ThreadPoolExecutor:
    """Threads for parallel calls: four calls in parallel take a third of the time of four in sequence."""
    return ThreadPoolExecutor(CALLS_AT_ONCE, "store")


def insert_all(client: Any, table: str, items: Sequence[Mapping[str, Any]], patience: Patience = PATIENCE) -> None:
    """Makes sure that there are rows under these keys. One that is there already stays as it is. Raises `Throttled`."""
    left = [insert_statement(table, item) for item in items]
    for _ in patience.tries(_INSERT_TRIES):
        calls = [list(some) for some in batched(left, STATEMENTS_A_CALL)]
        call = partial(insert, client)
        answers = map(call, calls) if len(calls) < 2 else workers().map(call, calls)
        outcomes = [outcome for answer in answers for outcome in answer]
        left = [each for each, outcome in zip(left, outcomes, strict=True) if outcome is Append.THROTTLED]
        if not left:
            return
    raise Throttled


def insert_statement(table: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """INSERT of an item whose attributes are typed."""
    return {"Statement": insert_text(table, tuple(item)), "Parameters": list(item.values())}


@cache
def insert_text(table: str, names: tuple[str, ...]) -> str:
    fields = ", ".join(f"'{name}': ?" for name in names)
    return f'INSERT INTO "{table}" VALUE {{{fields}}}'
