"""Base64 as the C2SP specifications use it: RFC 4648, section 4, with padding. Each bytes have one text only."""

from base64 import b64decode, b64encode


def encoded(data: bytes) -> str:
    return b64encode(data).decode()


def decoded(text: str) -> bytes | None:
    """None for a text that `encoded` does not write, such as one with stray bits in its last character."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        return None
    return data if encoded(data) == text else None
