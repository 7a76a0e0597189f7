"""A setting nobody can read about does not exist."""
from pathlib import Path

import pytest
from pydantic import AliasChoices

from webapp.settings import Settings


def variables() -> list[str]:
    """The names of the environment variables, as an operator types them."""
    names = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        first = alias.choices[0] if isinstance(alias, AliasChoices) else alias
        names.append(str(first or f"{Settings.model_config.get('env_prefix')}{name}").upper())
    return names


@pytest.mark.parametrize("variable", variables())
def test_the_readme_names_it(variable: str, root: Path):
    assert f"`{variable}`" in (root / "README.md").read_text()
