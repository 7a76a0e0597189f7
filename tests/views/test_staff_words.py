"""The staff pages' words: none missing, none left over, and a value nobody has words for yet is no error."""
import re
import tomllib
from string import Formatter

from tests.factories import BRAND_A, add_case
from tests.people import INVESTIGATOR
from webapp.cases.queue import KINDS
from webapp.cases.work import ClosingReason, Move, State
from webapp.verify.verdict import Verdict
from webapp.views.staff_words import FILE, words

ZH, EN = words("zh"), words("en")
# Sections whose keys are values of the database or of an enum, put together in the templates.
BY_VALUE = {"kind", "state", "severity", "verdict", "source", "closing", "upload_kind", "upload_status", "role",
            "action", "visitor", "said", "level", "error", "nav", "mark"}


def test_every_entry_has_both_languages_and_the_same_holes():
    for section, entries in tomllib.loads(FILE.read_text("utf-8")).items():
        for key, pair in entries.items():
            assert set(pair) == {"zh", "en"}, (section, key)
            holes = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in pair.values()]
            assert holes[0] == holes[1], (section, key)


def test_every_word_a_page_asks_for_is_there_and_no_word_is_left_over(root):
    sources = [path.read_text("utf-8") for path in (root / "templates").rglob("*.html") if path.parent.name != "public"]
    sources += [path.read_text("utf-8") for path in (root / "webapp/views").rglob("*.py")]
    used = {key for text in sources for key in re.findall(r"\bt\(f?[\"']([a-z_]+\.[a-z_0-9]+)[\"']", text)}
    used |= {f"map.{key}" for key in ("scans", "merged")} | {f"login.{key}" for key in ("wrong", "too_many")}
    used |= {f"case.{move}" for move in Move}
    used |= {f"export.{key}" for key in ("level", "adcode", "place", "places", "scans")}
    assert used - set(ZH.sentences) == set()
    assert {key for key in ZH.sentences if key.split(".")[0] not in BY_VALUE} - used == set()


def test_every_value_of_the_closed_lists_has_a_word():
    for section, values in (("kind", KINDS), ("state", State), ("closing", ClosingReason), ("verdict", Verdict),
                            ("action", [*Move, "take", "note", "void"])):
        assert [value for value in values if f"{section}.{value}" not in EN.sentences] == [], section


def test_kind_that_is_newer_than_the_catalogue_is_shown_as_it_is(world):
    public_id = add_case(world.db, BRAND_A, serial=1 << 45 | 4321, kind="brand_new")
    client = world.browser(INVESTIGATOR)
    assert "brand_new" in client.get("/cases").text
    assert "brand_new" in client.get(f"/cases/{public_id}").text
