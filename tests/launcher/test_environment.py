"""./saltcheck from outside: a small checkout with the real launcher, a lock of one small package, no network."""
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import pytest

from tests.servers import wait_for

COMMAND = "import sys, grain; print(grain.SIZE, *sys.argv[1:])"
SECOND_START_WITHIN_S = 1.0


def make_wheel(folder: Path, size: str, name: str = "grain", needs: str = "") -> str:
    """A package with one constant, into `folder`; returns its line for a lock. `needs` are more lines of METADATA."""
    files = {
        f"{name}.py": f"SIZE = {size!r}\n",
        f"{name}-{size}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {size}\n{needs}",
        f"{name}-{size}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    wheel = folder / f"{name}-{size}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        record = f"{name}-{size}.dist-info/RECORD,,\n"
        for path, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
            record += f"{path},sha256={digest},{len(text)}\n"
            archive.writestr(path, text)
        archive.writestr(f"{name}-{size}.dist-info/RECORD", record)
    return f"{name}=={size} \\\n    --hash=sha256:{hashlib.sha256(wheel.read_bytes()).hexdigest()}\n"


class Checkout:
    def __init__(self, folder: Path, root: Path) -> None:
        self.folder, self.wheels = folder, folder.parent / f"{folder.name}-wheels"
        self.wheels.mkdir()
        shutil.copytree(root / "webapp" / "launcher", folder / "webapp" / "launcher",
                        ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy2(root / "saltcheck", folder)
        (folder / "webapp" / "__init__.py").touch()
        (folder / "webapp" / "cli.py").write_text(COMMAND)
        self.lock = folder / "requirements.lock"
        self.lock.write_text(make_wheel(self.wheels, "1.0"))

    def begin(self, *words: str, python: tuple[str, ...] = (), **options) -> subprocess.Popen[str]:
        # No package index at all: the only source is the folder of wheels, and settings of the machine do not count.
        environment = {"PATH": os.environ["PATH"], "PIP_FIND_LINKS": str(self.wheels), "PIP_NO_INDEX": "1",
                       "PIP_CONFIG_FILE": os.devnull, "HOME": str(self.folder.parent), "TMPDIR": "/tmp"}
        return subprocess.Popen([*python, str(self.folder / "saltcheck"), *words], env=environment, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)

    def run(self, *words: str, **options) -> tuple[int, str, str]:
        process = self.begin(*words, **options)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def module(self) -> Path:
        return next((self.folder / ".venv" / "lib").glob("python3*/site-packages/grain.py"))


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Checkout:
    """A checkout after its first start."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"), root)
    code, out, err = checkout.run("db", "upgrade")
    assert (code, out) == (0, "1.0 db upgrade\n"), err
    assert "making .venv" in err
    assert "installing 1 packages from requirements.lock" in err
    return checkout


@pytest.fixture
def fresh(tmp_path: Path, root: Path) -> Checkout:
    """A checkout nobody has started yet."""
    (tmp_path / "checkout").mkdir()
    return Checkout(tmp_path / "checkout", root)


def test_a_second_start_installs_nothing_and_is_fast(ready):
    before = time.monotonic()
    assert ready.run("doctor") == (0, "1.0 doctor\n", "")
    assert time.monotonic() - before < SECOND_START_WITHIN_S


def test_it_runs_from_any_working_directory_past_a_stranger_called_webapp(ready, tmp_path):
    (tmp_path / "webapp").mkdir()
    (tmp_path / "webapp" / "cli.py").write_text("print('stranger')")
    assert ready.run("doctor", cwd=tmp_path)[1] == "1.0 doctor\n"


def test_the_exit_code_is_the_command_s_own(ready):
    (ready.folder / "webapp" / "cli.py").write_text("raise SystemExit(3)")
    assert ready.run("upload")[0] == 3
    (ready.folder / "webapp" / "cli.py").write_text(COMMAND)


def test_a_new_lock_is_installed_over_the_old(ready):
    before = ready.lock.read_text()
    ready.lock.write_text(make_wheel(ready.wheels, "2.0"))
    code, out, err = ready.run("doctor")
    assert (code, out) == (0, "2.0 doctor\n")
    assert "making .venv" not in err
    ready.lock.write_text(before)
    assert ready.run("doctor")[1] == "1.0 doctor\n"


def test_a_release_newer_than_the_lock_changes_nothing(fresh):
    """pip left to resolve takes the newest `grain[fine]` beside the locked `grain`, then refuses it for its hash."""
    grain = "Provides-Extra: fine\n"
    fresh.lock.write_text(make_wheel(fresh.wheels, "1.0", "bag", "Requires-Dist: grain[fine]>=1\n")
                          + make_wheel(fresh.wheels, "1.0", needs=grain))
    make_wheel(fresh.wheels, "1.1", needs=grain)
    code, out, err = fresh.run("doctor")
    assert (code, out) == (0, "1.0 doctor\n"), err


def test_a_package_that_is_not_the_locked_one_is_refused(ready):
    before = ready.lock.read_text()
    ready.lock.write_text(make_wheel(ready.wheels, "3.0").replace("sha256:", "sha256:0")[:-2] + "\n")
    code, out, err = ready.run("doctor")
    ready.lock.write_text(before)
    assert (code, out) == (5, "")
    assert "installing requirements.lock failed" in err.splitlines()[-1]
    assert "Traceback" not in err
    assert ready.run("doctor") == (0, "1.0 doctor\n", "")  # what was there before is still whole


def test_a_lock_without_a_hash_is_refused(ready):
    before = ready.lock.read_text()
    make_wheel(ready.wheels, "4.0")
    ready.lock.write_text("grain==4.0\n")
    code, out, err = ready.run("doctor")
    ready.lock.write_text(before)
    assert (code, out) == (5, "")
    assert "hash" in err.splitlines()[-1].lower()


def test_an_interrupted_installation_is_made_anew(ready):
    (ready.folder / ".venv" / "unfinished").touch()
    ready.module().write_text("half a fi")
    code, out, err = ready.run("doctor")
    assert (code, out) == (0, "1.0 doctor\n")
    assert "was interrupted" in err


def test_a_killed_first_start_heals(fresh):
    process = fresh.begin("doctor", start_new_session=True)
    wait_for((fresh.folder / ".venv" / "bin" / "python").exists, "the beginning of .venv")
    os.killpg(process.pid, 9)
    process.communicate()
    assert fresh.run("doctor")[:2] == (0, "1.0 doctor\n")


def test_two_first_starts_at_once_install_once(fresh):
    both = [fresh.begin("doctor"), fresh.begin("doctor")]
    ends = [one.communicate(timeout=60) for one in both]
    assert [out for out, _ in ends] == ["1.0 doctor\n"] * 2
    assert sorted("installing" in err for _, err in ends) == [False, True]
    assert "waiting for it" in "".join(err for _, err in ends)


def test_a_moved_checkout_makes_its_environment_anew(ready, tmp_path, root):
    moved = Checkout(tmp_path / "elsewhere", root)
    shutil.copytree(ready.folder / ".venv", moved.folder / ".venv", symlinks=True)
    code, out, err = moved.run("doctor")
    assert (code, out) == (0, "1.0 doctor\n")
    assert "the place of .venv has changed" in err


def test_an_old_python_gets_one_sentence(ready):
    pretend = ("import sys; sys.version_info = (3, 9, 2); sys.argv = sys.argv[1:]; "
               "exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'), {'__file__': sys.argv[0]})")
    code, out, err = ready.run("doctor", python=(sys.executable, "-c", pretend))
    assert (code, out) == (5, "")
    assert err.startswith("saltcheck: Saltcheck needs Python >= 3.11: ")
    assert len(err.splitlines()) == 1


def test_a_python_without_ensurepip_names_the_package(fresh):
    without = ("import sys, runpy; sys.modules['ensurepip'] = None; sys.argv = sys.argv[1:]; "
               "runpy.run_path(sys.argv[0], run_name='__main__')")
    code, out, err = fresh.run("doctor", python=(sys.executable, "-c", without))
    assert (code, out) == (5, "")
    assert err == "saltcheck: this Python cannot make an environment; as root: apt-get install python3-venv\n"


def test_a_read_only_checkout_gets_one_sentence(root):
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "checkout"
        folder.mkdir()
        checkout = Checkout(folder, root)
        folder.chmod(0o555)
        # Root may write everywhere: be somebody else then, with a Python that anybody may run.
        somebody = {"user": "nobody", "python": ("/usr/bin/python3",)} if os.geteuid() == 0 else {}
        code, out, err = checkout.run("doctor", **somebody)
        folder.chmod(0o755)
    assert (code, out) == (5, "")
    assert "is read-only" in err
    assert len(err.splitlines()) == 1
