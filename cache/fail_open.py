"""The one place where the cache may fail: a call that cannot be answered gives a harmless value instead, and counts.

Only speed and limits fail open. What a page says about a code never does: see `cache/history.py`, which says that the
history is unavailable. Tokens and permissions do not use the cache at all.
"""
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from cache.connection import CacheAway

P = ParamSpec("P")
R = TypeVar("R")

failed_open: Counter[str] = Counter()  # by function, since the start of the process; read by the metrics


def fail_open(returns: Any) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Where the cache is away (`CacheAway`), the decorated function returns `returns`."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        name = f"{function.__module__}.{function.__qualname__}"

        @wraps(function)
        def attempt(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return function(*args, **kwargs)
            except CacheAway:
                failed_open[name] += 1
                return returns

        return attempt

    return decorate
