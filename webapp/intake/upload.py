"""Intake of one file: read, check, store in one transaction, answer, tell the caches.

A file of any kind goes the same way: bytes -> table of text (file_rows) -> typed rows (columns) -> the kind's own
`store` against the registry. Good rows go in, bad rows are named; a file that cannot be read changes nothing.
"""
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from types import ModuleType
from typing import Any, BinaryIO, NamedTuple

from sqlalchemy import Connection, Row, insert, select, text
from sqlalchemy.exc import IntegrityError

from webapp.db import Database
from webapp.intake import (
    batches,
    line_counts,
    lots_of_codes,
    packing,
    products,
    quality,
    receipts,
    shipments,
    sites,
)
from webapp.intake.announce import announce_change
from webapp.intake.answer import UploadResult, answer_of, errors_in, kept_errors, status_of
from webapp.intake.columns import read_rows
from webapp.intake.desk import Desk
from webapp.intake.file_rows import file_rows, read_file
from webapp.intake.refusals import Language, Refusal, Refusals, Why
from webapp.intake.table import BadFile
from webapp.keys import Keys
from webapp.models import Site, Upload

# Each has COLUMNS, Row and store(desk, rows).
KINDS: Mapping[str, ModuleType] = {
    "sites": sites,
    "products": products,
    "batches": batches,
    "quality": quality,
    "lots_of_codes": lots_of_codes,
    "packing": packing,
    "shipments": shipments,
    "receipts": receipts,
    "line_counts": line_counts,
}
TRIES = 3
PIECE = 10_000  # rows stored at a time: bounds the memory, not the transaction
UPLOAD_LOCK = 7353  # PostgreSQL advisory lock, with the enterprise as its second half


class UnknownKind(Exception):
    """There is no such kind of upload; the text names those there are."""


class KeyReused(Exception):
    """An idempotency key came again with another body."""


class Reading(NamedTuple):
    """A file read: typed rows, what is wrong with the others, how many there are, whether any may go in at all."""

    digest: str
    rows: list[Any]
    refusals: tuple[Refusal, ...]
    more: int
    total: int
    usable: bool


def accept(db: Database, kind: str, file: BinaryIO, filename: str, enterprise_gln: str, *, keys: Keys, actor: str,
           dry_run: bool = False, idempotency_key: str | None = None, trusted: bool = False, language: Language = "zh",
           now: datetime | None = None) -> UploadResult:
    """Take in one file for an enterprise and say what became of it; messages in `language` ("zh" or "en").

    `filename` decides nothing: the format is told by content. `trusted`: an operator's hand; the enterprise may be one
    that this very sites file introduces. A dry run answers the same and changes nothing. The same `idempotency_key`
    with the same body gives the answer of the first time. Raises UnknownKind, KeyReused.
    """
    if kind not in KINDS:
        raise UnknownKind(f"there is no upload kind {kind!r}; known: {', '.join(KINDS)}")
    reading = read_upload_file(kind, file)
    key = None if dry_run else idempotency_key
    for attempt in range(TRIES):
        try:
            with db.transaction() as connection:
                _alone(connection, enterprise_gln)
                if key is not None and (row := _same_key(connection, enterprise_gln, key)):
                    if row.body_hash != reading.digest:
                        raise KeyReused(f"idempotency key {key!r} was used for another upload")
                    return answer_of(row, language)
                desk = Desk(connection, enterprise_gln, actor, now or datetime.now(UTC), keys.codes)
                result = _work(desk, kind, reading, trusted, key, language)
                if dry_run:
                    connection.get_transaction().rollback()  # type: ignore[union-attr]
                    return result._replace(id="")
            break
        except IntegrityError:  # another enterprise named the same thing a moment ago; now it is there to be seen
            if attempt == TRIES - 1:
                raise
    if result.accepted:
        announce_change(db)
    return result


def find_upload(db: Database, enterprise_gln: str, public_id: str, language: Language = "zh") -> UploadResult | None:
    """The answer that was given to an earlier upload of this enterprise."""
    with db.write.connect() as connection:
        row = connection.execute(select(Upload.__table__).where(
            Upload.enterprise_gln == enterprise_gln, Upload.public_id == public_id)).first()
    return answer_of(row, language) if row else None


def read_upload_file(kind: str, file: BinaryIO) -> Reading:
    """All that can be said about a file without looking at the registry."""
    digest, refusals = "", Refusals()
    try:
        body = read_file(file)
        digest = sha256(kind.encode() + b"\n" + body).hexdigest()
        rows, total = read_rows(file_rows(body), KINDS[kind].COLUMNS, KINDS[kind].Row, refusals)
    except BadFile as error:
        return Reading(digest, [], error.refusals, 0, error.total, usable=False)
    return Reading(digest, rows, tuple(refusals.kept), refusals.more, total, usable=True)


def _alone(connection: Connection, enterprise_gln: str) -> None:
    """One upload of an enterprise at a time, and time enough for a large one. SQLite lets one writer in anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL statement_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:room, hashtext(:gln))"),
                           {"room": UPLOAD_LOCK, "gln": enterprise_gln})


def _same_key(connection: Connection, enterprise_gln: str, key: str) -> Row[Any] | None:
    return connection.execute(select(Upload.__table__).where(
        Upload.enterprise_gln == enterprise_gln, Upload.idempotency_key == key)).first()


def _work(desk: Desk, kind: str, reading: Reading, trusted: bool, key: str | None, language: Language) -> UploadResult:
    desk.refusals.kept += reading.refusals
    desk.refusals.more = reading.more
    usable = reading.usable and _may_upload(desk, kind, reading.rows, trusted)
    if usable:
        rows = packing.boxes_first(reading.rows) if kind == "packing" else reading.rows
        for start in range(0, len(rows), PIECE):
            KINDS[kind].store(desk, rows[start:start + PIECE])
    rejected = reading.total - desk.accepted - desk.duplicates
    status = status_of(desk.accepted, rejected, desk.duplicates) if usable else "rejected"
    errors = kept_errors(desk.refusals)
    public_id = secrets.token_hex(8)
    desk.connection.execute(insert(Upload).values(
        public_id=public_id, enterprise_gln=desk.enterprise, kind=kind, idempotency_key=key or f"auto:{public_id}",
        body_hash=reading.digest, status=status, rows=reading.total, accepted=desk.accepted, rejected=rejected,
        duplicates=desk.duplicates, errors=errors, created_at=desk.now))
    return UploadResult(public_id, kind, status, reading.total, desk.accepted, rejected, desk.duplicates,
                        errors_in(language, errors))


def _may_upload(desk: Desk, kind: str, rows: list[Any], trusted: bool) -> bool:
    """Whether the enterprise is registered, or a trusted hand introduces it with this file; refuses the file if not."""
    introduced = trusted and kind == "sites" and any(row.gln == desk.enterprise for row in rows)
    if introduced or desk.connection.scalar(select(Site.gln).where(Site.gln == desk.enterprise)) is not None:
        return True
    desk.refuse(0, "", Why.UNKNOWN_ENTERPRISE, value=desk.enterprise)
    return False
