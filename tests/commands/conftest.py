"""Commands run in this process, as ./saltcheck runs them, on a home of their own."""
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.intake.office import Office
from webapp.cli import main
from webapp.db import Database
from webapp.settings import load_settings


class Ended(NamedTuple):
    """How a command ended: exit code, standard output, the one line on standard error."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on `home`, which is bare at first."""
    monkeypatch.setenv("SALTCHECK_HOME", str(home))

    def run_command(*words: object) -> Ended:
        try:
            main([str(word) for word in words])
            code = 0
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        if code and not said.err.startswith("Usage:"):
            assert said.err.startswith("saltcheck: ")
            assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        return Ended(code, said.out, said.err)

    return run_command


@pytest.fixture
def office(run: Run, home: Path) -> Office:
    """The registry of the intake tests, in the home the commands use."""
    assert run("db", "upgrade").code == 0
    return Office(Database(load_settings(home=home))).set_up()
