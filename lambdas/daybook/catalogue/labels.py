"""Labels of categories, and their slugs for use in a URL."""

from collections.abc import Container


def is_category(label: str, wanted: Container[str]) -> bool:
    """Whether a category is among `wanted`, each given as a label or a slug."""
    return label in wanted or slug(label) in wanted


def slug(label: str) -> str:
    """The slug of "User access" is `user-access`."""
    return "-".join("".join(character if character.isalnum() else " " for character in label.lower()).split())
