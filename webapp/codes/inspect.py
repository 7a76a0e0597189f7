"""What a code is, from the registry alone: no scan is recorded and no history is touched."""
from typing import Any

from sqlalchemy import Connection, select

from webapp.codes.block import Block, block_of
from webapp.db import Database
from webapp.keys import CodeKeys
from webapp.models import Batch, CodeRun, CodeVoid, Product
from webapp.verify.code import BadCode, nearest, read_code
from webapp.verify.digital_link import read_address


def inspect_code(text: str, db: Database, keys: CodeKeys) -> dict[str, Any]:
    """Look into a code, a scan address or a Digital Link; what is not known is left out.

    `state`: malformed | forged | not_issued | issuing | issued | void. `claimed_*` is what a Digital Link says about
    the code. A bad code costs no query; it comes with `reason` and `corrections`.
    """
    address = read_address(text)
    code = read_code(address.code, keys)
    claims = {"claimed_gtin": address.gtin, "claimed_lot": address.lot}
    facts: dict[str, Any]
    if isinstance(code, BadCode):
        facts = {"code": code.text, "state": code.kind, "reason": code.reason.value,
                 "corrections": nearest(address.code, keys), **claims}
    else:
        with db.write.connect() as connection:
            facts = {"code": code.text, "state": "not_issued", "version": code.version, "number": code.number,
                     "serial": code.serial, **_registered(connection, code.serial), **claims}
    return {name: value for name, value in facts.items() if value not in (None, [])}


def _registered(connection: Connection, serial: int) -> dict[str, Any]:
    block = block_of(connection, serial)
    if block is None:
        return {}
    void = connection.scalar(
        select(CodeVoid.reason).where(CodeVoid.first_serial <= serial, CodeVoid.last_serial >= serial)
        .order_by(CodeVoid.id.desc()).limit(1))
    if void is None and block.status == "void":
        void = "the whole block is void"
    product = connection.scalar(select(Product.name_zh).where(Product.gtin == block.gtin))
    return {"state": "void" if void else block.status, "void_reason": void, "block": block.id, "gtin": block.gtin,
            "product": product, **_lot(connection, block, serial)}


def _lot(connection: Connection, block: Block, serial: int) -> dict[str, Any]:
    """The lot the code went onto; before that is known, the lot its block was issued for."""
    row = connection.execute(
        select(CodeRun.last_serial, Batch.lot, Batch.produced_on, Batch.best_before)
        .join(Batch, Batch.id == CodeRun.batch_id).where(CodeRun.first_serial <= serial)
        .order_by(CodeRun.first_serial.desc()).limit(1)).one_or_none()
    if row is None or row.last_serial < serial:
        return {"lot": block.lot}
    return {"lot": row.lot, "produced_on": row.produced_on.isoformat(),
            "best_before": row.best_before.isoformat() if row.best_before else None}
