"""A setting nobody can read about does not exist."""
from pathlib import Path

import pytest

from webapp.settings import PREFIX, Settings


@pytest.mark.parametrize("variable", [PREFIX + name.upper() for name in Settings.__struct_fields__])
def test_the_readme_names_it(variable: str, root: Path):
    assert f"`{variable}`" in (root / "README.md").read_text()
