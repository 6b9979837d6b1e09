"""Measures the cost of Daybook: `python -m benchmarks` prints the table of `docs/benchmarks.md`."""
