"""Daybook on a laptop, by the template that is deployed: `make run`.

`house.py` puts it together. `template.py` synthesises and keeps the templates; `cloudformation.py` makes the stacks in
moto, which `moto_insert.py` and `moto_streams.py` correct, `moto_speed.py` speeds up and `permissions.py` guards by the
functions' roles; `dynamodb_local.py` runs AWS's own engine in moto's place, and `lasting.py` what outlives a restart
then. `instances.py` runs the functions, each in processes of its own (`runtime.py`). `mappings.py` plays their event
source mappings: `stream_mapping.py` those of tables' streams by way of `filtering.py`, `queue_mapping.py` those of
queues. `gateway.py` plays API Gateway over the functions: `api.py` reads the API, `routing.py` chooses a resource,
`call.py` makes events, `authorizing.py` asks the authorizer, whose policy `policy.py` reads, and `responses.py` words
what the gateway says by itself.
"""
