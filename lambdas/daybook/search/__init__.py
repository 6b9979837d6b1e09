"""Reads the log: chooses the index, merges and filters its rows, sorts and pages the events."""
