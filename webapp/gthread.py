"""gunicorn's gthread worker without a future a request: its locks and conditions cost a tenth of an empty answer."""
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple

from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]


class Pool:
    """Threads that take one job after the other; they end with the process."""

    def __init__(self, threads: int) -> None:
        self._jobs: SimpleQueue[tuple[Callable[[Any], None], Any]] = SimpleQueue()
        for number in range(threads):
            Thread(target=self._work, name=f"scan-{number}", daemon=True).start()

    def put(self, job: Callable[[Any], None], of: Any) -> None:
        self._jobs.put((job, of))

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
        return Pool(self.cfg.threads)

    def enqueue_req(self, conn: Any) -> None:
        self.tpool.put(self._serve, conn)

    def _serve(self, conn: Any) -> None:
        stays: Any = False
        try:
            stays = self.handle(conn)
        finally:  # whatever happened, the main thread must hear of it: it counts the connections
            self.method_queue.defer(self.finish_request, conn, Finished(stays))
