"""What Daybook costs, measured: `python -m benchmarks` prints the table of the README."""
