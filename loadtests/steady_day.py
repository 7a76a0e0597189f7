"""An ordinary day: many bags, mostly scanned once, some again by the family, a few typed wrong."""
import random

from locust import between, task

from loadtests.bags import Shopper, codes, wrong_code


class SteadyDay(Shopper):
    wait_time = between(0.01, 0.1)

    @task(80)
    def a_bag_at_home(self) -> None:
        self.scan(random.choice(codes()))

    @task(15)
    def the_family_again(self) -> None:
        code = random.choice(codes())
        phone = random.randrange(1 << 22)
        self.scan(code, phone=phone)
        self.scan(code, "reload", phone=phone)

    @task(3)
    def the_product_page(self) -> None:
        self.client.get("/check", name="check")

    @task(2)
    def a_typing_error(self) -> None:
        self.scan(wrong_code(), "wrong code", (404,))
