"""codes/inspect.py: what a code is, from the registry alone."""
from sqlalchemy import insert

from tests.codes.conftest import GTIN, LOT, NOW
from webapp.codes.block import finish, reserve, void
from webapp.codes.inspect import inspect_code
from webapp.db import Database
from webapp.models import CodeVoid
from webapp.settings import load_settings
from webapp.verify.code import code_of


def test_a_code_on_a_lot_says_all_that_is_known(db, keys):
    block = reserve(db, GTIN, LOT, 10, version=1)
    finish(db, block)
    text = code_of(block.last_serial, keys)
    assert inspect_code(f"https://yan.cn/01/{GTIN}/10/other/21/{text.lower()}", db, keys) == {
        "code": text, "state": "issued", "version": 1, "number": 10, "serial": block.last_serial, "block": block.id,
        "gtin": GTIN, "product": "海盐", "lot": LOT, "produced_on": "2026-01-05", "claimed_gtin": GTIN,
        "claimed_lot": "other"}


def test_states_of_a_code(db, keys):
    block = reserve(db, GTIN, LOT, 10, version=1)
    first, last = (code_of(serial, keys) for serial in (block.first_serial, block.last_serial))
    issuing = inspect_code(first, db, keys)
    assert (issuing["state"], issuing["lot"]) == ("issuing", LOT)
    finish(db, block)
    with db.transaction() as connection:
        connection.execute(insert(CodeVoid).values(
            first_serial=block.first_serial, last_serial=block.first_serial, reason="torn", voided_at=NOW,
            voided_by="x"))
    torn = inspect_code(first, db, keys)
    assert (torn["state"], torn["void_reason"]) == ("void", "torn")
    assert inspect_code(last, db, keys)["state"] == "issued"
    void(db, block.id, "operator")
    assert inspect_code(last, db, keys)["state"] == "void"
    nothing = inspect_code(code_of(block.last_serial + 1, keys), db, keys)
    assert (nothing["state"], "block" in nothing) == ("not_issued", False)


def test_a_bad_code_comes_with_corrections_and_needs_no_database(keys, tmp_path):
    away = Database(load_settings(home=tmp_path, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    good = code_of(1 << 45, keys)
    assert inspect_code(good[:-1], away, keys) == {
        "code": good[:-1], "state": "malformed", "reason": "too_short", "corrections": [good]}
    forged = inspect_code("1" + "0" * 19, away, keys)
    assert forged == {"code": "1" + "0" * 19, "state": "forged", "reason": "wrong_tag"}
