"""Somebody guesses codes as fast as he can while shoppers go on scanning: the scans must not feel it."""
import random

from locust import between, constant, task

from loadtests.bags import Shopper, codes, wrong_code


class Guesser(Shopper):
    weight = 3
    wait_time = constant(0)

    @task
    def guess(self) -> None:
        self.scan(wrong_code(), "guess", (404, 429))


class QuietShopper(Shopper):
    weight = 1
    wait_time = between(0.01, 0.1)

    @task
    def scan_a_bag(self) -> None:
        self.scan(random.choice(codes()))
