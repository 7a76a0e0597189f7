"""./saltcheck demo"""
import os
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

import webapp
from webapp.commands.stop import REFUSED, SERVICE_AWAY, Stop
from webapp.demo.announce import Demo, announce, demo_of, read_demo, write_demo
from webapp.demo.build import build_world
from webapp.demo.home import Home, HomeRefused, open_home
from webapp.embedded import ValkeyUnavailable, answers, heal_valkey, socket_path, valkey_command, valkey_url
from webapp.settings import load_settings
from webapp.supervisor import Child, supervise

ROOT = Path(webapp.__file__).parent.parent
OWN = ("DATABASE_URL", "REPLICA_URL", "GEOIP_DB", "KEYS_FILE", "SPOOL_DIR")  # the demo keeps these in its folder
ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  compared with, not bound to


def main(
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets a phone in the same network in.")]
    = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
    reset: Annotated[bool, typer.Option("--reset", help="Build the demo world anew.")] = False,
    prepare_only: Annotated[bool, typer.Option("--prepare-only", help="Build it, do not serve.")] = False,
) -> None:
    """Build a demo world (once), print its pages, logins and QR codes, and serve it until Ctrl-C."""
    base_url = f"http://{_reachable(host)}:{port}"
    if not prepare_only:
        _refuse_busy(host, port)
    try:
        with open_home(load_settings().home) as home:
            demo = _prepared(home, base_url, reset)
            announce(demo, home.path, typer.echo)
            code = 0 if prepare_only else _serve(home.path, base_url, host, port)
    except HomeRefused as error:
        raise Stop(REFUSED, str(error)) from None
    except ValkeyUnavailable as error:
        raise Stop(SERVICE_AWAY, str(error)) from None
    raise typer.Exit(code)


def _prepared(home: Home, base_url: str, reset: bool) -> Demo:
    """The demo of the folder: built where it is missing, old, cut off or to be reset; addresses as they are now."""
    if home.ready and not reset:
        try:
            demo = read_demo(home.path)
        except (OSError, msgspec.MsgspecError):
            _say(f"{home.path}/demo.json is damaged: the demo is built again")
        else:
            demo = demo_of(base_url, demo.codes, demo.logins, demo.clients)
            write_demo(home.path, demo)
            return demo
    _refuse_running(home.path)
    _build(home, base_url)
    return read_demo(home.path)


def _build(home: Home, base_url: str) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        build_world(home, base_url, lambda step: _say(f"demo: {step}"))
        return
    with console.status("building the demo world") as status:
        build_world(home, base_url, lambda step: status.update(f"building the demo world: {step}"))


def _serve(home: Path, base_url: str, host: str, port: int) -> int:
    """Valkey, web and worker under one supervisor, until Ctrl-C or until the web ends."""
    heal_valkey(home)
    environment = {name: value for name, value in os.environ.items() if name.removeprefix("SALTCHECK_") not in OWN}
    environment |= {
        "SALTCHECK_HOME": str(home), "SALTCHECK_BASE_URL": base_url, "SALTCHECK_REDIS_URL": valkey_url(home),
        "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1",
    }
    saltcheck = (sys.executable, "-P", "-m", "webapp.cli")
    return supervise([
        Child("valkey", valkey_command(home), environment, ready=lambda: answers(socket_path(home))),
        Child("web", (*saltcheck, "serve", "--bind", f"{_bracketed(host)}:{port}"), environment, main=True,
              ready=_listening(host, port)),
        Child("worker", (*saltcheck, "worker"), environment),
    ], _say)


def _refuse_busy(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with closing(socket.socket(family, kind, protocol)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Stop(REFUSED, f"{host} port {port} cannot be used ({error.strerror}); "
                            "choose another with --port or --host") from None


def _refuse_running(home: Path) -> None:
    """A Valkey that outlived its demo would keep old histories and write them into the new folder."""
    if answers(socket_path(home)):
        raise ValkeyUnavailable(f"a Valkey still runs in {home}; stop it first")


def _listening(host: str, port: int) -> Callable[[], bool]:
    def ready() -> bool:
        try:
            socket.create_connection((_reachable(host), port), timeout=1).close()
        except OSError:
            return False
        return True
    return ready


def _reachable(host: str) -> str:
    """The name other machines reach us by: of all addresses, that of the way out (nothing is sent)."""
    if host not in ANYWHERE:
        return _bracketed(host)
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as way_out:
        try:
            way_out.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(way_out.getsockname()[0])


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(text: str) -> None:
    typer.echo(text, err=True)
