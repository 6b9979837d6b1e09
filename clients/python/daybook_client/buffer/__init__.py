"""A bounded file of events that wait for Daybook's answer."""
