"""Local Daybook: the deployed templates on a laptop, started by `make run`.

`server.py` starts and ends everything. `template.py` synthesises the templates and keeps them. `demo_image.py` keeps the
loaded demo for the next start.

- `aws/`: `cloudformation.py` creates the stacks in moto. `moto_insert.py`, `moto_writes.py`, `moto_queues.py`
  and `moto_streams.py` correct moto, `moto_speed.py` makes it faster, `moto_peek.py` reads its state. `iam.py` checks
  the functions' permissions. `dynamodb_local.py` runs DynamoDB Local in place of moto's DynamoDB, and `persistence.py` keeps
  what survives a restart.
- `functions/`: `instances.py` runs each function in its own processes (`runtime.py`). `event_sources.py` emulates what
  invokes them: `dynamodb_stream.py` reads tables' streams, with `filtering.py`, and `lanes.py` passes the records on;
  `sqs.py` reads queues; `schedule.py` runs the schedules.
- `gateway/`: `gateway.py` emulates API Gateway. `api.py` reads the API, `routing.py` chooses a resource,
  `proxy_event.py` makes events, `authorizer.py` asks the authorizer, and `responses.py` words the gateway's errors.

| AWS | emulated | not emulated |
|---|---|---|
| API Gateway | routes, the Lambda authorizer and its policy, proxy events (format 1.0), size limits, gateway responses, the access log | throttling, caching of the authorizer's answer, TLS |
| Lambda | separate processes with the template's environment, timeouts, the 6 MB limits, up to 4 instances for each function | memory limits, reserved concurrency, freezing between calls, layers and packaging, CloudWatch metrics and logs: output goes to `functions.log` |
| event sources: DynamoDB Streams | filters, batch size, parallelisation factor, order by item, retries, halving, partial failures, maximum age and tries, the on-failure destination | batching windows, several shards at a time |
| EventBridge | rules with a rate, invoked once for each tick | cron expressions, patterns, retries |
| event sources: SQS | batches, maximum concurrency (at most 4), partial failures; moto does visibility timeouts and dead-letter queues | batching windows, batches over 10 messages |
| IAM | every call of a function to DynamoDB, Secrets Manager, SQS, STS and S3 against its role | conditions other than `ForAllValues:StringLike`, resource policies, permissions with DynamoDB Local and for other credentials |
| DynamoDB | moto with corrections, or DynamoDB Local | throttling, and with moto the units that reads consume: it counts a page as one, so `read_units_a_minute` is hardly reached; encryption, point-in-time recovery |
| Kinesis | moto: customers' streams, one call at a time | throttling; every role can be assumed, whatever its trust policy |
| S3, SQS, STS, Secrets Manager | moto | signatures, expiry of S3's links, S3 lifecycle rules, bucket and queue policies |
| KMS, SNS, CloudWatch | | encryption, notifications, alarms, dashboards |
"""  # noqa: E501  table rows can't be wrapped
