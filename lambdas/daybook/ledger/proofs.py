"""A proof that anybody can check offline: https://c2sp.org/tlog-proof."""

from collections.abc import Sequence

from daybook.ledger.base64 import encoded


def proof_text(index: int, path: Sequence[bytes], note: str) -> str:
    """The proof that entry `index` is in the tree of the signed checkpoint `note`, which stands in it as it is."""
    lines = ["c2sp.org/tlog-proof@v1", f"index {index}", *map(encoded, path), "", note]
    return "\n".join(lines)
