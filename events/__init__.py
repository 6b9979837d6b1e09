"""What the functions are given: a real invocation event for each trigger, and the five products' demo data."""
