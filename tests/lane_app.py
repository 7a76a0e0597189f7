"""An app whose lane does what a test asks for by the code: for tests of the worker under it, which knows no scans."""
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from webapp.scan_lane import LOOKS_LIKE_A_CODE, Environ, ScanLane, Start
from webapp.views.headers import Answer

PLAIN, FAULTY, HELD, LONG = ("PLA1N" * 4, "FA0LT" * 4, "HE1DB" * 4, "10NGB" * 4)
LONG_BODY = b"0123456789abcdef" * (1 << 18)  # 4 MB: more than any socket takes at once
RELEASED = "LANE_RELEASED"  # environment: HELD is answered once this file is there


def rest(environ: Environ, start_response: Start) -> Iterable[bytes]:
    """What is no scan: says which way it came."""
    body = environ["PATH_INFO"].encode()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Way", "rest")])
    return [body]


class Lane(ScanLane):
    """Answers with the code, and says in a header how many were answered together."""

    def __init__(self) -> None:
        self._rest = rest

    def takes(self, environ: Environ) -> bool:
        return LOOKS_LIKE_A_CODE(environ["PATH_INFO"]) is not None

    def answers(self, environs: Sequence[Environ]) -> list[Answer]:
        codes = [one["PATH_INFO"].strip("/") for one in environs]
        if FAULTY in codes:
            raise RuntimeError("as asked")
        if HELD in codes:
            wait_until_released()
        return [Answer("200 OK", [("Together", str(len(codes)))], LONG_BODY if code == LONG else code.encode())
                for code in codes]


def wait_until_released() -> None:
    """Leaves a mark first, so that a test can see that it waits."""
    released = Path(os.environ[RELEASED])
    with released.with_suffix(".held").open("a") as marks:
        marks.write("x")
    while not released.exists():
        time.sleep(0.01)


class App:
    """As Flask has it: the lane in front is an attribute."""

    def __init__(self) -> None:
        self.wsgi_app = Lane()

    def __call__(self, environ: Environ, start_response: Start) -> Iterable[bytes]:
        return self.wsgi_app(environ, start_response)


app = App()
