"""The two ways in which a verification ends without success."""


class NotGenuine(Exception):  # noqa: N818  what it says of the material, as the exit code 1 does
    """The material is not what Daybook recorded, or it is not complete."""


class CannotTell(Exception):  # noqa: N818  as above, exit code 2
    """The material can't be judged: it can't be read, or it needs a newer version of this program."""
