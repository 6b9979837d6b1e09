"""The ledger: a tenant's events in the order of their storing, as a Merkle tree, and what follows from that order."""
