"""Which worker runs which test.

pytest-xdist 3.8 has `--dist loadgroup` for this, but with pytest 9.2 its groups have no effect.
"""

from xdist.scheduler import LoadScopeScheduling

LOCAL = "tests/local/"


class OneLocalDaybook(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist's classes are untyped
    """One worker runs all tests of local Daybook, so that it is started once. Any worker may run any other test.

    Larger scopes are handed out first, so these tests, which take longest, do not come last.
    """

    def _split_scope(self, nodeid: str) -> str:
        return LOCAL if nodeid.startswith(LOCAL) else nodeid
