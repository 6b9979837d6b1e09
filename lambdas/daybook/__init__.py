"""What the functions share: the domain, on the standard library and small pure libraries only."""
