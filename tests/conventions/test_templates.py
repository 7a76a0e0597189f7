"""Every template compiles, and everything it extends, includes or imports is there."""
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import meta

from webapp.app import create_app
from webapp.settings import load_settings

FOLDER = Path(__file__).parent.parent.parent / "templates"
TEMPLATES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def app(tmp_path_factory) -> Flask:
    return create_app(load_settings(home=tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles_and_finds_its_parts(app: Flask, name: str):
    app.jinja_env.get_template(name)
    tree = app.jinja_env.parse((FOLDER / name).read_text())
    parts = {part for part in meta.find_referenced_templates(tree) if part is not None}
    assert parts <= set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_never_switches_escaping_off(name: str):
    text = (FOLDER / name).read_text()
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text
