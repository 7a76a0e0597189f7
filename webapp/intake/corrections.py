"""New rows go in, known ones with other content are replaced and their history kept, equal ones change nothing."""
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, insert, update

from webapp.intake.desk import Desk
from webapp.intake.refusals import Why
from webapp.models import Base, Batch, Change

Key = tuple[Any, ...]


class Settled(NamedTuple):
    """What a file did to a table: rows that are new, and rows before and after their correction."""

    added: list[dict[str, Any]]
    corrected: list[tuple[Mapping[str, Any], dict[str, Any]]]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Every row that is now different from what it was."""
        return self.added + [after for _, after in self.corrected]


def settle(desk: Desk, table: type[Base], key: tuple[str, ...], rows: Iterable[tuple[int, dict[str, Any]]],
           current: Iterable[Mapping[str, Any]], stamp: Mapping[str, Any] | None = None,
           at_first: Mapping[str, Any] | None = None) -> Settled:
    """Bring `table` to what (row number, values) say, by the columns of `key`.

    `current` are the rows of the table that have such keys now. `stamp` are values that are set whenever a row is
    written but make no difference by themselves, `at_first` only when it is new. A key may stand twice in a file only
    with the same content. A row of the file may bring several rows of the table: it counts once, as accepted if any of
    them is new or corrected.
    """
    before = {tuple(row[name] for name in key): row for row in current}
    now: dict[Key, Mapping[str, Any]] = {}
    added: list[dict[str, Any]] = []
    corrected: list[tuple[Mapping[str, Any], dict[str, Any]]] = []
    new: set[int] = set()
    same: set[int] = set()
    for number, values in rows:
        named = tuple(values[name] for name in key)
        first = desk.seen.setdefault(named, number)
        old = now.get(named, before.get(named))
        if old is not None and all(old[name] == value for name, value in values.items()):
            same.add(number)
        elif first != number:
            desk.refuse(number, key[-1], Why.CONTRADICTS_ROW, first=first)
        else:
            now[named] = values
            new.add(number)
            if old is None:
                added.append({**values, **(stamp or {}), **(at_first or {})})
            else:
                corrected.append((old, {**values, **(stamp or {})}))
    desk.accepted += len(new)
    desk.duplicates += len(same - new)
    _write(desk, table, key, added, corrected)
    keep_changes(desk, table.__tablename__, [(named_key(old, key), _different(old, new)) for old, new in corrected])
    return Settled(added, corrected)


def _write(desk: Desk, table: type[Base], key: tuple[str, ...], added: list[dict[str, Any]],
           corrected: list[tuple[Mapping[str, Any], dict[str, Any]]]) -> None:
    if added:
        desk.connection.execute(insert(table), added)
    if corrected:
        matches = [getattr(table, name) == bindparam(f"key_{name}") for name in key]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in corrected[0][1] if name not in key}
        desk.connection.execute(update(table).where(*matches).values(values), [
            {f"key_{name}": old[name] for name in key} | {f"new_{name}": new[name] for name in values}
            for old, new in corrected])


def named_key(row: Mapping[str, Any], key: tuple[str, ...]) -> str:
    """How the history names a row: 06901234567892/L250101."""
    return "/".join(str(row[name]) for name in key)


def _different(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in new if name != "updated_at" and old[name] != new[name]]
    return {name: _plain(old[name]) for name in names}, {name: _plain(new[name]) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def keep_changes(desk: Desk, table: str, changes: Iterable[tuple[str, tuple[dict[str, Any], dict[str, Any]]]]) -> None:
    """Write the history: (row key, (before, after)) of one table, only the columns that differ."""
    rows = [{"at": desk.now, "actor": desk.actor, "table_name": table, "row_key": row_key[:120],
             "before": before, "after": after} for row_key, (before, after) in changes]
    if rows:
        desk.connection.execute(insert(Change), rows)


def revise(desk: Desk, which: ColumnElement[bool]) -> None:
    """Count up the revision of the lots that match: a page rendered from an older one is stale."""
    desk.connection.execute(
        update(Batch).where(which).values(revision=Batch.revision + 1, updated_at=desk.now))


def revise_lots(desk: Desk, batch_ids: Iterable[int]) -> None:
    """The same for many lots by row number, each once."""
    rows = [{"lot_id": batch_id} for batch_id in sorted(set(batch_ids))]
    if rows:
        desk.connection.execute(
            update(Batch).where(Batch.id == bindparam("lot_id"))
            .values(revision=Batch.revision + 1, updated_at=desk.now), rows)
