"""One file from bytes to answer: sent twice, tried dry, cut in the middle, or made of anything at all."""
import io
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from tests.intake.office import GLN, GTIN, KEYS, NOW, PLANT, RIGHT, STRANGER, Office, box, csv_of, refusals
from webapp.db import Database
from webapp.intake.answer import UploadResult
from webapp.intake.refusals import WORDS, Why
from webapp.intake.upload import KINDS, KeyReused, UnknownKind, accept, find_upload
from webapp.models import Batch, Upload


def test_there_are_nine_kinds() -> None:
    assert list(KINDS) == ["sites", "products", "batches", "quality", "lots_of_codes", "packing", "shipments",
                           "receipts", "line_counts"]


def test_each_kinds_row_is_its_columns_in_order() -> None:
    for name, kind in KINDS.items():
        renamed = {"date": "day"} if name == "line_counts" else {}
        assert kind.Row._fields == ("row", *(renamed.get(c.name, c.name) for c in kind.COLUMNS))


def test_an_unknown_kind_is_named(bare: Office) -> None:
    with pytest.raises(UnknownKind, match="sites, products"):
        bare.hand_in("spoons", {})


def test_good_rows_go_in_and_bad_rows_are_named(office: Office) -> None:
    answer = office.hand_in("batches", {"lot": "L2"}, {"lot": "L3", "quantity": "x", "site_gln": "1"}, {"lot": "L1"})
    assert (answer.status, answer.rows, answer.accepted, answer.rejected, answer.duplicates) == (
        "partially_accepted", 3, 1, 1, 1)
    assert refusals(answer) == [(3, "site_gln", "gln"), (3, "quantity", "number")]
    assert {lot["lot"] for lot in office.all(Batch) if lot["gtin"] == GTIN} == {"L1", "L2"}


def test_the_same_rows_again_change_nothing(office: Office) -> None:
    rows = [{"lot": f"M{n}"} for n in range(10)]
    office.hand_in("batches", *rows)
    before = office.count(), office.all(Batch)
    answer = office.hand_in("batches", *rows)
    assert (answer.status, answer.accepted, answer.duplicates) == ("accepted", 0, 10)
    assert (office.count(), office.all(Batch)) == before


def test_a_key_twice_in_a_file_is_a_duplicate_or_a_contradiction(office: Office) -> None:
    answer = office.hand_in("batches", {"lot": "L2"}, {"lot": "L2"}, {"lot": "L2", "quantity": "7"}, {"lot": "L2"})
    assert (answer.accepted, answer.duplicates, refusals(answer)) == (1, 2, [(4, "lot", "contradicts_row")])
    assert answer.errors[0].message == "same key as row 2 with other content"
    assert office.one(Batch, lot="L2")["quantity"] == 1000


