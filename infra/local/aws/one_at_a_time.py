"""Makes methods of moto safe for its threaded server. Many of them read, change and replace a list."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any


def alone(method: Callable[..., Any], lock: AbstractContextManager[Any]) -> Callable[..., Any]:
    """The method, run only by the thread that holds the lock."""

    @wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        with lock:
            return method(*args, **kwargs)

    return call
