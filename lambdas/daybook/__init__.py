"""What the functions share: the domain, on the standard library and small pure libraries only."""

VERSION = "1.0.0"
