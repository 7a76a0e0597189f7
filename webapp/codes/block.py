"""Blocks of running numbers (码段): reserved, finished or voided; the only rows that issuing codes makes."""
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, insert, select, text, update

from webapp.db import Database
from webapp.models import Batch, Change, CodeBlock, CodeRun, Product
from webapp.verify.code import NUMBER_BITS, NUMBERS

_ISSUE_LOCK = 7352  # PostgreSQL advisory lock: two issuers never read the same highest number


class BlockRefused(Exception):
    """What was asked cannot be done; the text says what is wrong and what to do."""


class Block(NamedTuple):
    """Serials first..last, both in. status: issuing (numbers reserved, file unfinished) | issued | void."""

    id: int
    first_serial: int
    last_serial: int
    gtin: str
    lot: str | None
    status: str

    @property
    def version(self) -> int:
        return self.first_serial >> NUMBER_BITS

    @property
    def first_number(self) -> int:
        return self.first_serial & NUMBERS - 1

    @property
    def size(self) -> int:
        return self.last_serial - self.first_serial + 1


_COLUMNS = tuple(getattr(CodeBlock, name) for name in Block._fields)


def reserve(db: Database, gtin: str, lot: str | None, count: int, version: int) -> Block:
    """Take the next `count` numbers of a key version; committed before any code is written. Raises BlockRefused.

    A crash after this leaves a block in `issuing`: its numbers are never given out again.
    """
    with db.transaction() as connection:
        producer = _producer(connection, gtin, lot)
        first = _next_serial(connection, version)
        if first + count > (version + 1) << NUMBER_BITS:
            left = ((version + 1) << NUMBER_BITS) - first
            raise BlockRefused(f"key version {version} has only {left:,} numbers left")
        last = first + count - 1
        block_id = connection.scalars(insert(CodeBlock).returning(CodeBlock.id), [{
            "first_serial": first, "last_serial": last, "gtin": gtin, "lot": lot, "enterprise_gln": producer,
            "status": "issuing", "issued_at": datetime.now(UTC)}]).one()
        return Block(block_id, first, last, gtin, lot, "issuing")


def finish(db: Database, block: Block) -> None:
    """All codes are on disk: the block counts as issued and its run goes onto the lot. Raises BlockRefused."""
    with db.transaction() as connection:
        changed = connection.execute(
            update(CodeBlock).where(CodeBlock.id == block.id, CodeBlock.status == "issuing").values(status="issued"))
        if changed.rowcount != 1:  # somebody voided or finished it meanwhile
            raise BlockRefused(f"block {block.id} is no longer being issued; do not print its codes")
        if block.lot is not None:
            connection.execute(insert(CodeRun).values(
                first_serial=block.first_serial, last_serial=block.last_serial, block_id=block.id,
                batch_id=_batch_id(connection, block.gtin, block.lot)))


def void(db: Database, block_id: int, actor: str) -> Block:
    """Declare a whole block invalid, whatever its state; voiding twice is harmless. Raises BlockRefused."""
    with db.transaction() as connection:
        row = connection.execute(
            select(*_COLUMNS).where(CodeBlock.id == block_id).with_for_update()).one_or_none()
        if row is None:
            raise BlockRefused(f"there is no block {block_id}")
        if row.status != "void":
            connection.execute(update(CodeBlock).where(CodeBlock.id == block_id).values(status="void"))
            connection.execute(insert(Change).values(
                at=datetime.now(UTC), actor=actor, table_name="code_block", row_key=str(block_id),
                before={"status": row.status}, after={"status": "void"}))
        return Block(*row)._replace(status="void")


def block_of(connection: Connection, serial: int) -> Block | None:
    """The block a serial lies in."""
    row = connection.execute(
        select(*_COLUMNS).where(CodeBlock.first_serial <= serial)
        .order_by(CodeBlock.first_serial.desc()).limit(1)).one_or_none()
    return Block(*row) if row is not None and row.last_serial >= serial else None


def refuse_unknown(db: Database, gtin: str, lot: str | None) -> None:
    """Raise BlockRefused when the product, or the lot of it, is not in the registry."""
    with db.write.connect() as connection:
        _producer(connection, gtin, lot)


def unfinished(db: Database) -> list[Block]:
    """Blocks whose issuing never ended (or is going on right now), oldest first, at most 20."""
    with db.write.connect() as connection:
        rows = connection.execute(
            select(*_COLUMNS).where(CodeBlock.status == "issuing").order_by(CodeBlock.id).limit(20))
        return [Block(*row) for row in rows]


def _producer(connection: Connection, gtin: str, lot: str | None) -> str:
    producer = connection.scalar(select(Product.producer_gln).where(Product.gtin == gtin))
    if producer is None:
        raise BlockRefused(f"product {gtin} is not known; upload it first (saltcheck upload products)")
    if lot is not None:
        _batch_id(connection, gtin, lot)
    return producer


def _batch_id(connection: Connection, gtin: str, lot: str) -> int:
    found = connection.scalar(select(Batch.id).where(Batch.gtin == gtin, Batch.lot == lot))
    if found is None:
        raise BlockRefused(f"lot {lot!r} of {gtin} is not known; upload it first (saltcheck upload batches)")
    return found


def _next_serial(connection: Connection, version: int) -> int:
    if connection.dialect.name == "postgresql":  # SQLite's BEGIN IMMEDIATE already lets one writer in
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ISSUE_LOCK})
    lowest = version << NUMBER_BITS
    highest = connection.scalar(
        select(CodeBlock.last_serial).where(CodeBlock.first_serial.between(lowest, lowest + NUMBERS - 1))
        .order_by(CodeBlock.first_serial.desc()).limit(1))
    return lowest + 1 if highest is None else highest + 1  # number 0 stays unused
