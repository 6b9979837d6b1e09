"""Who calls, and which routes that opens."""
