"""A brute-force model of reading: what was sent, filtered in the plainest way, to hold the planner against."""
