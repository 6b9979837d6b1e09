"""Delivers a tenant's events to the tenant's own streams. The stream functions share this package.

`destination.py` describes a stream and its state. `records.py` makes records from stored events. `sender.py` puts
them into the stream. `backlog.py` keeps the events that could not be sent, and `drain.py` says how sending them later
changes the stream's state. `slowness.py` says which stream is slow.
"""
