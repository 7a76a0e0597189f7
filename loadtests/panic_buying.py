"""Panic buying (2011, 2023): the load of a day, ten times as much for a minute, then back."""
from typing import ClassVar

from locust import LoadTestShape

from loadtests.bags import setting
from loadtests.steady_day import SteadyDay

__all__ = ["PanicBuying", "SteadyDay"]


class PanicBuying(LoadTestShape):
    """20 s as usual, 60 s ten times as many people, 20 s as usual."""

    usual = int(setting("USERS", 10))
    stages: ClassVar = ((20, usual), (80, usual * 10), (100, usual))

    def tick(self) -> tuple[int, float] | None:
        passed = self.get_run_time()
        return next(((users, 100.0) for until, users in self.stages if passed < until), None)
