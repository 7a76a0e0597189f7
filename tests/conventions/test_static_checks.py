"""Ruff, mypy, the import ladder and a complete lock are tests like the others: one run, one closing line."""
import subprocess
import sys
from pathlib import Path

import pytest

CHECKS = {
    "ruff": ["-m", "ruff", "check", "."],
    "mypy": ["-m", "mypy"],
    "pip": ["-m", "pip", "check"],  # the locks are complete, for the launcher lets pip resolve nothing
    "import ladder": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
}


@pytest.mark.timeout(300)  # mypy without its cache reads the whole world
@pytest.mark.parametrize("name", CHECKS)
def test_it_finds_nothing(name: str, root: Path):
    done = subprocess.run([sys.executable, *CHECKS[name]], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
