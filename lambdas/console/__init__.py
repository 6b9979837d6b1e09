"""The page at `/console`, through which people read the audit log, and the files that it loads."""
