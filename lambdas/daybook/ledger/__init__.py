"""The transparency log of a tenant: its tree, its notes and proofs, and what follows from its order."""
