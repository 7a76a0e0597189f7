"""Whatever is thrown at us gets a clear 4xx and one line of JSON in the log."""
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers import wait_for
from tests.views.public.conftest import Shop
from webapp.settings import load_settings
from webapp.views.bad_requests import Hosts

HOST = b"Host: 127.0.0.1\r\n"


class Server(NamedTuple):
    address: str
    log: Path

    def send(self, data: bytes) -> bytes:
        """The first bytes of the answer to raw bytes."""
        with closing(socket.socket(socket.AF_UNIX)) as client:
            client.settimeout(5)
            client.connect(self.address)
            with suppress(BrokenPipeError):  # it said no before we were done
                client.sendall(data)
            return client.recv(200)

    def lines(self) -> list[str]:
        return self.log.read_text().splitlines()


@pytest.fixture(scope="module")
def server(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("g")
    address, log = str(home / "s"), home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "-c", str(root / "webapp/gunicorn_conf.py"), "--bind", f"unix:{address}",
             "webapp.wsgi:app"], stderr=out, stdout=out, cwd=root,
            env={"SALTCHECK_HOME": str(home), "WEB_CONCURRENCY": "1", "PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"})
        try:
            wait_for(lambda: "Booting worker" in log.read_text() and Path(address).exists(), "gunicorn", 20)
            made = Server(address, log)
            wait_for(lambda: b"200" in made.send(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"), "the first answer")
            yield made
        finally:
            process.terminate()
            process.wait()


@pytest.mark.parametrize(("request_bytes", "status"), [
    (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /%ff%fe HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /a%00b HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /%1b%5b31m HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /%e2%80%aeabc HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", b"400"),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", b"414"),
    (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400"),
    (b"GET / HTTP/1.1\r\n\r\n", b"400"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", b"431"),
    (b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 200 + b"\r\n", b"431"),
    (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", b"400"),
    (b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n", b"405"),
    (b"GET /nothing/here HTTP/1.1\r\n" + HOST + b"\r\n", b"404"),
], ids=["raw bytes", "not utf-8", "nul", "escape", "bidi", "long path", "longer line", "foreign host", "no host",
        "1 MB header", "200 headers", "tls", "method", "nothing there"])
def test_a_clear_no_and_one_json_line(server: Server, request_bytes: bytes, status: bytes) -> None:
    before = len(server.lines())
    assert server.send(request_bytes).split()[1] == status
    wait_for(lambda: len(server.lines()) > before, "the log line", 5)
    new = server.lines()[before:]
    assert len(new) == 1
    assert len(new[0]) < 4000
    assert "Traceback" not in new[0]
    assert json.loads(new[0])["event"]


def test_the_refusal_speaks_the_readers_language_and_format(shop: Shop) -> None:
    page = shop.phone().get("/no/such/page")
    assert (page.status_code, "没有这个页面" in page.text) == (404, True)
    assert "There is no such page" in shop.phone(accept_language="en").get("/no/such/page").text
    told = shop.phone().get("/no/such/page", headers={"Accept": "application/json"})
    assert told.content_type == "application/problem+json"
    assert told.json["status"] == 404


def test_a_defect_of_ours_is_one_line_in_the_log_and_a_page(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(gtin: str) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(shop.parts.lookup, "product", broken)
    answer = shop.phone().get("/p/1")
    assert answer.status_code == 500
    assert "我们这边出了问题" in answer.text
    assert "defect" not in answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "[::1]:80"])
def test_a_demo_answers_to_its_own_machine(shop: Shop, host: str) -> None:
    assert shop.phone().get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "saltcheck.example.evil", "evil@saltcheck.example", ""])
def test_production_answers_to_its_own_name_only(
    tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SALTCHECK_BASE_URL", "https://Saltcheck.example")
    hosts = Hosts(load_settings(home=tmp_path))
    assert hosts.knows("saltcheck.example")
    assert hosts.knows("SALTCHECK.example:443")
    assert not hosts.knows(host)
