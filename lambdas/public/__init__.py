"""What needs no credential, and every path and method that there is not."""
