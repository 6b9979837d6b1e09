"""Delivers a tenant's events to the tenant's own streams. The stream functions share this package.

`destination.py` describes a stream and its state. `records.py` makes records from stored events. `sender.py` puts
them into the stream. `backlog_batch.py` and `backlog.py` keep the events that could not be sent until a later try.
"""
