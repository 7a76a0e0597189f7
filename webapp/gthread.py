"""gunicorn's gthread worker with a short way for scans: what a server does between two requests costs more than a scan.

The main thread reads what has come on connections that are kept open. Scans that came at the same time go to a thread
together (together.py); everything else goes gunicorn's own way, to a thread each, without a future each.
"""
import time
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from gunicorn.util import close_graceful  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

READ_BYTES = 8192
AT_ONCE = 2  # groups of scans answered: one is worked on while the other waits for the disk (decision 0012)
LINGER_S = 0.2  # for a client to read the end of its answer before the connection is gone
GATHER_S = 0.002  # no scan waits longer for the groups before it: they may be held up by a database


class Pool:
    """Threads that take one job after the other; they end with the process."""

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[tuple[Callable[..., None], Any]] = SimpleQueue()
        for number in range(threads):
            Thread(target=self._work, name=f"scan-{number}", daemon=True).start()

    def put(self, job: Callable[..., None], *of: Any) -> None:
        self._jobs.put((job, of))

    def shutdown(self, wait: bool) -> None:
        """gunicorn calls it when no connection is left, or when nothing may wait any longer."""

    def _work(self) -> None:
        while True:
            job, of = self._jobs.get()
            job(*of)


class Finished(NamedTuple):
    """What `finish_request` asks a future for: whether the connection stays open."""

    stays: Any

    def cancelled(self) -> bool:
        return False

    def result(self) -> Any:
        return self.stays


class Worker(ThreadWorker):
    """Named in gunicorn_conf.py."""

    def get_thread_pool(self) -> Pool:
        return Pool(self.cfg.threads)

    def load_wsgi(self) -> None:
        super().load_wsgi()
        from webapp.together import together_of  # not before: the app's code belongs to this process alone
        self._together: Any = None if self.cfg.is_ssl else together_of(self.wsgi)
        self._scans: list[Came] = []
        self._in_hand = 0  # groups being answered
        self._gathering_since = 0.0

    def enqueue_req(self, conn: Any) -> None:
        self.tpool.put(self._serve, conn)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        super().wait_for_and_dispatch_events(GATHER_S if self._scans else timeout)
        if self._scans and (self._in_hand < AT_ONCE or time.monotonic() - self._gathering_since >= GATHER_S):
            self.tpool.put(self._answer, self._scans)
            self.nr += len(self._scans)
            self._in_hand += 1
            self._scans = []

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """On a connection that was kept open there is a request, or its end."""
        if self._together is None or not self.alive:
            super().on_client_socket_readable(conn, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        try:
            data = client.recv(READ_BYTES)
        except OSError:
            data = b""
        scan = self._together.take(data, conn.client if isinstance(conn.client, str) else conn.client[0])
        if scan is not None:
            if not self._scans:
                self._gathering_since = time.monotonic()
            self._scans.append(Came(conn, scan, data))
        else:
            self._by_itself(conn, data)

    def _by_itself(self, conn: Any, data: bytes) -> None:
        if data:
            conn.parser.unreader.unread(data)
            self.enqueue_req(conn)
        else:
            self.finish_request(conn, Finished(False))

    def _serve(self, conn: Any) -> None:
        stays: Any = False
        try:
            stays = self.handle(conn)
        finally:  # whatever happened, the main thread must hear of it: it counts the connections
            self.method_queue.defer(self.finish_request, conn, Finished(stays))

    def finish_request(self, conn: Any, finished: Finished) -> None:
        """gunicorn's own way waits in the main thread, up to two seconds, for a client to close after us."""
        if finished.result():
            super().finish_request(conn, finished)
        else:
            self.tpool.put(self._close, conn)

    def _close(self, conn: Any) -> None:
        try:
            close_graceful(conn.sock, LINGER_S)
        finally:
            self.method_queue.defer(self._closed)

    def _closed(self) -> None:
        self.nr_conns -= 1

    def _answer(self, scans: "list[Came]") -> None:
        """In a thread of the pool."""
        try:
            answers = self._together.answers([one.scan for one in scans])
        except Exception:
            self.log.exception("scans were not answered together: now each by itself")
            self.method_queue.defer(self._failed, scans)
            return
        rests = [_sent(one.conn, answer) for one, answer in zip(scans, answers, strict=True)]
        self.method_queue.defer(self._answered, scans, rests)

    def _failed(self, scans: "list[Came]") -> None:
        self._in_hand -= 1
        for conn, _, data in scans:
            self._by_itself(conn, data)

    def _answered(self, scans: "list[Came]", rests: list[bytes | None]) -> None:
        self._in_hand -= 1
        for one, rest in zip(scans, rests, strict=True):
            if rest:
                self.tpool.put(self._send_rest, one.conn, rest)
            else:
                self.finish_request(one.conn, Finished(rest is not None))

    def _send_rest(self, conn: Any, rest: bytes) -> None:
        """To somebody slow, who holds a thread for it as everywhere else."""
        stays = False
        try:
            conn.sock.setblocking(True)
            conn.sock.sendall(rest)
            stays = True
        except OSError:
            self.log.debug("client left")
        finally:
            self.method_queue.defer(self.finish_request, conn, Finished(stays))


class Came(NamedTuple):
    """A scan, the connection it came on, and the bytes it was."""

    conn: Any
    scan: dict[str, Any]
    data: bytes


def _sent(conn: Any, answer: bytes) -> bytes | None:
    """What of the answer is still to be sent; None where the client is gone."""
    try:
        return answer[conn.sock.send(answer):]
    except BlockingIOError:
        return answer
    except OSError:
        return None
