"""What must happen around a fork: gunicorn, celery and multiprocessing copy a process with its threads left out.

SQLite must not be carried across a fork, not even to be closed. So the parent closes its buffers just before, and each
side opens them anew when it needs them.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet


class Forkable(Protocol):
    """What takes part in a fork. The three run in the forking thread, `before_fork` in no particular order."""

    def before_fork(self) -> None: ...

    def after_fork_in_parent(self) -> None: ...

    def after_fork_in_child(self) -> None: ...


_forkables: WeakSet[Forkable] = WeakSet()
_forking: list[Forkable] = []
_registering = threading.Lock()


def take_part(forkable: Forkable) -> None:
    """Call this one around each fork from now on, as long as something else refers to it."""
    with _registering:
        _forkables.add(forkable)


def _before() -> None:
    _registering.acquire()
    _forking[:] = list(_forkables)
    for forkable in _forking:
        forkable.before_fork()


def _after_in_parent() -> None:
    for forkable in _forking:
        forkable.after_fork_in_parent()
    _forking.clear()
    _registering.release()


def _after_in_child() -> None:
    for forkable in _forking or list(_forkables):  # a server that forks in C may announce the fork to the child alone
        forkable.after_fork_in_child()
    _forking.clear()
    if _registering.locked():
        _registering.release()


if hasattr(os, "register_at_fork"):  # Windows has no fork
    os.register_at_fork(before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child)