def test_a_contradiction_is_seen_across_the_pieces_of_a_long_file(
        office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webapp.intake.upload.PIECE", 2)
    lots = [{"lot": "L2"}, {"lot": "L3"}, {"lot": "L2", "quantity": "7"}, {"lot": "L4"}, {"lot": "L3"}]
    answer = office.hand_in("batches", *lots)
    assert (answer.accepted, answer.duplicates, refusals(answer)) == (3, 1, [(4, "lot", "contradicts_row")])
    assert office.one(Batch, lot="L2")["revision"] == 1


def test_the_same_key_and_body_give_the_same_answer_without_work(office: Office) -> None:
    rows = {"lot": "L2"}, {"lot": "L3", "quantity": "x"}
    first = office.hand_in("batches", *rows, idempotency_key="k1")
    office.hand_in("batches", {"lot": "L2", "quantity": "5"})
    assert office.hand_in("batches", *rows, idempotency_key="k1") == first
    assert office.one(Batch, lot="L2")["quantity"] == 5
    chinese = office.hand_in("batches", *rows, idempotency_key="k1", language="zh")
    assert (chinese.id, chinese.errors[0].message) == (first.id, "“x”不是数字")


def test_the_same_key_with_another_body_or_kind_is_refused(office: Office) -> None:
    office.hand_in("batches", {}, idempotency_key="k1")
    with pytest.raises(KeyReused):
        office.hand_in("batches", {"lot": "L2"}, idempotency_key="k1")
    with pytest.raises(KeyReused):
        office.hand_in("quality", csv_of([RIGHT["batches"]]).encode(), idempotency_key="k1")
    assert office.hand_in("products", {"producer_gln": STRANGER}, enterprise=STRANGER, idempotency_key="k1").id


def test_a_dry_run_answers_the_same_and_changes_nothing(office: Office) -> None:
    rows = {"lot": "L2"}, {"lot": "L3", "quantity": "x"}, {}, {"quantity": "4"}
    before = office.count(), office.all(Batch), office.all(Upload)
    dry = office.hand_in("batches", *rows, dry_run=True, idempotency_key="k1")
    assert (office.count(), office.all(Batch), office.all(Upload)) == before
    wet = office.hand_in("batches", *rows, idempotency_key="k1")
    assert dry == wet._replace(id="")


def test_an_answer_can_be_asked_for_again_in_either_language_by_its_enterprise_alone(office: Office) -> None:
    answer = office.hand_in("batches", {"lot": "批"}, actor="client 1")
    assert find_upload(office.db, GLN, answer.id, "en") == answer
    chinese = find_upload(office.db, GLN, answer.id)
    assert chinese is not None
    assert "批号" in chinese.errors[0].message
    assert find_upload(office.db, STRANGER, answer.id) is None


def test_an_enterprise_nobody_registered_may_not_upload(bare: Office) -> None:
    answer = bare.hand_in("batches", {}, trusted=False)
    assert (answer.status, answer.rejected, refusals(answer)) == ("rejected", 1, [(0, "", "unknown_enterprise")])


@pytest.mark.parametrize("table", ["batch", "change", "upload"])
def test_nothing_is_half_written_when_the_database_goes_away_in_the_middle(office: Office, table: str) -> None:
    """The correction of L1 and the new lots are one transaction with the record of the upload."""
    before = office.count(), office.all(Batch), office.all(Upload)

    def cut(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith((f"INSERT INTO {table} ", f'INSERT INTO "{table}" ')):
            raise OperationalError(statement, {}, Exception("cable cut"))

    event.listen(office.db.write, "before_cursor_execute", cut)
    with pytest.raises(OperationalError):
        office.hand_in("batches", {"quantity": "5"}, {"lot": "L2"})
    event.remove(office.db.write, "before_cursor_execute", cut)
    assert (office.count(), office.all(Batch), office.all(Upload)) == before
    assert office.hand_in("batches", {"quantity": "5"}, {"lot": "L2"}).accepted == 2


def test_two_uploads_of_the_same_rows_at_once_go_in_once(office: Office) -> None:
    rows = [{"lot": f"M{n}"} for n in range(300)]
    answers: list[UploadResult] = []
    threads = [threading.Thread(target=lambda: answers.append(office.hand_in("batches", *rows))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((one.accepted, one.duplicates) for one in answers) == [(0, 300), (0, 300), (300, 0)]


def test_a_bag_cannot_get_into_two_boxes_by_two_uploads_at_once(issuing_office: Office) -> None:
    """No constraint of the database says so: the uploads of an enterprise take turns."""
    answers: dict[str, UploadResult] = {}
    about_to_write, go_on = threading.Event(), threading.Event()

    def pause(_connection, _cursor, statement, *_rest) -> None:
        if statement.startswith("INSERT INTO packing ") and not about_to_write.is_set():
            about_to_write.set()
            go_on.wait(10)

    def pack(name: str) -> threading.Thread:
        row = box(name, 5)
        thread = threading.Thread(target=lambda: answers.update({name: issuing_office.hand_in("packing", row)}))
        thread.start()
        return thread

    event.listen(issuing_office.db.write, "before_cursor_execute", pause)
    first = pack("BX1")
    assert about_to_write.wait(10)
    second = pack("BX2")
    second.join(1)  # it would be done by now if nothing held it up
    go_on.set()
    first.join()
    second.join()
    assert answers["BX1"].accepted == 1
    assert refusals(answers["BX2"]) == [(2, "child_first", "two_parents")]


def test_two_enterprises_that_name_the_same_new_site_at_once_both_get_an_answer(office: Office) -> None:
    answers: list[UploadResult] = []
    rows = [{"gln": PLANT}, *({"gln": _gln(n)} for n in range(200))]
    threads = [threading.Thread(target=lambda who=who: answers.append(office.hand_in("sites", *rows, enterprise=who)))
               for who in (GLN, STRANGER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status for one in answers) == ["accepted", "rejected"]


def _gln(number: int) -> str:
    body = f"69077777{number:04d}"
    return body + str(-sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(body))) % 10)


def test_every_refusal_has_words_in_both_languages_that_fit_its_values() -> None:
    for why in Why:
        zh, en = WORDS[why]
        assert zh != en
        assert sorted(_names(zh)) == sorted(_names(en))


def _names(sentence: str) -> list[str]:
    return [part.partition("}")[0].partition("!")[0] for part in sentence.split("{")[1:]]


TEXT = st.text(max_size=30)
CELL = st.one_of(TEXT, st.sampled_from([value for row in RIGHT.values() for value in row.values()]),
                 st.dates().map(str), st.datetimes(timezones=st.timezones()).map(str), st.floats().map(str))


@st.composite
def tables(draw: st.DrawFn) -> tuple[str, bytes]:
    """A file with a kind's own columns and any cells."""
    kind = draw(st.sampled_from(list(KINDS)))
    names = [column.name for column in KINDS[kind].COLUMNS]
    right = RIGHT.get(kind, {})
    rows = draw(st.lists(st.fixed_dictionaries(
        {name: st.one_of(st.just(right[name]), CELL) if name in right else CELL for name in names}), max_size=4))
    return kind, csv_of(rows or [{}]).encode(draw(st.sampled_from(["utf-8", "gb18030"])), "surrogatepass")


@given(st.one_of(tables(), st.tuples(st.sampled_from(list(KINDS)), st.one_of(
    st.binary(max_size=300), st.binary(max_size=300).map(lambda body: b"PK\x03\x04" + body[:40]),
    st.text(max_size=300).map(lambda text: ("[" + text).encode(errors="surrogatepass"))))))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_get_an_answer_that_adds_up(quick_office: Office, file: tuple[str, bytes]) -> None:
    kind, body = file
    answer = accept(quick_office.db, kind, io.BytesIO(body), "f", GLN, keys=KEYS, actor="t", now=NOW, dry_run=True)
    assert answer.rows == answer.accepted + answer.rejected + answer.duplicates
    assert (answer.status == "accepted") == (not answer.rejected and not answer.errors)
    assert all(error.message and error.row <= answer.rows + 302 for error in answer.errors)


def test_a_valkey_that_is_away_fails_no_upload(sqlite_database: Database) -> None:
    assert Office(sqlite_database).hand_in("sites", {}).accepted == 1  # nothing listens at the socket under this home


