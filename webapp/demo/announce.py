"""Tells people and programs what the demo holds: demo.json, and addresses, logins and QR codes in the terminal."""
import io
import os
import shutil
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

import msgspec
import segno

from webapp.codes.qr import make_qr
from webapp.verify.verdict import Verdict

FILE = "demo.json"
SIGNS = {
    Verdict.RECALLED: "召回", Verdict.VOID: "作废", Verdict.SUSPECT: "可疑", Verdict.UNRELEASED: "未出厂",
    Verdict.EXPIRED: "过期", Verdict.CAUTION: "留意", Verdict.AGAIN: "再次查询", Verdict.SHARED_LINK: "转发链接",
    Verdict.FIRST: "首次查询", Verdict.PENDING: "资料待上传", Verdict.UNKNOWN: "非本系统码",
    Verdict.MALFORMED: "不是码",
}


class Login(msgspec.Struct, frozen=True):
    email: str
    password: str


class ApiClient(msgspec.Struct, frozen=True):
    enterprise_gln: str
    client_id: str
    client_secret: str


class Demo(msgspec.Struct, frozen=True):
    """The content of demo.json: what other programs may rely on. `pages` and `codes` by verdict, `logins` by role."""

    base_url: str
    pages: dict[str, str]
    codes: dict[str, str]
    logins: dict[str, Login]
    clients: ApiClient


def demo_of(base_url: str, codes: dict[str, str], logins: dict[str, Login], clients: ApiClient) -> Demo:
    """The same world under a base address; the page of shared_link carries our own share marker."""
    marks = {Verdict.SHARED_LINK: "?s=1"}
    pages = {verdict: f"{base_url}/{code}{marks.get(Verdict(verdict), '')}" for verdict, code in codes.items()}
    return Demo(base_url, pages, codes, logins, clients)


def write_demo(home: Path, demo: Demo) -> None:
    """Write demo.json, readable by its owner only: it holds passwords."""
    part = home / f".{FILE}.part"
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(demo), indent=2) + b"\n")
    os.replace(part, home / FILE)


def read_demo(home: Path) -> Demo:
    """Raises OSError or msgspec.DecodeError when it is missing or damaged."""
    return msgspec.json.decode((home / FILE).read_bytes(), type=Demo)


def announce(demo: Demo, home: Path, say: Callable[[str], object]) -> None:
    """Everything a newcomer needs, QR codes first, so that the addresses stay in sight."""
    symbols = [(f"{verdict} {SIGNS[Verdict(verdict)]}", _symbol(demo.base_url, verdict, demo.codes[verdict]))
               for verdict in demo.pages]
    columns = max(1, shutil.get_terminal_size((100, 24)).columns // (len(symbols[0][1][0]) + 4))
    for start in range(0, len(symbols), columns):
        say(_side_by_side(symbols[start:start + columns]))
    say(f"\nOpen {demo.base_url}  ·  一个结论一页 / one page a verdict:")
    for verdict, url in demo.pages.items():
        say(f"  {verdict:<12}{url}")
    say("\nSign in at " + demo.base_url + "/login:")
    for role, login in demo.logins.items():
        say(f"  {role:<14}{login.email:<28}{login.password}")
    say(f"  {'API client':<14}{demo.clients.client_id:<28}{demo.clients.client_secret}"
        f"  (enterprise {demo.clients.enterprise_gln})")
    say(f"\nAll of this is in {home / FILE}. The world is invented; only places and rules are real.")


def _symbol(base_url: str, verdict: str, code: str) -> list[str]:
    """The lines of a QR code as half blocks; what is printed on bags, but for the forwarded page's marker."""
    qr = segno.make(f"{base_url}/{code}?s=1", error="m") if verdict == Verdict.SHARED_LINK else make_qr(base_url, code)
    text = io.StringIO()
    qr.terminal(out=text, border=2, compact=True)
    return text.getvalue().rstrip("\n").split("\n")


def _side_by_side(symbols: list[tuple[str, list[str]]]) -> str:
    width = max(len(lines[0]) for _, lines in symbols) + 3
    titles = "".join(title + " " * (width - len(title) - sum(c > "⺀" for c in title)) for title, _ in symbols)
    rows = zip_longest(*(lines for _, lines in symbols), fillvalue="")
    return "\n".join([titles, *("".join(line.ljust(width) for line in row).rstrip() for row in rows), ""])
