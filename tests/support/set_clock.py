"""A clock that a test sets."""


class SetClock:
    """Milliseconds, as `daybook.clock.Clock` has them. It stands still unless `now` is changed."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now
