"""What wakes the operators, and what it means: a module for each question that they ask.

To add an alarm, add a row to one of the modules and a line to `docs/operations/runbook.md`.
"""
