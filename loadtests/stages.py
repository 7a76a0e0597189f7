"""Where the time of one scan goes: µs of processor time of each stage, in one process, without a server around it.

    python -m loadtests.stages CODES [COUNT]     SALTCHECK_* name the installation; baseline.py runs it
"""
import statistics
import sys
import time
from pathlib import Path

from webapp.app import create_app
from webapp.metrics import stand_still
from webapp.settings import load_settings
from webapp.verify.code import read_code
from webapp.views import visitor

PHONE = ("Mozilla/5.0 (Linux; Android 14; V2314A) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 "
         "MicroMessenger/8.0.47 NetType/WIFI Language/zh_CN")


GROUP = 10  # as many as come together under load (webapp/gthread.py)


class Stages:
    """Stands in for the stopwatch of the metrics and looks at the processor's clock instead."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}
        self.since = 0.0

    def __call__(self, stage: str) -> None:
        now = time.thread_time()
        self.spent.setdefault(stage, []).append((now - self.since) * 1e6)
        self.since = time.thread_time()


def environ(code: str, number: int) -> dict[str, str]:
    """A first visit: a phone without cookie on a network of its own."""
    network = number * 7919 % (1 << 22)
    address = f"{80 + (network >> 16)}.{network >> 8 & 255}.{network & 255}.9"
    return {"PATH_INFO": f"/{code}", "REQUEST_METHOD": "GET", "QUERY_STRING": "", "HTTP_HOST": "127.0.0.1",
            "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "wsgi.url_scheme": "http", "REMOTE_ADDR": "127.0.0.1",
            "HTTP_ACCEPT": "text/html", "HTTP_ACCEPT_LANGUAGE": "zh-CN", "HTTP_USER_AGENT": PHONE,
            "HTTP_X_FORWARDED_FOR": address, "RAW_URI": f"/{code}"}


def measure(codes: list[str], count: int) -> Stages:
    """Scans through the lane; stages that end before the first stop are measured beside it."""
    app = create_app(load_settings())
    parts = app.extensions["parts"]
    stages = Stages()

    def watch() -> Stages:
        stages.since = time.thread_time()
        return stages

    parts.metrics.watch = watch
    for number in range(count):
        request = environ(codes[number % len(codes)], number)
        if number == count // 5:  # pages drawn, connections made
            stages.spent.clear()
        stages.since = time.thread_time()
        visitor.read(request, parts)
        stages("visit")
        read_code(request["PATH_INFO"][1:], parts.keys.codes)
        stages("read code")
        started = time.thread_time()
        app.wsgi_app(request, lambda *_: None)
        stages.spent.setdefault("whole answer", []).append((time.thread_time() - started) * 1e6)
    parts.metrics.watch = lambda: stand_still
    for first in range(count, count + count // 5, GROUP):
        group = [environ(codes[number % len(codes)], number) for number in range(first, first + GROUP)]
        started = time.thread_time()
        app.wsgi_app.answers(group)
        each = (time.thread_time() - started) * 1e6 / GROUP
        stages.spent.setdefault(f"the same in a group of {GROUP}", []).append(each)
    return stages


def main() -> None:
    codes = Path(sys.argv[1]).read_text().split()
    stages = measure(codes[::-1], int(sys.argv[2]) if len(sys.argv) > 2 else 20_000)
    print(f"\n{'stage of a scan, in process':30s}{'CPU us, median':>16s}{'90 of 100 below':>18s}")
    for stage, spent in stages.spent.items():
        print(f"{stage:30s}{statistics.median(spent):16.1f}{statistics.quantiles(spent, n=10)[-1]:18.1f}")


if __name__ == "__main__":
    main()
