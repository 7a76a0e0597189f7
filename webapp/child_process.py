"""What a child process must be told before it starts, so that it never outlives us by accident, and how it is ended."""
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(by: signal.Signals = signal.SIGTERM) -> Callable[[], None]:
    """A `preexec_fn` for subprocess.Popen: the child gets `by` when we end, even by kill -9.

    Linux only (prctl); elsewhere an orderly stop is the only one. The kernel ties this to the thread that
    starts the child, so start children from the main thread. Signals the parent has blocked are unblocked:
    a blocked SIGTERM would be inherited and make the child deaf.
    """
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None  # looked up before the fork, not after

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(by), 0, 0, 0)
            if os.getppid() != parent:  # it ended between fork and prctl: nobody would ever tell us
                os._exit(1)

    return prepare


def stop_process(process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> None:
    """Ask with `first`, ten seconds, then kill."""
    for number in (first, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(number)
        try:
            process.wait(10)
            return
        except subprocess.TimeoutExpired:
            continue
