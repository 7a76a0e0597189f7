"""Recalls (召回): of a product or of one lot, opened and closed by a person, told to every page at once."""
import secrets
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from webapp.db import Database
from webapp.intake.announce import announce_change
from webapp.models import Batch, Change, Product, Recall, Site
from webapp.verify.china_day import CHINA

LEVELS = (1, 2, 3)
MAX_REASON = 500


class RecallRefused(Exception):
    """What was asked cannot be done; the text says what is wrong."""


class Done(NamedTuple):
    """`announced` is False when Valkey is away: pages then notice within seconds by themselves."""

    public_id: str
    announced: bool


def open_recall(db: Database, gtin: str, lot: str | None, level: int, reason: str, actor: str, *,
                known_at: datetime | None = None, enterprise_gln: str | None = None,
                now: datetime | None = None) -> Done:
    """Call back a lot, or every lot of a product when `lot` is None.

    `known_at` is when the risk was learned of (the law's clock starts there), now if not given. With `enterprise_gln`
    the product must be that enterprise's own. Raises RecallRefused.
    """
    now = now or datetime.now(UTC)
    reason = " ".join(reason.split())
    if level not in LEVELS:
        raise RecallRefused(f"level {level}: 1 (gravest), 2 or 3")
    if not reason or len(reason) > MAX_REASON or not reason.isprintable():
        raise RecallRefused(f"the reason must be 1 to {MAX_REASON} printable characters: shoppers read it")
    known_at = known_at or now
    if known_at > now:
        raise RecallRefused("the risk cannot have become known in the future")
    public_id = f"R{now.astimezone(CHINA):%Y%m%d}-{secrets.token_hex(3)}"
    facts = {"gtin": gtin, "lot": lot, "level": level, "reason": reason}
    with db.transaction() as connection:
        _refuse_unknown(connection, gtin, lot, enterprise_gln)
        other = connection.scalar(select(Recall.public_id).where(
            Recall.gtin == gtin, Recall.lot == lot, Recall.closed_at.is_(None)))
        if other is not None:
            raise RecallRefused(f"recall {other} of it is open already; close that one first")
        connection.execute(insert(Recall).values(public_id=public_id, known_at=known_at, opened_at=now, **facts))
        _note(connection, now, actor, public_id, {}, {**facts, "opened_at": now.isoformat()})
        _make_pages_stale(connection, now, gtin, lot)
    return Done(public_id, announce_change(db))


def close_recall(db: Database, public_id: str, actor: str, *, enterprise_gln: str | None = None,
                 now: datetime | None = None) -> Done:
    """End a recall. With `enterprise_gln` it must be of that enterprise's own product. Raises RecallRefused."""
    now = now or datetime.now(UTC)
    with db.transaction() as connection:
        row = connection.execute(
            select(Recall.gtin, Recall.lot, Recall.closed_at).where(Recall.public_id == public_id)).first()
        if row is None:
            raise RecallRefused(f"there is no recall {public_id!r}")
        _refuse_unknown(connection, row.gtin, row.lot, enterprise_gln)
        changed = connection.execute(update(Recall).where(
            Recall.public_id == public_id, Recall.closed_at.is_(None)).values(closed_at=now))
        if changed.rowcount != 1:  # somebody closed it before us
            raise RecallRefused(f"recall {public_id} is closed already")
        _note(connection, now, actor, public_id, {"closed_at": None}, {"closed_at": now.isoformat()})
        _make_pages_stale(connection, now, row.gtin, row.lot)
    return Done(public_id, announce_change(db))


def list_recalls(db: Database, closed: bool = False) -> list[Any]:
    """Rows of the recall table, newest first; with `closed` the ended ones too."""
    query = select(Recall.__table__).order_by(Recall.opened_at.desc())
    if not closed:
        query = query.where(Recall.closed_at.is_(None))
    with db.write.execution_options(immediate=False).connect() as connection:
        return list(connection.execute(query))


def _refuse_unknown(connection: Connection, gtin: str, lot: str | None, enterprise_gln: str | None) -> None:
    owners = connection.execute(select(Site.gln, Site.owner_gln).join(Product, Product.producer_gln == Site.gln).where(
        Product.gtin == gtin)).first()
    # A stranger's product is as unknown as one that does not exist.
    if owners is None or (enterprise_gln is not None and enterprise_gln not in owners):
        raise RecallRefused(f"product {gtin} is not registered")
    known = lot is None or connection.scalar(select(Batch.id).where(Batch.gtin == gtin, Batch.lot == lot))
    if not known:
        raise RecallRefused(f"lot {lot!r} of product {gtin} is not registered")


def _note(connection: Connection, now: datetime, actor: str, public_id: str, before: dict, after: dict) -> None:
    connection.execute(insert(Change).values(
        at=now, actor=actor, table_name="recall", row_key=public_id, before=before, after=after))


def _make_pages_stale(connection: Connection, now: datetime, gtin: str, lot: str | None) -> None:
    lots = [Batch.gtin == gtin] if lot is None else [Batch.gtin == gtin, Batch.lot == lot]
    connection.execute(update(Batch).where(*lots).values(revision=Batch.revision + 1, updated_at=now))
