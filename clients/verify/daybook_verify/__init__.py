"""Verifies proofs, exports and logs of a Daybook.

It shares no code with Daybook: its version of each rule is written from the specifications. So it depends on the
standard library and `cryptography` alone.
"""
