"""gunicorn's gthread worker for many short answers: what it does between two requests costs more than an empty answer.

A connection whose next request comes at once stays with its thread, instead of going back to the main thread's poller
and through its queues; jobs reach threads without a future each.
"""
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from select import POLLIN, poll
from threading import Thread
from typing import Any, NamedTuple

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

STAY_MS = 20  # for the next request; nginx has one ready when there is a crowd


class Pool:
    """Threads that take one job after the other; they end with the process."""

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        for number in range(threads):
            Thread(target=self._work, name=f"scan-{number}", daemon=True).start()

    def put(self, job: Callable[[Any], None], of: Any) -> None:
        self._jobs.put((job, of))

    def has_waiting(self) -> bool:
        """Whether somebody waits for a thread."""
        return not self._jobs.empty()

    def shutdown(self, wait: bool) -> None:
        """gunicorn calls it when no connection is left, or when nothing may wait any longer."""

    def _work(self) -> None:
        while True:
            job, of = self._jobs.get()
            job(of)


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
        # Half of the threads may wait on a connection: a new one always finds a thread, however many clients linger.
        self._may_wait = deque([None] * (self.cfg.threads // 2))
        return Pool(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        self.tpool.put(self._serve, conn)

    def _serve(self, conn: Any) -> None:
        stays: Any = False
        try:
            stays = self.handle(conn)
            while stays is True and self._next_is_here(conn):
                stays = self.handle(conn)
        finally:  # whatever happened, the main thread must hear of it: it counts the connections
            self.method_queue.defer(self.finish_request, conn, Finished(stays))

    def _next_is_here(self, conn: Any) -> bool:
        """Whether the connection's next request came within STAY_MS, while nobody else wanted the thread."""
        if not self.alive or self.tpool.has_waiting():
            return False
        try:
            self._may_wait.pop()
        except IndexError:
            return False
        try:
            waiting = poll()
            waiting.register(conn.sock, POLLIN)
            return bool(waiting.poll(STAY_MS))
        finally:
            self._may_wait.append(None)
