"""Which worker runs which test.

pytest-xdist 3.8 has `--dist loadgroup` for this, but with pytest 9.2 its groups have no effect.
"""

from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/local/", "tests/browser/")


class OneLocalDaybook(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's classes are untyped
    """One worker runs all tests of local Daybook, so that it is started once, and one runs all tests in a browser. Any
    worker may run any other test.

    Larger scopes are handed out first, so these tests, which take longest, do not come last.
    """

    def _split_scope(self, nodeid: str) -> str:
        return next((folder for folder in TOGETHER if nodeid.startswith(folder)), nodeid)
