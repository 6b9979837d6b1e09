"""Sends an event every five minutes and reads it back, as a customer would."""
