"""Keeps a handful of child processes together: started in order, stopped in reverse, a crashed one started again."""
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from webapp.child_process import die_with_parent

WATCHED = {signal.SIGINT, signal.SIGTERM, signal.SIGCHLD}
READY_WITHIN_S = 20.0
LONGEST_PAUSE_S = 10.0
STEADY_AFTER_S = 30.0  # a child that lived this long starts again without a pause


@dataclass(frozen=True)
class Child:
    """One process to keep. `main`: when it ends, everything ends. `ready`: asked until true before the next starts."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] | None = None
    main: bool = False
    ready: Callable[[], bool] | None = None
    grace_s: float = 15.0


@dataclass
class _Running:
    child: Child
    process: subprocess.Popen[bytes]
    since: float = field(default_factory=time.monotonic)
    crashes: int = 0
    again_at: float | None = None


def supervise(children: Sequence[Child], say: Callable[[str], None] = print) -> int:
    """Run `children` until the main one ends or SIGINT/SIGTERM arrives; one line to `say` for each change.

    Returns 0 after a signal, else the exit code of the main child (128 + number if a signal killed it).
    Must run in the main thread: it blocks the three signals and waits for them, so none can fall between two checks.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    running: list[_Running] = []
    try:
        for child in children:
            running.append(_Running(child, _spawn(child, say)))
            if (code := _wait_ready(running, say)) is not None:
                return code
        while (code := _turn(running, say, 1.0)) is None:
            pass
        return code
    finally:
        _stop_all(running, say)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _spawn(child: Child, say: Callable[[str], None]) -> subprocess.Popen[bytes]:
    # A group of its own: Ctrl-C reaches the supervisor alone, which then stops the children in order.
    process = subprocess.Popen(
        list(child.argv), env=dict(child.env) if child.env is not None else None, stdin=subprocess.DEVNULL,
        process_group=0, preexec_fn=die_with_parent(),
    )
    say(f"{child.name}: started (pid {process.pid})")
    return process


def _wait_ready(running: list[_Running], say: Callable[[str], None]) -> int | None:
    """Wait for the newest child; the exit code to leave with if that is over before."""
    child = running[-1].child
    deadline = time.monotonic() + READY_WITHIN_S
    while child.ready is not None and not child.ready():
        if (code := _turn(running, say, 0.02)) is not None:
            return code
        if time.monotonic() > deadline:
            say(f"{child.name}: not ready after {READY_WITHIN_S:.0f} s, going on without it")
            break
    return None


def _turn(running: list[_Running], say: Callable[[str], None], longest_s: float) -> int | None:
    """Mend what broke, then wait at most `longest_s` for a signal; the exit code when it is time to leave."""
    if (code := _mend(running, say)) is not None:
        return code
    waits = [one.again_at - time.monotonic() for one in running if one.again_at is not None]
    received = signal.sigtimedwait(WATCHED, max(0.0, min([longest_s, *waits])))
    return None if received is None or received.si_signo == signal.SIGCHLD else 0


def _mend(running: list[_Running], say: Callable[[str], None]) -> int | None:
    """Start again what crashed and has waited long enough; the exit code of the main child if that one ended."""
    now = time.monotonic()
    for one in running:
        if one.again_at is None and (status := one.process.poll()) is not None:
            how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit code {status}"
            if one.child.main:
                say(f"{one.child.name}: ended ({how})")
                return 128 - status if status < 0 else status
            pause = _pause(one, now)
            one.again_at = now + pause
            say(f"{one.child.name}: ended ({how}), starting again in {pause:.1f} s")
        if one.again_at is not None and now >= one.again_at:
            one.process, one.since, one.again_at = _spawn(one.child, say), now, None
    return None


def _pause(one: _Running, now: float) -> float:
    """Seconds before a crashed child starts again: none after a steady run, doubling while it keeps crashing."""
    one.crashes = 0 if now - one.since > STEADY_AFTER_S else one.crashes + 1
    return min(LONGEST_PAUSE_S, 0.25 * 2 ** one.crashes) if one.crashes else 0.0


def _stop_all(running: list[_Running], say: Callable[[str], None]) -> None:
    """Stop in reverse order. A second Ctrl-C ends all patience."""
    hurry = False
    for one in reversed(running):
        if one.process.poll() is None:
            hurry = _stop(one, hurry)
            say(f"{one.child.name}: stopped")


def _stop(one: _Running, hurry: bool) -> bool:
    one.process.terminate()
    deadline = time.monotonic() + one.child.grace_s
    while one.process.poll() is None and not hurry and (left := deadline - time.monotonic()) > 0:
        received = signal.sigtimedwait(WATCHED, min(0.5, left))
        hurry = received is not None and received.si_signo != signal.SIGCHLD
    if one.process.poll() is None:
        os.killpg(one.process.pid, signal.SIGKILL)  # with all it started: nobody is left to stop those
        one.process.wait()
    return hurry
