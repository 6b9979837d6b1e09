"""The choice of a content coding by `Accept-Encoding`."""

import pytest

from daybook.http.encodings import best_coding


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),  # browsers name several with equal weights
        ("gzip", "gzip"),
        ("br;q=0.5, gzip", "gzip"),
        ("br;q=1.0, GZIP;q=0.5", "br"),
        ("gzip; q=0.001", "gzip"),
        ("identity, gzip", "gzip"),
        ("*", "br"),
        ("*, br;q=0", "gzip"),
        ("br;q=0.3, *;q=0.4", "gzip"),
        ("", ""),
        ("identity", ""),
        ("br;q=0, gzip; q=0.000", ""),
        ("*;q=0", ""),
        ("xgzip, bro", ""),
        ("gzip;q=often", ""),
        ("gzip;q=2", ""),
    ],
)
def test_the_coding_with_the_highest_weight_is_chosen(accepted: str, chosen: str) -> None:
    """Of equals the first that is offered, and none where the caller takes none of them."""
    assert best_coding(accepted, ("br", "gzip")) == chosen
