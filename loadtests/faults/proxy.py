"""A TCP proxy that misbehaves on request: put it before Valkey, the primary or a replica.

In a test:   with FaultProxy("127.0.0.1", 6379) as proxy: ...; proxy.fault = Fault("hang"); ...; proxy.fault = PASS
By hand:     python -m loadtests.faults.proxy 127.0.0.1:6379 --listen 6380
             then type a fault a line: pass | refuse | hang | slow 200 | reset 1000 | cut 1000
An upstream path that starts with / is a unix socket.
"""
import argparse
import asyncio
import contextlib
import socket
import struct
import sys
import threading
from typing import NamedTuple

KINDS = ("pass", "refuse", "hang", "slow", "reset", "cut")


class Fault(NamedTuple):
    """What happens to connections. `amount`: ms of delay each way (slow), bytes of an answer (reset, cut).

    refuse: closed at once. hang: accepted, nothing ever moves. slow: every chunk is late. reset: RST in mid-answer.
    cut: the answer ends early and the connection closes in good order.
    """

    kind: str = "pass"
    amount: int = 0


PASS = Fault()


class FaultProxy:
    """Listens on a loopback port (`port`) in a thread of its own. Set `fault` at any time; a change to refuse, reset or
    cut also ends the connections that are open."""

    def __init__(self, host: str, port: int = 0, listen: int = 0) -> None:
        self._upstream = (host, port)
        self._fault = PASS
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Event()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._listener = socket.create_server(("127.0.0.1", listen))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._run, name=f"fault-proxy-{self.port}", daemon=True)

    def __enter__(self) -> "FaultProxy":
        self._thread.start()
        self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def fault(self) -> Fault:
        return self._fault

    @fault.setter
    def fault(self, fault: Fault) -> None:
        if fault.kind not in KINDS:
            raise ValueError(f"there is no fault {fault.kind!r}; known: {', '.join(KINDS)}")
        done = threading.Event()
        self._loop.call_soon_threadsafe(self._set, fault, done)
        done.wait(5)

    def _set(self, fault: Fault, done: threading.Event) -> None:
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        if fault.kind in ("refuse", "reset", "cut"):
            for writer in list(self._writers):
                abort(writer) if fault.kind == "reset" else writer.close()
        done.set()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        for writer in list(self._writers):
            writer.transport.abort()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))  # transports close in the turn after
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        up: asyncio.StreamWriter | None = None
        try:
            if self._fault.kind == "refuse":
                return
            while self._fault.kind == "hang":
                await self._changed.wait()
            host, port = self._upstream
            opened = asyncio.open_unix_connection(host) if host.startswith("/") else asyncio.open_connection(host, port)
            up_reader, up = await opened
            self._writers.add(up)
            await asyncio.gather(self._pump(reader, up, answer=False), self._pump(up_reader, writer, answer=True))
        except (OSError, asyncio.CancelledError):
            pass  # either side went away, or the proxy ends: all are closed below, which is all a client would see
        finally:
            for one in filter(None, (writer, up)):
                self._writers.discard(one)
                with contextlib.suppress(OSError):
                    one.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bool) -> None:
        passed = 0
        while data := await reader.read(65536):
            while self._fault.kind == "hang":
                await self._changed.wait()
            fault = self._fault
            if fault.kind == "slow":
                await asyncio.sleep(fault.amount / 1000)
            if answer and fault.kind in ("reset", "cut") and passed + len(data) >= fault.amount:
                writer.write(data[: max(0, fault.amount - passed)])
                await writer.drain()
                abort(writer) if fault.kind == "reset" else writer.close()
                return
            writer.write(data)
            await writer.drain()
            passed += len(data)
        writer.close()


def abort(writer: asyncio.StreamWriter) -> None:
    """End with RST instead of FIN."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("upstream", help="HOST:PORT or /path/to/socket")
    parser.add_argument("--listen", type=int, default=0)
    given = parser.parse_args()
    host, _, port = given.upstream.rpartition(":") if not given.upstream.startswith("/") else (given.upstream, "", "0")
    with FaultProxy(host, int(port), given.listen) as proxy:
        print(f"127.0.0.1:{proxy.port} -> {given.upstream}; one fault a line: {' | '.join(KINDS)}", flush=True)
        for line in sys.stdin:
            kind, *amount = line.split() or [""]
            try:
                proxy.fault = Fault(kind, int(amount[0]) if amount else 0)
            except ValueError as error:
                print(error, flush=True)


if __name__ == "__main__":
    main()
