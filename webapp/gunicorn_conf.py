"""gunicorn's settings, each with its reason. Everything a deployment changes comes from the command line."""
import multiprocessing
import os
from pathlib import Path

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

worker_class = "webapp.gthread.Worker"  # gevent is a little faster and loses badly at p99 under load
threads = 16  # scans take two (decision 0012); the others are for staff, and for clients that read slowly
workers = int(os.environ.get("WEB_CONCURRENCY", "0")) or multiprocessing.cpu_count()
reuse_port = True  # workers that share one listening socket fight for it: 2.5 times slower
keepalive = 30  # nginx keeps its connections open; longer than its own, so that it is nginx that closes
timeout = 30  # of a worker that no longer beats its heart, not of a request
graceful_timeout = 20
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # the heartbeat must not wait for a slow disk
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190
control_socket_disable = True  # nobody steers us by a socket in the home folder
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "webapp.logs.PlainRecordAsJson"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False}},
}


class Log(Logger):
    """Without a line a request: nginx has one, ours would keep addresses for no purpose. gunicorn puts the line
    together whenever logging is configured, even if nobody takes it: 25 us a request."""

    def access(self, *_request):
        return


logger_class = Log


def on_starting(server):
    """Linux refuses SO_REUSEPORT on unix sockets, and gunicorn then never listens."""
    if any(isinstance(address, str) for address in server.cfg.address):
        server.cfg.set("reuse_port", False)


def on_reload(server):
    """SIGHUP reads this file again, and with it the default above."""
    on_starting(server)


def post_worker_init(worker):
    """gunicorn looks a setting up by a Python function some forty times a request; as plain attributes they cost a
    sixth of an empty request less."""
    vars(worker.cfg).update({name: setting.get() for name, setting in worker.cfg.settings.items()})
