"""The numbers: all typed, all used, all commented sections; a file may override some and misspell none."""
from pathlib import Path

import pytest

from webapp.detect.rules import DEFAULTS, BadRules, load_rules

DETECT = DEFAULTS.parent


def test_every_number_is_used_somewhere() -> None:
    source = "".join(path.read_text("utf-8") for path in DETECT.glob("*.py") if path.name != "rules.py")
    rules = load_rules()
    unused = [f"{section}.{name}" for section in rules.__struct_fields__
              for name in getattr(rules, section).__struct_fields__ if f".{name}" not in source]
    assert unused == []


def test_an_override_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    given = tmp_path / "rules.toml"
    given.write_text("[away]\nsources = 7\n")
    assert load_rules(given).away.sources == 7
    assert load_rules(given).ledger == load_rules().ledger


@pytest.mark.parametrize("text", ["[away]\nsourcs = 7\n", "[nothing]\nx = 1\n", "away = 3\n", "[away]\nsources = []\n"])
def test_a_misspelt_override_is_refused(tmp_path: Path, text: str) -> None:
    given = tmp_path / "rules.toml"
    given.write_text(text)
    with pytest.raises(BadRules, match="rules.toml"):
        load_rules(given)
