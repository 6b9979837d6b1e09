"""Labels of categories, as they are written and as they may stand in a URL."""

from collections.abc import Container


def is_category(label: str, wanted: Container[str]) -> bool:
    """Whether a category is among these, each given as its label or the label's slug."""
    return label in wanted or slug(label) in wanted


def slug(label: str) -> str:
    """The slug of "User access" is `user-access`."""
    return "-".join("".join(character if character.isalnum() else " " for character in label.lower()).split())
