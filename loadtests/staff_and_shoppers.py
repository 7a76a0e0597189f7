"""Brand and investigators at their pages while people scan: neither may starve the other."""
import json
import random
import re

from locust import between, task

from loadtests.bags import Shopper, codes
from webapp.settings import load_settings

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


class BusyShopper(Shopper):
    weight = 8
    wait_time = between(0.01, 0.1)

    @task
    def scan_a_bag(self) -> None:
        self.scan(random.choice(codes()))


class Investigator(Shopper):
    """Signs in with the demo's own login and looks at map and cases."""

    weight = 1
    wait_time = between(0.5, 2)
    session = ""

    def on_start(self) -> None:
        demo = json.loads((load_settings().home / "demo.json").read_text())
        page = self.client.get("/login", name="login")
        login = demo["logins"]["admin"]
        token = TOKEN.search(page.text or "")
        answer = self.client.post("/login", name="login", allow_redirects=False, headers={
            "Origin": self.host, "Cookie": cookies(page)},
            data={"email": login["email"], "password": login["password"], "csrf_token": token[1] if token else ""})
        self.session = cookies(answer)

    @task(2)
    def the_map(self) -> None:
        self.client.get("/brand/map", name="map", headers={"Cookie": self.session})

    @task(3)
    def the_queue(self) -> None:
        self.client.get("/cases", name="cases", headers={"Cookie": self.session})


def cookies(answer) -> str:
    """The cookies an answer set; they are Secure, so a client on plain http must carry them by hand."""
    return "; ".join(one.split(";")[0] for one in answer.headers.getlist("Set-Cookie"))
