"""What one event, one search or one month uses. Measured on this code unless it says otherwise."""

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
TABLES = 5
ROLES = 16
KEY_REQUESTS = TABLES * ROLES * MINUTES // 5
"""At most: DynamoDB asks KMS again for each table and role after five minutes. Not measured."""
QUEUES = 6
POLLS = QUEUES * 5 * SECONDS // 20
"""Lambda asks each queue with five pollers that wait for 20 seconds. By Lambda's documentation, not measured."""
METRICS = 23
ALARM_METRICS = 105
"""Metrics that alarms watch; a test counts them."""
SECRETS = 2
FIREWALL_RULES = 6
