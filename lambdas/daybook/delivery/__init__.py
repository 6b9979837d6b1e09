"""Publishing a tenant's events in streams of its own: what the functions that do it share.

`destination.py` is where to and in what state, `records.py` makes records of stored events, `sender.py` puts them,
`backlog_batch.py` and `backlog.py` keep what could not be put for later.
"""
