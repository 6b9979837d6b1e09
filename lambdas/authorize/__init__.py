"""Who calls, and which routes that caller may use."""
