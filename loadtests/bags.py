"""Bags and phones for locust: codes of a running installation's own registry, visitors that behave like shoppers."""
import os
import random
from functools import cache

from locust import FastHttpUser
from sqlalchemy import func, select

from webapp.codes.vectorised import make_codes
from webapp.db import Database
from webapp.keys import load_keys
from webapp.models import CodeBlock
from webapp.settings import load_settings
from webapp.verify.code import ALPHABET, NUMBER_BITS, NUMBERS

PHONES = (
    "Mozilla/5.0 (Linux; Android 13; V2241A) AppleWebKit/537.36 Chrome/116.0 Mobile MicroMessenger/8.0.47",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.48",
    "Mozilla/5.0 (Linux; Android 12; HarmonyOS; NOH-AN00) AppleWebKit/537.36 Chrome/99.0 Mobile Safari/537.36",
)


@cache
def codes(count: int = 20_000) -> list[str]:
    """Codes of the home that SALTCHECK_HOME names, evenly over its largest blocks."""
    settings = load_settings()
    keys = load_keys(settings.keys).codes
    size = CodeBlock.last_serial - CodeBlock.first_serial
    blocks = Database(settings).ask(lambda connection: connection.execute(
        select(CodeBlock.first_serial, CodeBlock.last_serial, func.count().over())
        .where(CodeBlock.status == "issued").order_by(size.desc()).limit(40)).all())
    found: list[str] = []
    for first, last, held in blocks:
        each = min(count // min(held, 40) + 1, last - first + 1)
        letters = make_codes(first >> NUMBER_BITS, first & NUMBERS - 1, each, keys)
        found += (bytes(row).decode() for row in letters)
    random.Random(1).shuffle(found)
    return found


def wrong_code() -> str:
    return "1" + "".join(random.choices(ALPHABET, k=19))


class Shopper(FastHttpUser):
    """Base of all visitors: answers other than the expected ones count as failures."""

    abstract = True

    def scan(self, code: str, name: str = "scan", expected: tuple[int, ...] = (200,), phone: int | None = None) -> None:
        """One phone opens one code's page. Behind the trusted proxy of the load test every phone has a network."""
        phone = random.randrange(1 << 22) if phone is None else phone
        address = f"{11 + (phone >> 16)}.{phone >> 8 & 255}.{phone & 255}.{random.randrange(1, 255)}"
        headers = {"User-Agent": f"{random.choice(PHONES)} Phone/{phone}", "X-Forwarded-For": address,
                   "Accept-Language": "zh-CN,zh;q=0.9"}
        self.client.cookiejar.clear()  # each visit is another phone
        with self.client.get(f"/{code}", name=name, headers=headers, catch_response=True) as answer:
            if answer.status_code in expected:
                answer.success()
            else:
                answer.failure(f"status {answer.status_code}")


def setting(name: str, default: float) -> float:
    """A number a scenario may be given from outside."""
    return float(os.environ.get(name, default))
