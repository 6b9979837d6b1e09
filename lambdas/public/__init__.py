"""Routes that need no credential, and the answer for every unknown path and method."""
