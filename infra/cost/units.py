"""What one event, one search or one month uses. Measured on this code unless it says otherwise."""

from math import ceil

SECONDS = 30 * 86_400
"""A month."""
MINUTES = SECONDS // 60

# docs/operations/cost.md, docs/benchmarks.md: `benchmarks.write_units`, `benchmarks.stored_bytes`, `benchmarks.reading`
INDEXES = 3
"""Of an event with a target: by_actor, by_activity, by_target."""
WRITE_UNITS = 1 + INDEXES
STORED_BYTES = 860
"""The contract's own example, whole item. An entry of an index is about as large."""
PAGE_READ_UNITS = 11
"""A page of 50, newest first."""
RECORD_WRITE_UNITS = 3
"""Each recorded read is an event of the log of the log, without a target. Its caller's address: two read units."""
RECORD_READ_UNITS = 2
PAGE_BYTES = 50 * 1_250
"""An answer: 50 events as they are sent, plain."""

# docs/benchmarks.md: `benchmarks.ingest_cpu`, `benchmarks.fan_out`
INGEST_SECONDS_AN_EVENT = 0.000_181
FAN_OUT_SECONDS_AN_EVENT = 0.000_117

# Not measured: how long a function waits for AWS. An assumption, on the high side for calls within a region.
CALL_SECONDS = 0.040
SEARCH_SECONDS = 0.120

# The ledger. The bytes are those of its items, which a test compares; what an item is charged beside them by DynamoDB.
LOG_BATCH = 1_000
"""Entries of one append, at most."""
ENTRY_BYTES = 75
APPEND_BYTES = 500
"""Of an append beside its entries, in a log of some millions: keys, root, edge, nonce."""
POINTER_BYTES = 75
DELTA_BYTES_AN_EVENT = 9
DELTA_BYTES = 160
"""Of a delta beside its events. It goes after 40 days."""
ITEM_BYTES = 100
APPEND_SECONDS = 0.020
"""Of one append: DynamoDB's answers, one after the other. Not measured on AWS."""
FOLD_WRITE_UNITS = 20
"""Of one fold: four rows of counts and `folded`, which a transaction charges twice. 10 for short rows, 45 in a log with
1,000 people. This is for events of one hour. Of a year's hours in any order, each event costs 2.5 to 8 of its own
(docs/decisions/statistics.md)."""
FOLDED_ENTRIES = 1_000
"""A log is folded where it is so many entries ahead, or an hour."""
HOURS = SECONDS // 3_600
SIGNATURES = 2
"""Of a checkpoint: by the log's key and by the key of its time."""
FILE_REQUESTS = 2
"""Of a checkpoint: S3 lists the newest one and takes the new one."""
CHECKPOINT_WRITE_UNITS = 2
SWEEP_DAYS = 2
SWEEP_SHARE = 30
"""The sweep reads the last days each night, and a thirtieth of the rest."""
SWEEP_READ_UNITS = STORED_BYTES / 4_096
"""The reads are consistent. Those of the appends, which events of one time share, are not in it."""
LOG_KEYS = 2


def append_write_units(events: float) -> float:
    """Of one append of so many events to one log: a pointer, the delta, the entries."""
    delta = ceil((DELTA_BYTES + events * DELTA_BYTES_AN_EVENT) / 1_024)
    return 1 + delta + ceil((APPEND_BYTES + events * ENTRY_BYTES) / 1_024)


GB = 1_769 / 1_024
"""Of memory: most functions have one processor's worth."""
LANES = 10
"""Invocations of the fan-out at once, of each shard of the table's stream."""

# Counted on lines of tests: the stage's line and the function's, with 26 bytes that CloudWatch adds to each.
LOG_BYTES_A_CALL = 360 + 420 + 2 * 26
METRIC_LINES = 6 * MINUTES
"""The gauges of the schedule, each minute."""
METRIC_LINE_BYTES = 230 + 26

CANARY_CALLS = 2 * MINUTES // 5
TABLES = 6
ROLES = 21
KEY_REQUESTS = TABLES * ROLES * MINUTES // 5
"""At most: DynamoDB asks KMS again for each table and role after five minutes. Not measured."""
QUEUES = 8
POLLS = QUEUES * 5 * SECONDS // 20
"""Lambda asks each queue with five pollers that wait for 20 seconds. By Lambda's documentation, not measured."""
METRICS = 30
ALARM_METRICS = 119
"""Metrics that alarms watch; a test counts them."""
SECRETS = 2
FIREWALL_RULES = 6
