"""Makes .venv equal to a lock file, once. A stamp in it says for which lock, Python and place it was made."""
import fcntl
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from webapp.launcher.notice import CannotStart, say

LOCK = "requirements.lock"
DEV_LOCK = "requirements-dev.lock"  # holds everything of LOCK too


def python_of(root: str) -> str:
    return os.path.join(root, ".venv", "bin", "python")


def is_ready(root: str, lock: str) -> bool:
    """Whether .venv was completely installed from this very lock, by this Python, in this place. Takes about 1 ms."""
    return _read(_stamp(root, lock)) == _fingerprint(root, lock) and not os.path.exists(_unfinished(root))


def prepare(root: str, lock: str) -> None:
    """Install `lock` into .venv, made or repaired first; a second start waits for the first. Raises CannotStart."""
    with only_one(root):
        if is_ready(root, lock):
            return  # another start did it while this one waited
        try:
            if not _is_sound(root):
                _make(root)
            _install(root, lock)
        except OSError as error:
            raise CannotStart(f"cannot write {error.filename or root}: {error.strerror}; free some space or copy the "
                              "checkout to a folder you may write to") from error


@contextmanager
def only_one(root: str) -> Iterator[None]:
    """Hold the checkout's set-up to one process at a time; the lock ends with its process, however that ends."""
    if not os.access(root, os.W_OK):
        raise CannotStart(f"{root} is read-only and has no complete environment yet (.venv is kept there); "
                          "copy the checkout to a folder you may write to")
    folder = os.open(root, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another start is setting things up here, waiting for it")
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _is_sound(root: str) -> bool:
    """Whether .venv can be installed into as it is: no installation broke off in it, and it was made here."""
    import subprocess

    if os.path.exists(_unfinished(root)):
        say("the last installation was interrupted: making .venv anew")
        return False
    stamps = [stamp for lock in (LOCK, DEV_LOCK) if (stamp := _read(_stamp(root, lock)))]
    if any(stamp.split("\n")[1:] != _place(root) for stamp in stamps):
        say("the Python or the place of .venv has changed: making it anew")
        return False
    try:
        return subprocess.run([python_of(root), "-I", "-c", "import pip"], capture_output=True).returncode == 0
    except OSError:
        return False


def _make(root: str) -> None:
    import subprocess
    from importlib.util import find_spec

    if find_spec("venv") is None or find_spec("ensurepip") is None:
        raise CannotStart("this Python cannot make an environment; as root: apt-get install python3-venv")
    say(f"making .venv with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", os.path.join(root, ".venv")],
                          capture_output=True, text=True)
    if made.returncode:
        raise CannotStart(f"cannot make .venv: {_last_line(made.stdout + made.stderr)}")


def _install(root: str, lock: str) -> None:
    """pip with hashes required, wheels only and nothing to resolve: what is installed is what was locked, no build runs
    and a package released after the lock changes nothing."""
    with open(_unfinished(root), "w"):
        pass
    total = sum(line[:1].isalnum() for line in _read(os.path.join(root, lock)).splitlines())
    say(f"installing {total} packages from {lock} (once; about a minute)")
    code, ending, began = _run_pip(root, lock, total)
    if code:
        if not began:  # no package was touched: what was there before is still whole
            os.remove(_unfinished(root))
        raise CannotStart(f"installing {lock} failed: {ending}; check the network and pip's settings, then start again")
    with open(os.path.join(_site_packages(root), "saltcheck.pth"), "w") as places:
        places.write(root + "\n")  # webapp and cache are importable from any working directory
    with open(_stamp(root, lock), "w") as stamp:
        stamp.write(_fingerprint(root, lock))
    os.remove(_unfinished(root))


def _run_pip(root: str, lock: str, total: int) -> tuple[int, str, bool]:
    """pip's exit code, its last error line, and whether it got as far as changing .venv.

    On a terminal a counter runs meanwhile.
    """
    import subprocess

    pip = subprocess.Popen(
        [python_of(root), "-I", "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary=:all:",
         "--no-input", "--disable-pip-version-check", "--no-warn-script-location", "--progress-bar=off",
         "-r", os.path.join(root, lock)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    assert pip.stdout is not None
    done, ending, began = 0, "pip said nothing", False
    for line in pip.stdout:
        if line.startswith(("Collecting ", "Requirement already satisfied: ", "Ignoring ")):
            done += 1
            if sys.stderr.isatty():
                print(f"\r  {min(done, total)}/{total}", end="", file=sys.stderr, flush=True)
        elif line.startswith("Installing collected packages: "):
            began = True
        elif line.startswith("ERROR: "):
            ending = line.removeprefix("ERROR: ").strip()
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    return pip.wait(), ending, began


def _fingerprint(root: str, lock: str) -> str:
    with open(os.path.join(root, lock), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return "\n".join([digest, *_place(root)])


def _place(root: str) -> list[str]:
    """An environment works only with the Python it was made by and where it was made."""
    return [os.path.realpath(python_of(root)), root]


def _stamp(root: str, lock: str) -> str:
    return os.path.join(root, ".venv", lock + ".installed")


def _unfinished(root: str) -> str:
    return os.path.join(root, ".venv", "unfinished")


def _site_packages(root: str) -> str:
    import glob

    return glob.glob(os.path.join(root, ".venv", "lib", "python3*", "site-packages"))[0]


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
