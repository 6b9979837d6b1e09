"""Compares reads with a brute-force model, which filters the sent events in the plainest way."""
