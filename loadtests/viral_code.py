"""One code that everybody looks at: a forwarded page, or a stranger with ten thousand phones."""
import random

from locust import constant, task

from loadtests.bags import Shopper, codes


class ViralCode(Shopper):
    wait_time = constant(0)

    @task(9)
    def open_the_page(self) -> None:
        self.scan(codes()[0], "the viral code")

    @task(1)
    def somebody_elses_bag(self) -> None:
        self.scan(random.choice(codes()))
