import pytest

from tests.commands.conftest import Run
from tests.intake.office import GTIN, STRANGER, Office
from webapp.intake.recall import RecallRefused, close_recall, open_recall
from webapp.models import Batch, Recall
from webapp.verify.lookup import Lookup

OPEN = ("recall", "open", "--gtin", GTIN, "--level", 1, "--reason", "受潮 / damp")


def test_a_recall_is_opened_listed_and_closed(office: Office, run: Run) -> None:
    revision = office.one(Batch, gtin=GTIN)["revision"]
    ended = run(*OPEN, "--lot", "L1", "--known-at", "2026-01-01T00:00:00Z")
    recall_id = ended.out.strip()
    assert ended.code == 0
    recall = office.one(Recall, public_id=recall_id)
    assert (recall["lot"], recall["level"], recall["reason"]) == ("L1", 1, "受潮 / damp")
    assert recall["known_at"].isoformat() == "2026-01-01T00:00:00+00:00"
    assert office.one(Batch, gtin=GTIN)["revision"] == revision + 1
    facts = Lookup(office.db).lot(GTIN, "L1")
    assert facts is not None
    assert facts.recall is not None
    assert run("recall", "list").out.startswith(f"{recall_id}\t1\t{GTIN}\tL1\t")
    assert run("recall", "close", recall_id).out.strip() == recall_id
    assert run("recall", "list").out == ""
    assert recall_id in run("recall", "list", "--all").out
    assert [(key, sorted(after)) for key, _, after in office.history("recall")] == [
        (recall_id, ["gtin", "level", "lot", "opened_at", "reason"]), (recall_id, ["closed_at"])]


def test_a_whole_product_is_called_back_and_all_its_lots_pages_are_stale(office: Office, run: Run) -> None:
    office.hand_in("batches", {"lot": "L2"})
    assert run(*OPEN).code == 0
    assert {lot["revision"] for lot in office.all(Batch) if lot["gtin"] == GTIN} == {2}


@pytest.mark.parametrize(("words", "code", "said"), [
    (("--gtin", "06901234500012"), 2, "--gtin: GTIN"),
    (("--gtin", "06901234500028"), 4, "not registered"),
    (("--lot", "L9"), 4, "lot 'L9' of product"), (("--level", "4"), 2, ""), (("--reason", " "), 4, "1 to 500"),
    (("--reason", "x" * 501), 4, "1 to 500"), (("--known-at", "soon"), 2, "not a time"),
    (("--known-at", "2199-01-01"), 4, "future"),
])
def test_a_mistake_is_one_line(office: Office, run: Run, words: tuple, code: int, said: str) -> None:
    ended = run(*OPEN, *words)
    assert ended.code == code
    assert said in ended.err
    assert office.all(Recall) == []


def test_nothing_is_opened_or_closed_twice(office: Office, run: Run) -> None:
    recall_id = run(*OPEN).out.strip()
    assert (run(*OPEN).code, run(*OPEN, "--lot", "L1").code) == (4, 0)
    assert run("recall", "close", recall_id).code == 0
    assert "closed already" in run("recall", "close", recall_id).err
    assert "no recall 'R1'" in run("recall", "close", "R1").err


def test_an_enterprise_calls_back_only_its_own(office: Office) -> None:
    with pytest.raises(RecallRefused, match="not registered"):
        open_recall(office.db, GTIN, None, 1, "x", "client", enterprise_gln=STRANGER)
    done = open_recall(office.db, GTIN, None, 1, "x", "client", enterprise_gln="6901234500004")
    assert done.announced is False  # no Valkey in this home
    with pytest.raises(RecallRefused):
        close_recall(office.db, done.public_id, "client", enterprise_gln=STRANGER)
