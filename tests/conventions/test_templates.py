"""Every template compiles, and everything it extends, includes or imports is there."""
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, meta

from webapp.app import create_app
from webapp.settings import load_settings
from webapp.views.public.formats import FILTERS

FOLDER = Path(__file__).parent.parent.parent / "templates"
TEMPLATES = sorted(str(file.relative_to(FOLDER)) for file in FOLDER.rglob("*") if file.is_file())


@pytest.fixture(scope="module")
def environments(tmp_path_factory) -> dict[str, Environment]:
    """The shopper's pages are rendered apart from Flask, with filters of their own."""
    public = Environment(loader=FileSystemLoader(FOLDER), autoescape=True)
    public.filters.update(FILTERS)
    return {"public": public, "staff": create_app(load_settings(home=tmp_path_factory.mktemp("home"))).jinja_env}


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_compiles_and_finds_its_parts(environments: dict[str, Environment], name: str):
    environment = environments["public" if name.startswith("public/") else "staff"]
    environment.get_template(name)
    tree = environment.parse((FOLDER / name).read_text())
    parts = {part for part in meta.find_referenced_templates(tree) if part is not None}
    assert parts <= set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
def test_it_never_switches_escaping_off(name: str):
    text = (FOLDER / name).read_text()
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text
